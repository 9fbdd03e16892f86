"""hyperopt's ``fmin``: the loop that tries, turned by hand on rung's tuner."""

from __future__ import annotations

import contextlib
import datetime as dt
import inspect
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from rung import registry
from rung._trial import outside_of_trials
from rung.console import make_progress
from rung.errors import ExhaustedError, SettingError, StudyNotFoundError
from rung.events import StudyCreated
from rung.integrations.hyperopt import tpe
from rung.integrations.hyperopt._results import STATUS_OK, as_result, metrics_of
from rung.integrations.hyperopt._spaces import Tree
from rung.integrations.hyperopt._trials import INSTEAD_OF_A_PICKLE, Trials, document, kept_trials
from rung.schedulers.basic import BasicScheduler
from rung.study import Study
from rung.tuner import Tuner

if TYPE_CHECKING:
    from rung.console import ProgressMode
    from rung.contracts import Scheduler, Searcher
    from rung.space import Space
    from rung.tuning.hand import Asked
    from rung.tuning.session import Observer

Algo: TypeAlias = "str | Callable[[Space], Searcher]"
"""``tpe.suggest``, ``rand.suggest`` or a function like these; or the name of a searcher, as for ``rung.tune``."""

RandomState: TypeAlias = np.random.Generator | np.random.RandomState | int | None

EarlyStop: TypeAlias = Callable[..., tuple[bool, Sequence[Any]]]


def fmin(  # noqa: PLR0917  # the order is hyperopt's
    fn: Callable[[Any], Any],
    space: Any,
    algo: Algo | None = None,
    max_evals: int | None = None,
    timeout: float | None = None,
    loss_threshold: float | None = None,
    trials: Trials | None = None,
    rstate: RandomState = None,
    *,
    catch_eval_exceptions: bool = False,
    verbose: bool = True,
    return_argmin: bool = True,
    points_to_evaluate: Sequence[Mapping[str, Any]] | None = None,
    show_progressbar: bool = True,
    early_stop_fn: EarlyStop | None = None,
    max_queue_len: int = 1,
    trials_save_file: str = "",
    pass_expr_memo_ctrl: bool | None = None,
) -> Any:
    """Minimise a function over a space; returns label -> value of the best trial, choices as indices.

    fn: of a point of the space, returns a loss or a dict with ``loss`` and ``status``; of the rest, ``trials`` keeps
    everything and the study the numbers. algo: TPE by default. max_evals: trials in all, those that ``trials`` has
    already included. timeout: seconds. loss_threshold: to stop at. rstate: decides the study's seed, when it begins.
    return_argmin: False returns the best point itself, or None where no trial has a loss. points_to_evaluate: tried
    first, where ``trials`` has none yet. early_stop_fn: of the trials and what it returned last; see ``early_stop``.

    What fn raises is raised here, once the study has the trial as failed; with catch_eval_exceptions the next one is
    tried. SettingError when nothing says when to end; AllTrialsFailed when there is no best trial.
    """
    _refuse(max_queue_len=max_queue_len, trials_save_file=trials_save_file, pass_expr_memo_ctrl=pass_expr_memo_ctrl)
    if max_evals is None and timeout is None and loss_threshold is None and early_stop_fn is None:
        raise SettingError("nothing says when to end.", hint="Give max_evals=… or timeout=….")
    tree, trials = Tree(space), Trials() if trials is None else trials
    mode: ProgressMode = "auto" if verbose and show_progressbar else "off"
    shown = make_progress(mode, store=trials.kept_in.url, max_trials=max_evals)
    with shown, _tuner(tree, algo or tpe.suggest, trials, rstate, shown.observers) as tuner:
        if not trials.trials:
            for point in points_to_evaluate or ():
                tuner.enqueue(tree.config(point))
        is_ended = _endings(trials, timeout, loss_threshold, early_stop_fn)
        attempts = math.inf if max_evals is None else max_evals - len(trials)
        while attempts > 0 and not is_ended() and (asked := _asked(tuner)):
            attempts -= 1
            _try(asked, fn, tree, trials, tuner, is_catching=catch_eval_exceptions)
    if return_argmin:
        return trials.argmin
    return tree.point(trials.argmin) if STATUS_OK in trials.statuses() else None


def _asked(tuner: Tuner) -> Asked | None:
    """The next trial; None once all points of a finite space were tried, where the searcher takes none twice."""
    try:
        asked = tuner.ask()
    except ExhaustedError:
        return None
    assert not isinstance(asked, list)
    return asked


def _try(
    asked: Asked, fn: Callable[[Any], Any], tree: Tree, trials: Trials, tuner: Tuner, *, is_catching: bool
) -> None:
    values, began = tree.values(asked.config), dt.datetime.now(tz=dt.UTC)
    try:
        with outside_of_trials():
            result = as_result(fn(tree.point(values)))
    except Exception:
        tuner.tell(asked, math.nan)
        if not is_catching:
            raise
        return
    tuner.tell(asked, metrics_of(result))
    trials.trials.append(document(asked.number, tree, values, result, began=began))


def _refuse(*, max_queue_len: int, trials_save_file: str, pass_expr_memo_ctrl: bool | None) -> None:
    if trials_save_file:
        raise SettingError(f"trials_save_file={trials_save_file!r} would be a pickle.", hint=INSTEAD_OF_A_PICKLE)
    if pass_expr_memo_ctrl:
        raise SettingError("there is no pass_expr_memo_ctrl.", hint="Let the function take the point itself.")
    if max_queue_len != 1:
        raise SettingError("fmin asks for one trial at a time.", hint="Leave out max_queue_len.")


def _endings(
    trials: Trials, timeout: float | None, loss_threshold: float | None, early_stop_fn: EarlyStop | None
) -> Callable[[], bool]:
    """What says, before each trial, whether there is to be none."""
    began, n_before, told = time.monotonic(), len(trials), tuple[Any, ...]()

    def is_ended() -> bool:
        nonlocal told
        if timeout is not None and time.monotonic() - began >= timeout:
            return True
        if loss_threshold is not None and any(
            result["status"] == STATUS_OK and result["loss"] < loss_threshold for result in trials.results
        ):
            return True
        if early_stop_fn is None or len(trials) == n_before:
            return False
        is_over, more = early_stop_fn(trials, *told)
        told = tuple(more)
        return is_over

    return is_ended


@contextlib.contextmanager
def _tuner(
    tree: Tree, algo: Algo, trials: Trials, rstate: RandomState, observers: Sequence[Observer]
) -> Iterator[Tuner]:
    searcher = _searcher(algo, tree.space)
    stored = _stored_scheduler(trials, tree)
    with Tuner(
        None,
        stored or BasicScheduler(searcher),
        metric="loss",
        store=trials.kept_in,
        study=trials.name,
        seed=None if stored else _seed(rstate),
        observers=observers,
    ) as tuner:
        if stored:
            trials.study.hand_over(searcher)
            trials.trials = trials.trials or kept_trials(trials.study, tree)
        yield tuner


def _stored_scheduler(trials: Trials, tree: Tree) -> Scheduler | None:
    """The scheduler with which the study began, around this space; None when there is no study yet."""
    try:
        study = Study(trials.kept_in, trials.name)
    except StudyNotFoundError:
        return None
    created = next(study.events())
    assert isinstance(created, StudyCreated)
    return registry.build_scheduler(created.scheduler, tree.space)


def _searcher(algo: Algo, space: Space) -> Searcher:
    if isinstance(algo, str):
        return registry.searcher(algo, space)
    if not callable(algo) or "new_ids" in inspect.signature(algo).parameters:
        raise SettingError(
            f"algo={algo!r} is none of those here.",
            hint="Import tpe or rand from rung.integrations.hyperopt as well, or name a searcher: algo='gp'.",
        )
    return algo(space)


def _seed(rstate: RandomState) -> int | None:
    if rstate is None or isinstance(rstate, int):
        return rstate
    if isinstance(rstate, np.random.RandomState):
        return int(rstate.randint(2**31 - 1))
    return int(rstate.integers(2**31 - 1))

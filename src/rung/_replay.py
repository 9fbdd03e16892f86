"""``study.replay``: trains afresh with the hyperparameter schedule that a population found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rung._repeat import named_objective
from rung.errors import RungError, SpaceError
from rung.events import SpaceEdited, StudyCreated
from rung.schedulers.replay import Replay
from rung.searchers.manual import ManualSearcher
from rung.space import Space
from rung.study import Study
from rung.tuner import Tuner

if TYPE_CHECKING:
    from rung.analysis.lineage import Lineage
    from rung.contracts import Backend, Store
    from rung.rows import StudyRow
    from rung.runtime.objective import Objective
    from rung.types import Config


class Replayed(NamedTuple):
    """What a replay came to, beside its original, both at the step where the lineage ends.

    error, original_error: in the metric's own direction. gap: by how much the replay is worse, in units of the metric;
    negative when it is better.
    """

    lineage: Lineage
    study: Study
    error: float
    original_error: float
    gap: float


def replay(
    study: StudyRow,
    line: Lineage,
    store: Store,
    *,
    objective: Callable[..., object] | Sequence[str] | str | Objective | None,
    name: str | None,
    seed: int | None,
    workers: int | None,
    backend: Backend | None,
) -> Replayed:
    """Run what is not there yet of the replay, and look. See ``Study.replay``."""
    goal = study.goal
    if line.error is None:
        raise RungError(
            f"Trial {line.trials[-1]} has no {goal.metric} at step {line.step}, so a replay has nothing to be held "
            "against.",
            hint="Replay another trial.",
        )
    scheduler = Replay(
        ManualSearcher(_space_of(line, store)),
        stretches=[(segment.to_step, segment.config) for segment in line.segments],
    )
    tuner = Tuner(
        named_objective(study, objective, call="study.replay(objective=train)"),
        scheduler,
        metric=goal.metric,
        mode=goal.mode,
        store=store,
        study=name or f"{study.name}~replay",
        seed=seed,
        workers=workers,
        backend=backend,
    )
    with tuner:
        replayed = tuner.run()
    last = replayed.trials[-1]
    error = dict(replayed.curve(last.number)).get(line.step, {}).get(goal.metric)
    if error is None:
        raise RungError(
            f"The replay {replayed.name!r} came to step {last.last_step} of {line.step}: "
            f"its trial {last.number} is {last.state}.",
            hint=f"Look at it by `rung show {replayed.name}`; give another name to begin a new one.",
        )
    gap = error - line.error if goal.mode == "min" else line.error - error
    return Replayed(line, replayed, error, line.error, gap)


def _space_of(line: Lineage, store: Store) -> Space:
    """The newest space of the study that has all that was trained with. RungError when people have moved it on."""
    forms = [e.space for _, e in store.read(line.study) if isinstance(e, StudyCreated | SpaceEdited)]
    for form in reversed(forms):
        space = Space.from_json(form)
        if all(_has(space, segment.config) for segment in line.segments):
            return space
    raise RungError(
        f"The space of {line.study!r} was edited while trial {line.trials[-1]} came about, so none has all of its "
        "configurations.",
        hint="Train along Lineage.schedule(…) by hand, or replay another trial.",
    )


def _has(space: Space, config: Config) -> bool:
    try:
        space.validate(config)
    except SpaceError:
        return False
    return True

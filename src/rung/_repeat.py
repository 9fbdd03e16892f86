"""``study.compare``: the same study again and again, with several methods and seeds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, final

import msgspec

from rung._compare import check_axis, checked_trials, comparison_of, opened
from rung.analysis.comparison.repeats import code_tag, on_code, on_scheduler, repeatable_spec, source_of
from rung.analysis.comparison.studies import StudyLog
from rung.backends.resources import Resources
from rung.bookkeeping import look_up_incumbent, state_of
from rung.console.wording import harmless, lasted, number, plural, roughly
from rung.errors import SettingError, StudyPausedError
from rung.registry import build_scheduler, with_points
from rung.runtime.objective import Objective, as_objective
from rung.schedulers.early import max_t_of
from rung.space import Space
from rung.tuner import Tuner
from rung.tuning.starter import Limits

if TYPE_CHECKING:
    from rung._compare import StudyComparison
    from rung.bookkeeping import Incumbent
    from rung.contracts import Store
    from rung.rows import StudyRow
    from rung.types import Json

TAG: Final = "repeat"
"""What every repeat is tagged with, besides the version of its code."""


class Wanted(NamedTuple):
    """What ``Study.compare`` was asked for."""

    methods: Sequence[str]
    seeds: int | Sequence[int] = 10
    trials: int | None = None
    workers: int | None = None
    objective: Callable[..., object] | Sequence[str] | str | Objective | None = None


class Repeat(NamedTuple):
    """One study that is to be there in the end. form: of its scheduler."""

    name: str
    method: str
    seed: int
    form: Mapping[str, Json]


class Plan(NamedTuple):
    """What all repeats have in common, and which they are: every method with the first seed, then with the next one."""

    study: StudyRow
    space: Space
    objective: Objective
    trials: int
    workers: int | None
    repeats: tuple[Repeat, ...]


def repeat(
    study: StudyRow,
    store: Store,
    wanted: Wanted,
    *,
    into: Store | str | Path | None = None,
    axis: str | None = None,
    progress: Literal["plain", "off"] = "plain",
) -> StudyComparison:
    """Run what is not there yet, and compare. into: where repeats are kept; by default where the study is.

    KeyboardInterrupt after Ctrl-C, once the repeat in flight is in order. See ``Study.compare``.
    """
    check_axis(axis)
    plan = planned(study, store, wanted)
    with opened(store if into is None else into, create=True) as place:
        run_all(plan, place, progress=progress)
        logs = [
            StudyLog(place.tables.study(each.name), (event for _, event in place.read(each.name)), each.method)
            for each in plan.repeats
        ]
        remarks = on_code([log.row for log in logs], source_of(plan.objective))
        return comparison_of(logs, trials=plan.trials, axis=axis, remarks=remarks)


def planned(study: StudyRow, store: Store, wanted: Wanted) -> Plan:
    """The repeats of a study. SettingError where something in them could not be run."""
    space = Space.from_json(study.space)
    if not space.names:
        raise SettingError(f"The study {study.name!r} searches nothing, so there is nothing to repeat.")
    objective = named_objective(study, wanted.objective, call="study.compare(…, objective=train)")
    objective.check(space)
    methods, seeds = _methods(wanted.methods), _seeds(wanted.seeds)
    length = _training_length(study, store)
    points = (study.searcher or {}).get("points_to_evaluate") or ()
    forms = {method: with_points(repeatable_spec(method, max_t=length), points) for method in methods}
    for form in forms.values():
        build_scheduler(form, space)
    trials = checked_trials(wanted.trials) or study.settings.get("max_trials") or study.n_begun
    if not trials:
        raise SettingError(f"The study {study.name!r} has no trials yet.", hint="Say how many the repeats shall have.")
    return Plan(
        study=study,
        space=space,
        objective=objective,
        trials=trials,
        workers=study.settings.get("workers") if wanted.workers is None else wanted.workers,
        repeats=tuple(
            Repeat(f"{study.name}~{method}~{seed}", method, seed, forms[method]) for seed in seeds for method in methods
        ),
    )


def named_objective(
    study: StudyRow, given: Callable[..., object] | Sequence[str] | str | Objective | None, *, call: str
) -> Objective:
    """The one given, else the study's own. SettingError, with the call that would do, where nothing names that."""
    objective = given or study.settings.get("objective", study.objective)
    if objective is None:
        raise SettingError(
            f"What the study {study.name!r} tunes has no name by which it could be found again.",
            hint=f"Give it: {call}.",
        )
    return as_objective(objective)


def _methods(methods: Sequence[str]) -> tuple[str, ...]:
    for method in methods:
        if not isinstance(method, str):
            raise SettingError(
                f"{method!r} is no name of a method.",
                hint='Name it: "random", "asha+sobol"; a class of your own goes by "module:Class".',
            )
    named = tuple(dict.fromkeys(method.strip() for method in methods))
    if len(named) < 2:
        raise SettingError(
            f"To compare takes two methods, and there is {named[0] if named else 'none'}.",
            hint='Name them: study.compare("random", "sobol").',
        )
    return named


def _seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    given = range(seeds) if isinstance(seeds, int) and not isinstance(seeds, bool) else seeds
    found = tuple(given) if isinstance(given, Sequence) else ()
    is_good = all(isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0 for seed in found)
    if not found or not is_good or len(set(found)) < len(found):
        raise SettingError(
            f"seeds={seeds!r} are none.", hint="Give how many, from 1 on, or different whole numbers from 0 on."
        )
    return found


def _training_length(study: StudyRow, store: Store) -> int | None:
    """The steps of a full training: as the study's scheduler has it, or of the longest; None where it is one."""
    given = max_t_of(study.scheduler)
    longest = given or max((trial.last_step for trial in store.tables.trials(study.name)), default=0)
    return longest if longest > 1 else None


def run_all(plan: Plan, place: Store, *, progress: Literal["plain", "off"] = "plain") -> None:
    """Bring all repeats to their end that are not there yet; KeyboardInterrupt as ``repeat`` raises it."""
    if progress not in {"plain", "off"}:
        raise SettingError(f"progress={progress!r} is not known.", hint="Use 'plain' or 'off'.")
    lines = _Lines(len(plan.repeats), is_shown=progress == "plain")
    lines.tell_all(on_scheduler(plan.study, {each.method: each.form for each in plan.repeats}))
    rows = {row.name: row for row in place.tables.studies()}
    left = []
    for each in plan.repeats:
        tuner = _tuner(plan, each, place)  # which also says when another study has the name
        if not _is_finished(rows.get(each.name), plan.trials):
            left.append((each, tuner))
    lines.begin(len(left))
    try:
        for number, (each, tuner) in enumerate(left, 1):
            paused = _run(tuner, plan.trials)
            row = place.tables.study(each.name)
            lines.tell(each, row, look_up_incumbent(place.tables, row, row.settings.get("incumbent_from", "any")))
            if paused is not None and number >= len({each.method for each in plan.repeats}):
                _check_that_any_has_a_value([each for each, _ in left[:number]], place, paused)
    except KeyboardInterrupt:
        lines.tell_interrupted()
        raise


def _check_that_any_has_a_value(begun: Sequence[Repeat], place: Store, paused: StudyPausedError) -> None:
    """Some trials fail, whatever the method; where all of them do, more repeats are no use."""
    if all(place.tables.study(each.name).best_loss is None for each in begun):
        raise paused


def _is_finished(row: StudyRow | None, trials: int) -> bool:
    if row is None or state_of(row) != "done":
        return False
    return row.n_begun >= trials or row.ended_why == "exhausted"


def _tuner(plan: Plan, each: Repeat, place: Store) -> Tuner:
    settings = plan.study.settings
    resources, code = settings.get("resources"), code_tag(source_of(plan.objective))
    return Tuner(
        plan.objective,
        build_scheduler(each.form, plan.space),
        metric=plan.study.goal.metric,
        mode=plan.study.goal.mode,
        store=place,
        study=each.name,
        workers=plan.workers,
        resources=None if resources is None else Resources(**resources),
        seed=each.seed,
        incumbent_from=settings.get("incumbent_from", "any"),
        limits=msgspec.convert(settings.get("limits", {}), Limits),
        project=f"{plan.study.name}~",
        message=f"{plan.study.name} with {each.method} and seed {each.seed}",
        tags=[TAG] if code is None else [TAG, code],
    )


def _run(tuner: Tuner, trials: int) -> StudyPausedError | None:
    """Bring a repeat to its end; returns why it was paused, when its trials failed one after the other."""
    with tuner:
        try:
            found = tuner.run(max_trials=trials)
        except StudyPausedError as error:
            return error
    if found.row.ended_why == "interrupted":
        raise KeyboardInterrupt
    return None


@final
class _Lines:
    """A line for each repeat that has come to its end, with the time that is left."""

    def __init__(self, total: int, *, is_shown: bool) -> None:
        self._total = total
        self._left = self._n_new = total
        self._is_shown = is_shown
        self._began = self._last = time.perf_counter()

    def tell_all(self, sentences: Sequence[str]) -> None:
        """What is to be known before anything runs."""
        for sentence in sentences:
            self._say(sentence)

    def begin(self, n_left: int) -> None:
        """Say how many are there already."""
        self._left = self._n_new = n_left
        self._began = self._last = time.perf_counter()
        if n_left < self._total:
            self._say(f"Already there: {self._total - n_left} of {plural(self._total, 'run')}.")

    def tell(self, each: Repeat, row: StudyRow, best: Incumbent | None) -> None:
        """One more is at its end."""
        now = time.perf_counter()
        self._left -= 1
        rest = (now - self._began) / (self._n_new - self._left) * self._left
        took, self._last = lasted(now - self._last), now
        value = number(None if best is None else best.error)
        left = f", about {roughly(rest)} left" if self._left else ""
        failed = " (paused, as its trials failed)" if row.ended_why == "failures" else ""
        self._say(
            f"{self._total - self._left}/{self._total}  {each.method} with seed {each.seed}: "
            f"{row.goal.metric} {value}{failed} in {took}{left}"
        )

    def tell_interrupted(self) -> None:
        """Say how far it has come, and what to do, even where nothing else is shown."""
        done = self._total - self._left
        print(  # noqa: T201  what a person at the keyboard must know now
            f"Done so far: {done} of {plural(self._total, 'run')}. "
            "The same comparison goes on with this one and the rest.",
            file=sys.stderr,
        )

    def _say(self, sentence: str) -> None:
        if self._is_shown:
            print(harmless(sentence), flush=True)  # noqa: T201  what was asked for

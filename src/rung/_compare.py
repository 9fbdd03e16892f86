"""``rung.compare``: studies that are there already, side by side."""

from __future__ import annotations

import contextlib
import difflib
import fnmatch
import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from msgspec import structs, to_builtins

from rung._tune import DEFAULT_STORE
from rung.analysis.comparison.runs import AXES
from rung.checks import whole_number
from rung.errors import SettingError, StudyNotFoundError
from rung.store import open_store
from rung.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rung.analysis.comparison.result import Comparison, MethodResult, ProblemResult
    from rung.analysis.comparison.runs import Run
    from rung.analysis.comparison.studies import StudyLog
    from rung.contracts import Store
    from rung.types import Json

_REPEAT: Final = (
    'Repeat one with several methods: study.compare("random", "sobol"), or rung compare NAME --methods random,sobol'
)
_SIGNS: Final = frozenset("*?[")
"""What makes a name a pattern."""


def compare(
    *studies: Study | str,
    store: Store | str | Path = DEFAULT_STORE,
    trials: int | None = None,
    axis: str | None = None,
    seed: int = 0,
) -> StudyComparison:
    """Whether one way of searching is really better than another, as studies that have run show it.

    studies: or their names in ``store``; ``lenet~*`` stands for all whose names begin so. What they tune is the
    problem, scheduler and searcher are the method, and studies that differ in their seed alone are repeats.
    trials: only so many of each study count, the first ones. axis: along what curves run and budgets are seen:
    ``evaluations`` (trials), ``steps``, ``simulated_s`` (the study's own clock) or ``wall_s``. seed: of the resampling
    behind the intervals; the same studies and the same seed give the same result.

    SettingError where there is nothing to compare, or budgets, spaces or goals differ; StudyNotFoundError.
    """
    from rung.analysis.comparison.studies import StudyLog

    has_names = any(isinstance(study, str) for study in studies)
    with opened(store, create=False) if has_names else contextlib.nullcontext() as place:
        found = {(study.name, study.row.created_unix): study for study in _found(studies, place)}
        logs = [StudyLog(study.row, study.events()) for study in found.values()]
        return comparison_of(logs, trials=trials, axis=axis, seed=seed)


def comparison_of(
    logs: Sequence[StudyLog], *, trials: int | None, axis: str | None, seed: int = 0, remarks: Sequence[str] = ()
) -> StudyComparison:
    """What these studies say; methods stand in the order in which they come. remarks: to stand among its warnings."""
    from rung.analysis.comparison.comparing import compare_runs
    from rung.analysis.comparison.studies import runs_of_studies

    check_axis(axis)
    if len(logs) < 2:
        given = f"The study {logs[0].row.name!r} is alone" if logs else "No study was named"
        raise SettingError(f"{given}, so there is nothing to compare.", hint=_REPEAT)
    runs, on_studies = runs_of_studies(logs, trials=checked_trials(trials))
    methods = tuple(dict.fromkeys(run.method for run in runs))
    if len(methods) < 2:
        raise SettingError(f"All {len(runs)} studies searched in the same way: {methods[0]}.", hint=_REPEAT)
    found = compare_runs(runs, methods=methods, axis=axis, seed=seed)
    if not found.shared:
        who = "; ".join(
            f"{each.problem} by {_methods([result.method for result in each.methods])}" for each in found.problems
        )
        raise SettingError(
            f"Nothing was tuned by all {len(methods)} methods: {who}.", hint="Compare studies of the same objective."
        )
    return StudyComparison(structs.replace(found, warnings=(*remarks, *on_studies, *found.warnings)), runs)


@final
class StudyComparison:
    """Which of several methods is better, and how sure that is. ``print`` it.

    comparison: all numbers. runs: what they were computed from, one per study.
    """

    def __init__(self, comparison: Comparison, runs: tuple[Run, ...]) -> None:
        self.comparison = comparison
        self.runs = runs

    def summary(self) -> str:
        """What was compared, an answer in plain words for each pair of methods, and what weakens it."""
        from rung.analysis.comparison.answers import summary

        return summary(self.comparison)

    def table(self) -> list[dict[str, Json]]:
        """One flat dict per problem and method.

        runs, failed: how many. mean, low, high: of the final values, with the interval; median, best: of them too.
        trials, steps, seconds: what a run spent on average.
        """
        return [_row(problem, result, self.runs) for problem in self.comparison.problems for result in problem.methods]

    def plot(self, kind: str = "any_time", path: str | Path | None = None, *, title: str = "") -> Figure:
        """A matplotlib figure: any_time, regret, ranks, critical_difference or wins. With a path, saved there too.

        SettingError for another kind; MissingExtraError without matplotlib.
        """
        from rung.analysis.pictures import format_of, save

        if path is not None:
            format_of(path)  # before the work that would be lost
        figure = _drawing(kind)(self.comparison, title=title)
        if path is not None:
            save(figure, path)
        return figure

    def report(self, path: str | Path, *, title: str = "", command: str = "") -> Path:
        """Write all there is to know as one HTML page, and as Markdown beside it; returns the page's path.

        path: ends in .html. command: the line that made it, if there was one. SettingError, MissingExtraError.
        """
        from rung.analysis.comparison.report.circumstances import circumstances_of
        from rung.analysis.comparison.report.writing import write_report

        circumstances = circumstances_of(self.runs, command=command)
        return write_report(self.comparison, circumstances, Path(path), title=title)[0]

    def to_json(self) -> dict[str, Json]:
        """The answers, the table and all numbers behind them, as objects, lists and finite numbers."""
        from rung.analysis.comparison.answers import answers

        return {
            "answers": [to_builtins(answer) for answer in answers(self.comparison)],
            "table": self.table(),
            "studies": [
                {"study": run.notes["study"], "problem": run.problem, "method": run.method, "failed": run.failed}
                for run in self.runs
            ],
            **self.comparison.to_json(),
        }

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<StudyComparison of {len(self.runs)} studies: {_methods(self.comparison.methods)}>"

    def _repr_html_(self) -> str:
        """The answers for a notebook: no scripts, so that they look the same wherever they are kept."""
        lines = "".join(f"<p>{html.escape(line)}</p>" for line in self.summary().splitlines())
        return f'<div style="font-family:sans-serif;font-size:13px;line-height:1.5;max-width:720px">{lines}</div>'


def checked_trials(trials: int | None) -> int | None:
    """SettingError when this is no number of trials."""
    if trials is None:
        return None
    return whole_number("trials", trials, at_least=1, example="100, or leave it out for all of them")


def check_axis(axis: str | None) -> None:
    """SettingError when there is no such axis."""
    if axis is not None and axis not in AXES:
        raise SettingError(f"axis={axis!r} is not known.", hint=f"Use one of {', '.join(AXES)}.")


@contextlib.contextmanager
def opened(store: Store | str | Path, *, create: bool) -> Iterator[Store]:
    """The store itself, or the one at that place for as long as this lasts. create: make one where there is none."""
    if not isinstance(store, str | Path):
        yield store
        return
    own = open_store(str(store), create=create)
    try:
        yield own
    finally:
        own.close()


def _found(studies: Sequence[Study | str], store: Store | None) -> Iterator[Study]:
    for study in studies:
        if isinstance(study, Study):
            yield study
            continue
        assert store is not None, "it is opened where there are names"
        for name in names_like(study, store):
            yield Study(store, name)


def names_like(pattern: str, store: Store) -> list[str]:
    """The study of that name, or those whose names match a pattern such as ``lenet~*``, oldest first.

    StudyNotFoundError when there is none.
    """
    names = [row.name for row in store.tables.studies()]
    found = fnmatch.filter(names, pattern) if _SIGNS & set(pattern) and pattern not in names else [pattern]
    if not found:
        raise StudyNotFoundError(
            f"No study of this store has a name like {pattern!r}.", hint=f"It has: {', '.join(names[:5]) or 'none'}."
        )
    return found


def _row(problem: ProblemResult, result: MethodResult, runs: Sequence[Run]) -> dict[str, Json]:
    own = [
        run
        for run in runs
        if (run.problem, run.method) == (problem.problem, result.method) and run.seed in problem.seeds
    ]
    ends = [run.points[-1] for run in own if run.points]
    finals = [final for final in result.finals if final is not None]
    return {
        "problem": problem.problem,
        "method": result.method,
        "runs": len(own),
        "failed": result.n_failed,
        "mean": _average(finals) if result.mean is None else result.mean.estimate,
        "low": None if result.mean is None else result.mean.low,
        "high": None if result.mean is None else result.mean.high,
        "median": result.median,
        "best": (min if problem.goal.mode == "min" else max)(finals, default=None),
        "trials": _average([end.n_evaluations for end in ends]),
        "steps": _average([end.n_steps for end in ends]),
        "seconds": _average([end.wall_s for end in ends]),
    }


def _average(numbers: Sequence[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None


def _methods(methods: Sequence[str]) -> str:
    return " and ".join([", ".join(methods[:-1]), methods[-1]] if len(methods) > 1 else methods)


def _drawing(kind: str) -> Callable[..., Figure]:
    from rung.analysis.comparison import diagrams, figures

    kinds: Mapping[str, Callable[..., Figure]] = {
        "any_time": figures.plot_any_time,
        "regret": figures.plot_regret,
        "ranks": figures.plot_ranks,
        "critical_difference": diagrams.plot_critical_difference,
        "wins": diagrams.plot_wins,
    }
    if kind not in kinds:
        near = difflib.get_close_matches(kind, kinds, n=1)
        guess = f"Did you mean {near[0]!r}? " if near else ""
        raise SettingError(f"There is no kind of figure {kind!r}.", hint=f"{guess}There are: {', '.join(kinds)}.")
    return kinds[kind]

"""The kinds of figures of a study: for each, from its rows to columns, and from the columns to a picture."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

from msgspec import Struct

from rung.analysis.configs import Configs, chosen, configs, inputs_of, numeric_inputs
from rung.analysis.contour import plot_contour
from rung.analysis.curves import curves, overview
from rung.analysis.edf import distributions, plot_edf
from rung.analysis.importance import LEAST, Importance, importance, plot_importance
from rung.analysis.parallel import plot_parallel
from rung.analysis.plots import Over, plot_curves, plot_overview, plot_trajectory
from rung.analysis.posterior import Posterior, model_of, posterior
from rung.analysis.posterior_figure import plot_posterior
from rung.analysis.slices import plot_slices
from rung.analysis.timeline import plot_timeline, timeline
from rung.analysis.trajectory import Report, trajectory
from rung.errors import RungError, SettingError
from rung.events import Event, SearchEvent, StudyCreated
from rung.rows import StudyRow, TrialRow
from rung.space import Space

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Source(NamedTuple):
    """What figures are made from. reports, events: those of the whole study, read only by kinds that need them.

    told: those of the events that searchers are told about.
    """

    study: StudyRow
    trials: Sequence[TrialRow]
    reports: Callable[[], Iterable[Report]]
    events: Callable[[], Iterable[Event]]
    told: Callable[[], Iterable[SearchEvent]]

    @property
    def began(self) -> Space:
        """The space at the beginning."""
        created = next(iter(self.events()))
        assert isinstance(created, StudyCreated), "a log begins with it"
        return Space.from_json(created.space)

    @property
    def space(self) -> Space:
        """The space as it is now."""
        return Space.from_json(self.study.space)

    def own_reports(self) -> Iterable[Report]:
        """The reports of the trials that are shown."""
        numbers = {row.number for row in self.trials}
        return (report for report in self.reports() if report[0] in numbers)


class Wish(NamedTuple):
    """How a figure is to be. over: what an any-time curve runs along. names: of the hyperparameters to show.

    step_name: what a step is called. is_kept: it goes into a file, where one that only says why it is empty is no use.
    """

    over: Over | None = None
    names: Sequence[str] | None = None
    step_name: str = "step"
    title: str = ""
    is_kept: bool = False


class Kind(NamedTuple):
    """One kind of figure. columns: gives what it shows; draw: a picture of that. takes: wishes that it knows."""

    says: str
    columns: Callable[[Source, Wish], Any]
    draw: Callable[[Any, Wish], Figure]
    takes: frozenset[str] = frozenset()


def make_figure(kind: str, source: Source, wish: Wish) -> Figure:
    """A figure of this kind. SettingError for an unknown kind or a wish that it can't meet.

    RungError where it is to be kept and too little is known to show anything.
    """
    found = _find(kind, wish)
    columns = found.columns(source, wish)
    if wish.is_kept and isinstance(columns, Importance | Posterior) and columns.why:
        few = isinstance(columns, Posterior) or columns.trials < LEAST
        raise RungError(columns.why, hint="Draw it when more trials have ended." if few else "")
    return found.draw(columns, wish)


def make_columns(kind: str, source: Source, wish: Wish) -> Struct:
    """What a figure of this kind shows; ``curves.to_json`` gives its JSON."""
    columns: Struct = _find(kind, wish).columns(source, wish)
    return columns


def _find(name: str, wish: Wish) -> Kind:
    kind = KINDS.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, KINDS, n=1)
        hint = f"There are: {', '.join(KINDS)}."
        if "." in name:
            hint = f"Where the picture goes is said by path={name!r}. {hint}"
        elif near:
            hint = f"Did you mean {near[0]!r}? {hint}"
        raise SettingError(f"There is no kind of figure {name!r}.", hint=hint)
    if wish.over is not None and wish.over not in get_args(Over):
        raise SettingError(f"x={wish.over!r} is not known.", hint=f"Use one of {', '.join(get_args(Over))}.")
    for given, word, argument in ((wish.over, "over", "x"), (wish.names, "names", "hyperparameters")):
        if given is not None and word not in kind.takes:
            able = ", ".join(name for name, each in KINDS.items() if word in each.takes)
            raise SettingError(f"A figure of the kind {name!r} takes no {argument}.", hint=f"These do: {able}.")
    return kind


def _overview(source: Source, _: Wish) -> Struct:
    return overview(source.trials, source.own_reports(), goal=source.study.goal, space=source.space)


def _any_time(source: Source, _: Wish) -> Struct:
    return trajectory(source.trials, source.own_reports(), goal=source.study.goal)


def _curves(source: Source, _: Wish) -> Struct:
    return curves(source.trials, source.own_reports(), goal=source.study.goal)


def _configs(source: Source, wish: Wish) -> Configs:
    inputs = inputs_of(source.space, source.trials)
    if wish.names is not None:
        inputs = chosen(inputs, wish.names)
    return configs(source.trials, goal=source.study.goal, inputs=inputs)


def _plane(source: Source, wish: Wish) -> Configs:
    space = source.space
    inputs = numeric_inputs(space)[:2] if wish.names is None else chosen(inputs_of(space, source.trials), wish.names)
    return configs(source.trials, goal=source.study.goal, inputs=inputs)


def importance_of(source: Source) -> Importance:
    """The importance of the hyperparameters, by the trials that are shown."""
    return _importance(source, source.told())


def _importance(source: Source, told: Iterable[SearchEvent]) -> Importance:
    return importance(told, {row.number for row in source.trials}, goal=source.study.goal, began=source.began)


def _edf(source: Source, _: Wish) -> Struct:
    return distributions({source.study.name: source.trials}, goal=source.study.goal)


def _posterior(source: Source, wish: Wish) -> Struct:
    inputs, told, names = inputs_of(source.space, source.trials), list(source.told()), wish.names
    if names is None:
        ranked = [each.name for each in _importance(source, told).shares]
        names = (ranked or [each.name for each in inputs])[:2]
    searcher, is_own = model_of(source.study.searcher, source.began, told)
    return posterior(searcher, source.trials, goal=source.study.goal, inputs=chosen(inputs, names), is_own=is_own)


def _timeline(source: Source, _: Wish) -> Struct:
    return timeline(source.events(), [row.number for row in source.trials], at=source.study.at)


KINDS: Final[Mapping[str, Kind]] = {
    "overview": Kind(
        "the study at a glance",
        _overview,
        lambda data, wish: plot_overview(data, step_name=wish.step_name, title=wish.title),
    ),
    "any_time": Kind(
        "the best value over time, trials or epochs",
        _any_time,
        lambda data, wish: plot_trajectory(
            data, over=wish.over or "seconds", step_name=wish.step_name, title=wish.title
        ),
        frozenset({"over"}),
    ),
    "curves": Kind(
        "the learning curve of each trial",
        _curves,
        lambda data, wish: plot_curves(data, step_name=wish.step_name, title=wish.title),
    ),
    "parallel": Kind(
        "all hyperparameters of each trial, side by side",
        _configs,
        lambda data, wish: plot_parallel(data, title=wish.title),
        frozenset({"names"}),
    ),
    "slice": Kind(
        "the value against each hyperparameter",
        _configs,
        lambda data, wish: plot_slices(data, title=wish.title),
        frozenset({"names"}),
    ),
    "contour": Kind(
        "a map of the value over two hyperparameters",
        _plane,
        lambda data, wish: plot_contour(data, title=wish.title),
        frozenset({"names"}),
    ),
    "importance": Kind(
        "how much each hyperparameter matters",
        lambda source, _: importance_of(source),
        lambda data, wish: plot_importance(data, title=wish.title),
    ),
    "posterior": Kind(
        "what a Gaussian process believes along one or two hyperparameters, and what it would try",
        _posterior,
        lambda data, wish: plot_posterior(data, title=wish.title),
        frozenset({"names"}),
    ),
    "edf": Kind(
        "how the values of the trials are distributed",
        _edf,
        lambda data, wish: plot_edf(data, title=wish.title),
    ),
    "timeline": Kind(
        "which worker ran which trial when",
        _timeline,
        lambda data, wish: plot_timeline(data, title=wish.title),
    ),
}
"""All kinds by name, in the order in which one wants them."""

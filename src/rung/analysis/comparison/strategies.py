"""What runs of several strategies on one objective say, in plain words, and when to use which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from rung.analysis.comparison.report.numbers import listed
from rung.analysis.comparison.report.verdict import best_first, pairs_of
from rung.analysis.comparison.result import Comparison, MethodResult, ProblemResult
from rung.analysis.comparison.tried import Scene

BASELINE: Final = "random"
"""What other strategies have to beat."""

_PLAIN: Final = "basic"  # the scheduler that lets every trial run to its end


class Strategy(Struct, frozen=True):
    """A way to search that took part. name: by which it goes here. method: the same with all its options.

    searcher, scheduler: the names of its parts. remark: what a reader must know about it in these runs, or empty.
    """

    name: str
    method: str
    searcher: str
    scheduler: str = _PLAIN
    remark: str = ""


ADVICE: Final[Mapping[str, str]] = {
    "grid": "For one or two hyperparameters with few values, when all of them are to be seen. Each further "
    "hyperparameter multiplies the trials, whether it matters or not; what lies between the values is never tried; and "
    "as the last hyperparameter changes fastest, half of a grid has seen half of the first one.",
    "random": "First, on anything, and as what everything else has to beat: any space, any number of workers, and it "
    "can be stopped or prolonged at any time. Every trial tries a new value of every number, so none is wasted on a "
    "hyperparameter that does not matter.",
    "sobol": "As random search, with more even coverage from a few dozen trials on. Not for spaces that are mostly "
    "choices.",
    "halton": "As random search, with more even coverage from a few dozen trials on. Not for spaces that are mostly "
    "choices.",
    "zoom": "When there is a budget for some rounds, and one or two hyperparameters matter: it looks around, narrows "
    "the ranges to where the good trials are, and looks again. With a noisy error the first round may point to the "
    "wrong place.",
    "tpe": "From about 15 full trainings on, with any kind of space: categories, conditions, many workers, thousands "
    "of trials. It decides within milliseconds.",
    "gp": "When every training is dear: up to a few hundred trials and some twenty hyperparameters, mostly numbers. It "
    "thinks for tens of milliseconds about each trial, so not for trainings that take less. Smooth functions without "
    "noise flatter it.",
    "cmaes": "For hundreds of trials, above all over numbers; deciding does not get slower as they become more.",
    "evolution": "For many cheap trials, with many categories or much noise; it decides within a tenth of a "
    "millisecond.",
    "auto": "When you would rather not choose: a Gaussian process where that suits, TPE where it does not, and "
    "something cheaper where trials take less time than deciding on them.",
}
"""Searcher -> when to use it, in general."""

EARLY_STOPPING: Final = (
    "Early stopping tries many times as many configurations, where early errors say something about the late ones."
)


def advice(strategy: Strategy) -> str:
    """When to use it, in general; empty for what nobody here knows."""
    found = [ADVICE[strategy.searcher]] if strategy.searcher in ADVICE else []
    return " ".join([*found, *([EARLY_STOPPING] if strategy.scheduler != _PLAIN else [])])


def conclusions(comparison: Comparison, scene: Scene) -> tuple[str, ...]:
    """What these runs say, from who is best on; by the same rule as everywhere for who is really better."""
    return (*_best(comparison), *_others(comparison), *_values(scene), *_pace(comparison))


def verdict_on(comparison: Comparison, strategy: Strategy) -> str:
    """What these runs say about one strategy."""
    better = [each.other for each in pairs_of(comparison) if each.better == strategy.name and each.pair.is_told]
    worse = [each.better for each in pairs_of(comparison) if each.other == strategy.name and each.pair.is_told]
    found = [f"better than {listed(better)}"] if better else []
    found += [f"worse than {listed(worse)}"] if worse else []
    told = [f"Here it was {' and '.join(found)}." if found else "Here it is not told apart from any other."]
    if strategy.remark:
        told.append(strategy.remark)
    if has_no_spread(result_of(comparison, strategy.name)):
        told.append("Every seed gave the same, so it has no band.")
    return " ".join(told)


def trials_to_baseline(comparison: Comparison) -> dict[str, int | None]:
    """After how many trials the median of each strategy was as good as that of random search at its end.

    None where it never was; empty when random search took no part, or came to nothing.
    """
    problem = the_problem(comparison)
    ends = {each.method: each.median for each in problem.methods}
    end = ends.get(BASELINE)
    if end is None:
        return {}
    target = problem.goal.loss({problem.goal.metric: end})
    assert target is not None, "it is finite"
    return {each.method: _first(problem, each, target) for each in problem.methods}


def the_problem(comparison: Comparison) -> ProblemResult:
    """The one that everything is about."""
    (problem,) = comparison.problems
    return problem


def result_of(comparison: Comparison, method: str) -> MethodResult:
    """What a method came to."""
    return next(each for each in the_problem(comparison).methods if each.method == method)


def has_no_spread(result: MethodResult) -> bool:
    """Whether several runs all ended with the same value."""
    return len(result.finals) > 1 and len(set(result.finals)) == 1


def _first(problem: ProblemResult, result: MethodResult, target: float) -> int | None:
    """The first trial by which the median is at or below the target, as a loss."""
    for place, value in zip(problem.grid, result.curve.median, strict=True):
        loss = None if value is None else problem.goal.loss({problem.goal.metric: value})
        if loss is not None and loss <= target:
            return round(place)
    return None


def _best(comparison: Comparison) -> list[str]:
    best, *rest = best_first(comparison)
    n_runs = len(the_problem(comparison).seeds)
    if n_runs == 1:
        return [f"{best} ended best, but one run of each says little: another seed may turn it round."]
    if len({each.finals for each in the_problem(comparison).methods}) == 1:
        return ["All came out equal."]
    told = {each.other for each in pairs_of(comparison) if each.better == best and each.pair.is_told}
    beaten, undecided = [each for each in rest if each in told], [each for each in rest if each not in told]
    if not undecided:
        return [f"{best} is better than {listed(beaten)}."]
    runs = f"{n_runs} runs of each"
    if not beaten:
        return [f"{best} ended best on average, but {runs} can't tell it from {listed(undecided, last='or')}."]
    beyond = f"{runs} can't tell it from {listed(undecided, last='or')}"
    return [f"{best} ended best on average, and is better than {listed(beaten)}; {beyond}."]


def _others(comparison: Comparison) -> list[str]:
    """Who is better than whom, leaving aside the best."""
    order = best_first(comparison)
    found = []
    for other in order[2:]:
        better = [
            each.better
            for each in pairs_of(comparison)
            if each.other == other and each.better != order[0] and each.pair.is_told
        ]
        if better:
            found.append(f"{listed(better)} {'is' if len(better) == 1 else 'are'} better than {other}.")
    return found


def _values(scene: Scene) -> list[str]:
    """How many different values of the most important number each has tried."""
    if not scene.inputs:
        return []
    counts: dict[int, list[str]] = {}
    for each in scene.attempts:
        counts.setdefault(each.n_values(0), []).append(each.method)
    (fewest, first), *rest = sorted(counts.items())
    values = "different value" if fewest == 1 else "different values"
    told = [f"{listed(first)} tried {fewest} {values} of {scene.inputs[0].name}"]
    told += [f"{listed(methods)} tried {count}" for count, methods in rest]
    return [f"With the same number of trials {'; '.join(told)}."]


def _pace(comparison: Comparison) -> list[str]:
    found = trials_to_baseline(comparison)
    if not found:
        return []
    counts = sorted((count, method) for method, count in found.items() if count is not None)
    never = listed([method for method, count in found.items() if count is None])
    there = ", ".join(f"{method} {count}" for count, method in counts)
    rest = f"; {never} never" if never else ""
    return [f"After so many trials the medians were where that of {BASELINE} ended: {there}{rest}."]

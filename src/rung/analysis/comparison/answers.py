"""Is the one method really better than the other: an answer for each pair, as values and in plain sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from rung.analysis.comparison.pairing import least_p
from rung.analysis.comparison.report.numbers import budget, counted, p_value, percent, value
from rung.analysis.comparison.result import Comparison, Pair, ProblemResult
from rung.analysis.comparison.runs import Axis

_WORDS: Final = {"min": ("lower", "higher"), "max": ("higher", "lower")}
"""Mode -> what better and worse values are."""

_AXES: Final[Mapping[Axis, str]] = {
    "evaluations": "evaluations",
    "steps": "steps",
    "simulated_s": "simulated time",
    "wall_s": "wall-clock time",
}

_SEVERAL: Final = "of several runs there is a mean with its interval"
_ONE_RUN: Final = "One run of each says little: another seed may turn it round. Ten of each are advised."


class Answer(Struct, frozen=True, kw_only=True):
    """What a comparison says about two methods.

    ahead: the one that did better on average, or the first where both did equally well; behind: the other one.
    is_told: it is really better: the interval leaves out 0, and the signed-rank test over pairs of runs agrees.
    by: how much better it was on average, in units of the metric on one problem, else in mean normalised regret; None
    where there is nothing to average. low, high: the interval of that; None with a single run of each. p: corrected
    for all pairs. n_ahead: in how many of the n_pairs paired runs. further: about how many more runs of each on every
    problem it would take to tell; 0 where it is told, None for the reason why_not.
    """

    ahead: str
    behind: str
    is_told: bool
    by: float | None
    low: float | None
    high: float | None
    p: float
    n_ahead: int
    n_pairs: int
    further: int | None
    why_not: str = ""


def answers(comparison: Comparison) -> tuple[Answer, ...]:
    """One for each pair of methods; none where no problem has runs of all of them."""
    return tuple(_answer(comparison, pair) for pair in comparison.pairs)


def sentence(comparison: Comparison, answer: Answer) -> str:
    """The answer in words."""
    if answer.n_pairs == 1:
        return _on_single_runs(comparison, answer)
    if answer.by is None:
        return f"{answer.ahead} ended ahead of {answer.behind} in {answer.n_ahead} of {_runs(answer)}. {_ONE_RUN}"
    if answer.by == 0:
        on_average = " on average" if answer.n_ahead else ""
        return f"{answer.ahead} and {answer.behind} came out equal{on_average} over {_runs(answer)}."
    if answer.is_told:
        return f"{answer.ahead} is better than {answer.behind}: {_on_average(comparison, answer)}; p {_p(answer.p)}."
    found = (
        f"Whether {answer.ahead} is better than {answer.behind} can't be told: {_on_average(comparison, answer)}, "
        f"{_doubt(comparison, answer)}."
    )
    return f"{found} {_outlook(comparison, answer)}"


def summary(comparison: Comparison) -> str:
    """What was compared, an answer for each pair in a line, and what weakens them."""
    lines = [
        *(_heading(problem) for problem in comparison.problems),
        *(sentence(comparison, answer) for answer in answers(comparison)),
        *_on_axis(comparison),
        *(f"Note: {warning}" for warning in comparison.warnings),
    ]
    return "\n".join(lines)


def _answer(comparison: Comparison, pair: Pair) -> Answer:
    one = _only_problem(comparison)
    difference = _difference(pair, one)
    is_first = pair.record.wins >= pair.record.losses if difference is None else difference[0] <= 0
    by, low, high = _seen_from_ahead(difference, is_first=is_first)
    n_pairs = pair.record.wins + pair.record.ties + pair.record.losses
    return Answer(
        ahead=pair.first if is_first else pair.second,
        behind=pair.second if is_first else pair.first,
        is_told=pair.is_told,
        by=by,
        low=low,
        high=high,
        p=pair.p_holm,
        n_ahead=pair.record.wins if is_first else pair.record.losses,
        n_pairs=n_pairs,
        further=pair.seeds.further,
        why_not=pair.seeds.reason,
    )


def _only_problem(comparison: Comparison) -> ProblemResult | None:
    """The problem, where all that is said over problems is about one."""
    shared = [problem for problem in comparison.problems if problem.problem in comparison.shared]
    return shared[0] if len(shared) == 1 else None


def _difference(pair: Pair, one: ProblemResult | None) -> tuple[float, ...] | None:
    """First minus second, with its interval if there is one; below 0 the first is better.

    On one problem regret is taken back to losses. Of single runs it is the difference of their values.
    """
    found = pair.interval
    if found is not None:
        unit = 1.0 if one is None else one.scale.median - one.scale.best
        return tuple(unit * each for each in (found.estimate, found.low, found.high))
    if one is None:
        return None
    finals = {each.method: each.finals[0] for each in one.methods}
    first, second = finals[pair.first], finals[pair.second]
    return None if first is None or second is None else (one.goal.value(first) - one.goal.value(second),)


def _seen_from_ahead(
    difference: tuple[float, ...] | None, *, is_first: bool
) -> tuple[float | None, float | None, float | None]:
    if difference is None:
        return None, None, None
    sign = -1.0 if is_first else 1.0
    by, *ends = (sign * each + 0.0 for each in difference)  # no -0
    low, high = sorted(ends) or (None, None)
    return by, low, high


def _heading(problem: ProblemResult) -> str:
    better, _ = _WORDS[problem.goal.mode]
    return (
        f"{problem.problem}: {problem.goal.metric}, {better} is better; {budget(problem.budget)}, "
        f"{counted(len(problem.seeds), 'run')} of each."
    )


def _on_axis(comparison: Comparison) -> list[str]:
    """Where curves run along something else than budgets, as answers do not."""
    if all(problem.budget.axis == comparison.axis for problem in comparison.problems):
        return []
    return [f"Curves run along {_AXES[comparison.axis]}; the answer is about where the runs ended."]


def _on_single_runs(comparison: Comparison, answer: Answer) -> str:
    one = _only_problem(comparison)
    assert one is not None, "over several problems there are several pairs"
    finals = {each.method: each.finals[0] for each in one.methods}
    first, second = finals[answer.ahead], finals[answer.behind]
    ended = [
        f"{name} ended without a value" if final is None else f"{name} ended with {one.goal.metric} {value(final)}"
        for name, final in ((answer.ahead, first), (answer.behind, second))
    ]
    return f"{', '.join(ended)}. {_ONE_RUN}"


def _on_average(comparison: Comparison, answer: Answer) -> str:
    assert answer.by is not None, _SEVERAL
    assert answer.low is not None, _SEVERAL
    assert answer.high is not None, _SEVERAL
    one = _only_problem(comparison)
    if one is None:
        what, better = f"its mean normalised regret on {len(comparison.shared)} problems is", "lower"
    else:
        what, better = f"its {one.goal.metric} ended", _WORDS[one.goal.mode][0]
    ends = (answer.low, answer.high)
    amount = f"{value(answer.by, beside=ends)} {better} on average over {_runs(answer)}"
    low, high = (value(end, beside=[answer.by, *ends]) for end in ends)
    interval = f"{percent(comparison.confidence)} interval {low} to {high}"
    return f"{what} {amount} ({interval}), ahead in {answer.n_ahead} of them"


def _doubt(comparison: Comparison, answer: Answer) -> str:
    assert answer.low is not None, _SEVERAL
    if answer.low > 0 and least_p(answer.n_pairs, len(comparison.pairs)) >= comparison.alpha:
        return f"but so few can't satisfy the signed-rank test, even where all agree (p {_p(answer.p)})"
    if answer.low > 0:
        return f"but the signed-rank test does not agree (p {_p(answer.p)})"
    return f"but 0 is in the interval (p {_p(answer.p)})"


def _outlook(comparison: Comparison, answer: Answer) -> str:
    if answer.further is None:
        return f"How many more runs of each would tell? {answer.why_not[:1].upper()}{answer.why_not[1:]}."
    where = "of each" if _only_problem(comparison) else "of each on every problem"
    if answer.further == 0:
        return f"It is a close call: a few more runs {where} are likely to tell."
    return f"About {counted(answer.further, 'more run')} {where} would tell, if the difference is as it looks now."


def _runs(answer: Answer) -> str:
    return f"{counted(answer.n_pairs, 'pair')} of runs"


def _p(p: float) -> str:
    text = p_value(p)
    return text if text.startswith("<") else f"= {text}"

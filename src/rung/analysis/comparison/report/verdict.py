"""The answer in plain sentences: who is best, what of it is certain, and what it would take to tell the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rung.analysis.comparison.bootstrap import Interval
from rung.analysis.comparison.pairing import least_p
from rung.analysis.comparison.report.numbers import counted, interval, listed, p_value, value
from rung.analysis.comparison.result import Aggregate, Comparison, Pair


class Against(NamedTuple):
    """A pair as seen from the better one of two methods.

    difference, beyond: of mean normalised regret, below 0 where it is better; on these problems, and on problems like
    these. improvement: how likely a run of it is the better one.
    """

    better: str
    other: str
    difference: Interval | None
    beyond: Interval | None
    improvement: float
    pair: Pair

    @property
    def interval(self) -> Interval | None:
        """The one by which they are told apart; None with a single seed on a single problem."""
        return self.difference or self.beyond


def final_regret(aggregate: Aggregate) -> float | None:
    """The mean normalised regret at the end; None where the method has no value at all."""
    return aggregate.regret[-1]


def best_first(comparison: Comparison) -> tuple[str, ...]:
    """The methods by mean normalised regret; as they stand in the comparison where there is none."""
    found = {each.method: final_regret(each) for each in comparison.aggregates}
    regrets = {method: regret for method, regret in found.items() if regret is not None}
    return tuple(sorted(comparison.methods, key=lambda method: regrets.get(method, float("inf"))))


def pairs_of(comparison: Comparison) -> list[Against]:
    """Each two methods, the better one first; the pairs of the best come before all others."""
    places = {method: place for place, method in enumerate(best_first(comparison))}
    pairs = [_seen_from(min(pair.first, pair.second, key=places.__getitem__), pair) for pair in comparison.pairs]
    return sorted(pairs, key=lambda each: (places[each.better], places[each.other]))


def verdict(comparison: Comparison) -> tuple[str, ...]:
    """Sentences that say who is best by mean normalised regret, and how sure that is. The first is the answer."""
    if not comparison.aggregates:
        return ("No problem has runs of all the methods, so there is no answer over all problems.",)
    order, against = best_first(comparison), pairs_of(comparison)
    with_best = [each for each in against if each.better == order[0]]
    return (
        *_best(comparison, order),
        *_certain(comparison, order[0], with_best),
        *_beyond(comparison, with_best),
        *_open(comparison, against),
        *_others(against, order[0]),
    )


def _seen_from(better: str, pair: Pair) -> Against:
    if better == pair.first:
        return Against(better, pair.second, pair.difference, pair.difference_beyond, pair.improvement, pair)
    return Against(
        better, pair.first, _turned(pair.difference), _turned(pair.difference_beyond), 1 - pair.improvement, pair
    )


def _turned(found: Interval | None) -> Interval | None:
    return None if found is None else Interval(-found.estimate, -found.high, -found.low)


def _best(comparison: Comparison, order: Sequence[str]) -> list[str]:
    best = next(each for each in comparison.aggregates if each.method == order[0])
    where = f"on {comparison.shared[0]}" if len(comparison.shared) == 1 else f"over {len(comparison.shared)} problems"
    ends = _ends({each.scale.is_known for each in comparison.problems if each.problem in comparison.shared})
    if best.mean is None:
        regrets = [regret for each in comparison.aggregates if (regret := final_regret(each)) is not None]
        number, trust = (
            value(final_regret(best), beside=regrets),
            "with one run each there is no interval, and it may be luck",
        )
    else:
        number, trust = interval(best.mean), f"{100 * comparison.confidence:g} % interval{_of_what(comparison)}"
    if len(order) == 1:
        alone = f"There is one method, {order[0]}, and nothing to compare it with."
        return [alone, f"Its mean normalised regret {where} is {number} ({trust}), where {ends}."]
    return [f"{order[0]} did best {where}: its mean normalised regret is {number} ({trust}), where {ends}."]


def _of_what(comparison: Comparison) -> str:
    return " for problems like these" if len(comparison.shared) > 1 else ""


def _ends(are_known: set[bool]) -> str:
    """What 0 and 1 of the regret are. are_known: whether the problems know them themselves."""
    if are_known == {True}:
        return "0 is the best known value and 1 the median of random configurations"
    if are_known == {False}:
        return "0 is the best value of all these runs and 1 the median of their first values"
    return "0 is the best value and 1 what random configurations come to"


def _certain(comparison: Comparison, best: str, against: Sequence[Against]) -> list[str]:
    """Whom the best is better than on these problems: by the interval, and by the test over pairs of runs."""
    told = [each for each in against if each.pair.is_told]
    if not told:
        return []
    everyone = "every other method" if len(told) == len(against) > 1 else listed([each.other for each in told])
    these = "this problem" if len(comparison.shared) == 1 else "these problems"
    what = "interval of the difference leaves" if len(told) == 1 else "intervals of the differences leave"
    runs = counted(_n_runs(told[0]), "pair")
    n_pairs = len(comparison.pairs)
    corrected = f", corrected for {counted(n_pairs, 'pair')} of methods," if n_pairs > 1 else ""
    test = f"the signed-rank test over {runs} of runs{corrected} agrees"
    return [f"{best} is better than {everyone} on {these}: the {what} out 0, and {test}."]


def _beyond(comparison: Comparison, against: Sequence[Against]) -> list[str]:
    """Whether what is certain on these problems is so on others like them, too."""
    told = [each for each in against if each.pair.is_told]
    n_problems = len(comparison.shared)
    if not told or n_problems == 1:
        return []
    if least_p(n_problems, len(comparison.pairs)) >= comparison.alpha:
        return [f"Whether that holds for other problems is open: {n_problems} are too few to tell."]
    sure = [each.other for each in told if each.pair.is_told_beyond]
    test = f"the test over {n_problems} problems"
    if len(sure) == len(told):
        return [f"That may be expected of other problems like these, too: {test} agrees."]
    if not sure:
        return [f"Whether that holds for other problems is open: {test} does not confirm it."]
    return [f"Of other problems like these it may be expected against {listed(sure)} only, by {test}."]


def _open(comparison: Comparison, against: Sequence[Against]) -> list[str]:
    """What is open about the best; or, where nothing is, about the highest pair that is open."""
    undecided = [each for each in against if not each.pair.is_told]
    if not undecided:
        return ["All pairs are told apart."] if len(against) > 1 else []
    top = undecided[0]
    rivals = [each.other for each in undecided if each.better == top.better]
    found = [f"Whether {top.better} is better than {listed(rivals, last='or')} is open."]
    if top.interval is None:
        return [*found, "With a single seed there is no interval of the difference."]
    who = f" to {top.other}" if len(rivals) > 1 else ""
    corrected = " after Holm" if len(comparison.pairs) > 1 else ""
    found.append(f"The difference{who} is {interval(top.interval)}, p {p_value(top.pair.p_holm)}{corrected}.")
    return [*found, _seeds(comparison, top)]


def _n_runs(each: Against) -> int:
    """How many pairs of runs the test is over."""
    found = each.pair.record
    return found.wins + found.ties + found.losses


def _seeds(comparison: Comparison, top: Against) -> str:
    further, reason = top.pair.seeds.further, top.pair.seeds.reason
    each = "" if len(comparison.shared) == 1 else " per problem"
    if further is None:
        return f"How many further seeds would tell them apart can't be said ({reason})."
    if further == 0:
        return "It is a close call: a few further seeds are likely to tell them apart."
    return f"If the difference is as it was seen, about {counted(further, 'further seed')}{each} would tell them apart."


def _others(against: Sequence[Against], best: str) -> list[str]:
    """How many pairs without the best are told apart; all of them are where nothing at all is open."""
    rest = [each for each in against if each.better != best]
    apart = sum(each.pair.is_told for each in rest)
    if not rest or all(each.pair.is_told for each in against):
        return []
    if len(rest) == 1:
        return [f"{rest[0].better} and {rest[0].other} are {'' if apart else 'not '}told apart."]
    how_many = {0: "none is", 1: "1 is"}.get(apart, f"{apart} are")
    return [f"Of the {len(rest)} pairs among the others, {how_many} told apart."]

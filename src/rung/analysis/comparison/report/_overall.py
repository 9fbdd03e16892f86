"""The part of a report that speaks of all problems together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

from rung.analysis.comparison.diagrams import plot_critical_difference
from rung.analysis.comparison.figures import NARROW, plot_ranks, plot_regret
from rung.analysis.comparison.report import numbers
from rung.analysis.comparison.report._blocks import (
    Beside,
    Block,
    Column,
    Drawing,
    Heading,
    Paragraph,
    Row,
    Shaded,
    Table,
)
from rung.analysis.comparison.report.circumstances import Circumstances, Spent
from rung.analysis.comparison.report.verdict import Against, best_first, final_regret, pairs_of
from rung.analysis.comparison.result import Aggregate, Comparison, Overhead

REGRET: Final = "mean-regret"


def over_all_problems(comparison: Comparison, circumstances: Circumstances) -> list[Block]:
    """The summary table, curves and ranks, and each two methods against each other."""
    heading = Heading(2, "All problems together", "all")
    if not comparison.aggregates:
        return [heading, Paragraph(("No problem has runs of all the methods.",))]
    blocks: list[Block] = [heading, _about(comparison), _summary(comparison, circumstances), _figures(comparison)]
    if comparison.pairs:
        blocks += [Heading(3, "Method against method", "pairs"), _matrix(comparison), _pairs(comparison)]
    return blocks


def overheads(comparison: Comparison, circumstances: Circumstances) -> list[Block]:
    """What the methods themselves cost."""
    spent = {each.method: each for each in circumstances.spent}
    found = {each.method: each for each in comparison.overheads}
    has_own_clock = any(
        not math.isclose(spent[method].simulated_s, each.wall_s, rel_tol=1e-6)
        for method, each in found.items()
        if method in spent
    )
    rows = []
    for method in best_first(comparison):
        each = found[method]
        simulated = numbers.seconds(spent[method].simulated_s) if method in spent else numbers.NOTHING
        cells = (
            method,
            numbers.seconds(each.decide_s),
            numbers.seconds(each.decide_s_per_evaluation),
            numbers.percent(each.share),
            *((simulated,) if has_own_clock else ()),
            numbers.seconds(each.wall_s),
            numbers.seconds(each.cpu_s or None),
        )
        rows.append(Row(cells, method))
    columns = (
        Column("Method", is_words=True),
        Column("Overhead per run", "overhead"),
        Column("per evaluation", "overhead"),
        Column("share of wall time", "overhead"),
        *((Column("Simulated time", "spent"),) if has_own_clock else ()),
        Column("Wall time", "cpu"),
        Column("CPU time", "cpu"),
    )
    return [
        Heading(2, "Overhead", "overheads"),
        Table("What the methods themselves cost, on average per run", columns, tuple(rows)),
    ]


def _about(comparison: Comparison) -> Paragraph:
    """On which problems; those that are left out are named in the warnings."""
    total, shared = len(comparison.problems), len(comparison.shared)
    if shared == 1:
        return Paragraph((f"On {comparison.shared[0]} alone.",))
    which = f"{shared} of {total} problems" if shared < total else f"all {total} problems"
    return Paragraph((f"On {which}, each with the same weight.",))


def _summary(comparison: Comparison, circumstances: Circumstances) -> Table:
    order = best_first(comparison)
    by_method = {each.method: each for each in comparison.aggregates}
    costs = {each.method: each for each in comparison.overheads}
    spent = {each.method: each for each in circumstances.spent}
    failed = {
        method: sum(
            each.n_failed for problem in comparison.problems for each in problem.methods if each.method == method
        )
        for method in order
    }
    scores = _scores([by_method[method] for method in order])
    least = min((regret for each in by_method.values() if (regret := final_regret(each)) is not None), default=None)
    rows = tuple(
        Row(
            (method, *score, f"{failed[method]:,}", *_costs(costs[method], spent.get(method))),
            method,
            is_best=len(order) > 1 and least is not None and final_regret(by_method[method]) == least,
        )
        for method, score in zip(order, scores, strict=True)
    )
    columns = (
        Column("Method", is_words=True),
        Column("Mean regret", REGRET),
        Column("Interquartile mean", "iqm"),
        Column("Average rank", "rank"),
        Column("Failed runs", "failed"),
        Column("Evaluations", "spent"),
        Column("Steps", "spent"),
        Column("Overhead per evaluation", "overhead"),
        Column("Wall time", "cpu"),
        Column("CPU time", "cpu"),
    )
    trust = f"In brackets {100 * comparison.confidence:g} % intervals. "
    if len(comparison.shared) > 1:
        trust += "Those of mean regret speak of problems like these. Methods are told apart by differences: see below. "
    if any(each.mean is None for each in comparison.aggregates):
        trust = "With one run each there are no intervals. "
    return Table("Summary: lower regret and rank are better", columns, rows, (f"{trust}Costs are means per run.",))


def _scores(aggregates: Sequence[Aggregate]) -> list[tuple[str, str, str]]:
    """Mean regret, interquartile mean and rank of each."""
    means = numbers.intervals([each.mean for each in aggregates])
    if any(each.mean is None for each in aggregates):
        means = numbers.values([final_regret(each) for each in aggregates])
    middles = numbers.intervals([each.interquartile_mean for each in aggregates])
    ranks = [numbers.NOTHING if (rank := each.rank[-1]) is None else f"{rank:.2f}" for each in aggregates]
    return list(zip(means, middles, ranks, strict=True))


def _costs(cost: Overhead, spent: Spent | None) -> tuple[str, ...]:
    return (
        numbers.spent(spent.n_evaluations, "evaluations") if spent else numbers.NOTHING,
        numbers.spent(spent.n_steps, "steps") if spent else numbers.NOTHING,
        numbers.seconds(cost.decide_s_per_evaluation),
        numbers.seconds(cost.wall_s),
        numbers.seconds(cost.cpu_s or None),
    )


def _figures(comparison: Comparison) -> Beside:
    order = best_first(comparison)
    has_spread = any(len(each.seeds) > 1 for each in comparison.problems)
    trust = f", with its {100 * comparison.confidence:g} % interval on these problems" if has_spread else ""
    last = numbers.listed([f"{method} {_rank(comparison, method)}" for method in order])
    regret = Drawing(
        name="regret",
        draw=partial(plot_regret, comparison, width=NARROW, has_legend=False),
        caption=f"Mean normalised regret along the budget{trust}.",
        alt=f"Mean normalised regret along the budget. At the end, from the best: {numbers.listed(list(order))}.",
        methods=comparison.methods,
    )
    ranks = Drawing(
        name="ranks",
        draw=partial(plot_ranks, comparison, width=NARROW, has_legend=False),
        caption="Average rank along the budget; 1 is the best.",
        alt=f"Average ranks along the budget. At the end: {last}.",
        methods=comparison.methods,
    )
    return Beside((regret, ranks, *_diagram(comparison)), is_even=True)


def _rank(comparison: Comparison, method: str) -> str:
    rank = next(each.rank[-1] for each in comparison.aggregates if each.method == method)
    return numbers.NOTHING if rank is None else f"{rank:.2f}"


def _diagram(comparison: Comparison) -> tuple[Drawing, ...]:
    found = comparison.friedman
    if found is None:
        return ()
    groups = [numbers.listed([comparison.methods[index] for index in group]) for group in found.groups]
    together = f"Not told apart: {'; '.join(groups)}." if groups else "All are told apart."
    of = numbers.counted(found.n_blocks, comparison.blocks.removesuffix("s"))
    diagram = Drawing(
        name="critical-difference",
        draw=partial(plot_critical_difference, comparison, width=NARROW),
        caption=f"Critical difference: a bar joins methods whose ranks over {of} are not told apart.",
        alt=f"Average final ranks, critical difference {found.difference:.2f}. {together}",
    )
    return (diagram,)


def _matrix(comparison: Comparison) -> Table:
    order = best_first(comparison)
    cells: dict[tuple[str, str], str | Shaded] = {}
    for pair in comparison.pairs:
        record = pair.record
        star = " *" if pair.is_told else ""
        share = (record.wins + record.ties / 2) / (record.wins + record.ties + record.losses)
        cells[pair.first, pair.second] = Shaded(f"{record.wins}–{record.ties}–{record.losses}{star}", share)
        cells[pair.second, pair.first] = Shaded(f"{record.losses}–{record.ties}–{record.wins}{star}", 1 - share)
    rows = tuple(Row((row, *(cells.get((row, column), "") for column in order)), row) for row in order)
    columns = (Column("Method", is_words=True), *(Column(method) for method in order))
    note = (
        "Over all pairs of runs. * told apart: the interval of the difference leaves out 0, and the signed-rank test "
        f"over pairs of runs agrees (Holm, p < {comparison.alpha:g})."
    )
    return Table("Wins–ties–losses of the row against the column", columns, rows, (note,))


def _pairs(comparison: Comparison) -> Table:
    has_beyond = len(comparison.shared) > 1
    columns = (
        Column("Pair", is_words=True),
        Column("Told apart", "apart", is_words=True),
        Column("Difference", "difference"),
        *((Column("on problems like these", "difference"),) if has_beyond else ()),
        Column("p Holm", "p"),
        *((Column("p Holm over problems", "p"),) if has_beyond else ()),
        Column("Probability of improvement", "improvement"),
        Column("Further seeds", "seeds"),
    )
    pairs = pairs_of(comparison)
    differences = numbers.intervals([each.difference for each in pairs])
    beyond = numbers.intervals([each.beyond for each in pairs])
    rows = tuple(
        Row(
            (
                f"{each.better} − {each.other}",
                _told(each, alpha=comparison.alpha),
                differences[index],
                *((beyond[index],) if has_beyond else ()),
                numbers.p_value(each.pair.p_holm),
                *(() if each.pair.p_beyond_holm is None else (numbers.p_value(each.pair.p_beyond_holm),)),
                numbers.percent(each.improvement),
                numbers.NOTHING if each.pair.seeds.further is None else f"{each.pair.seeds.further:,}",
            )
        )
        for index, each in enumerate(pairs)
    )
    reasons = sorted({each.pair.seeds.reason for each in pairs if each.pair.seeds.reason})
    note = f"A dash under further seeds: {'; or '.join(reasons)}." if reasons else ""
    return Table("Differences of mean regret, the better method first", columns, rows, (note,) if note else ())


def _told(each: Against, *, alpha: float) -> str:
    if each.pair.is_told:
        return "yes"
    has_interval = each.interval is not None and each.interval.excludes_zero
    is_sure = each.pair.p_holm < alpha
    if has_interval and is_sure:
        return "no: they disagree"
    return "interval only" if has_interval else "test only" if is_sure else "not yet"

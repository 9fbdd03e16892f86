"""The parts of a report that speak of one problem each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rung.analysis.comparison.figures import plot_problem
from rung.analysis.comparison.report import numbers
from rung.analysis.comparison.report._blocks import Beside, Block, Column, Drawing, Heading, Paragraph, Row, Table
from rung.analysis.comparison.report.verdict import best_first
from rung.analysis.comparison.result import Comparison, MethodResult, ProblemResult


def each_problem(comparison: Comparison) -> list[Block]:
    """The problems without caveats; nothing where there are none."""
    sound = [each for each in comparison.problems if not each.caveat]
    return [Heading(2, "Each problem", "problems"), *_all(comparison, sound, "problem")] if sound else []


def appendix(comparison: Comparison) -> list[Block]:
    """The problems with caveats; nothing where there are none."""
    doubtful = [each for each in comparison.problems if each.caveat]
    if not doubtful:
        return []
    heading = Heading(2, "Appendix: problems with caveats", "appendix")
    return [heading, *_all(comparison, doubtful, "caveat")]


def _all(comparison: Comparison, problems: Sequence[ProblemResult], prefix: str) -> list[Block]:
    return [
        block
        for number, problem in enumerate(problems, 1)
        for block in _problem(comparison, problem, f"{prefix}-{number}")
    ]


def _problem(comparison: Comparison, problem: ProblemResult, anchor: str) -> list[Block]:
    better = "lower" if problem.goal.mode == "min" else "higher"
    facts = (
        f"{problem.goal.metric}, {better} is better; {numbers.budget(problem.budget)}; "
        f"{numbers.counted(len(problem.seeds), 'seed')}. The target is {numbers.value(problem.target)}."
    )
    blocks: list[Block] = [Heading(3, problem.problem, anchor), Paragraph((facts,), "facts")]
    if problem.caveat:
        counts = "It counts" if problem.problem in comparison.shared else "It does not count"
        blocks.append(Paragraph((f"{problem.caveat} {counts} in what is said over all problems.",), "warning"))
    table = _table(comparison, problem)
    best = numbers.listed([row.method for row in table.rows if row.is_best]) or "none"
    drawing = Drawing(
        name=anchor,
        draw=partial(plot_problem, comparison, problem),
        caption="Best value so far: median and quartiles of the runs.",
        alt=f"The best {problem.goal.metric} so far on {problem.problem}. Best mean at the end: {best}.",
    )
    return [*blocks, Beside((drawing, table))]


def _table(comparison: Comparison, problem: ProblemResult) -> Table:
    found = {each.method: each for each in problem.methods}
    order = [method for method in best_first(comparison) if method in found]
    losses = {method: loss for method in order if (loss := _loss(problem, found[method])) is not None}
    medians = numbers.values([found[method].median for method in order])
    means = numbers.intervals([found[method].mean for method in order])
    rows = tuple(
        Row(
            (
                method,
                median,
                mean,
                _record(problem, method),
                _certain(comparison, problem, method),
                _reached(comparison, found[method]),
                f"{found[method].n_failed:,}",
            ),
            method,
            is_best=len(order) > 1 and method in losses and losses[method] == min(losses.values()),
        )
        for method, median, mean in zip(order, medians, means, strict=True)
    )
    columns = (
        Column("Method", is_words=True),
        Column("Median", "final"),
        Column("Mean", "final"),
        Column("Wins–ties–losses", "wins"),
        Column("Better\u00a0/ worse by the test", "p"),
        Column("Time to target", "target"),
        Column("Failed", "failed"),
    )
    note = "With one seed there are no intervals." if len(problem.seeds) == 1 else ""
    return Table(f"Final values on {problem.problem}", columns, rows, (note,) if note else ())


def _center(result: MethodResult) -> float | None:
    return result.mean.estimate if result.mean else result.median


def _loss(problem: ProblemResult, result: MethodResult) -> float | None:
    """The mean final value with lower as better."""
    center = _center(result)
    return None if center is None else problem.goal.loss({problem.goal.metric: center})


def _record(problem: ProblemResult, method: str) -> str:
    """Against all others together."""
    own = [(each.record.wins, each.record.ties, each.record.losses) for each in problem.duels if each.first == method]
    own += [(each.record.losses, each.record.ties, each.record.wins) for each in problem.duels if each.second == method]
    if not own:
        return numbers.NOTHING
    return "–".join(str(sum(counts)) for counts in zip(*own, strict=True))


def _certain(comparison: Comparison, problem: ProblemResult, method: str) -> str:
    """How many others it is better than, and worse than, by the test over seeds."""
    better = worse = 0
    for duel in problem.duels:
        if method not in {duel.first, duel.second} or duel.p_holm >= comparison.alpha:
            continue
        is_ahead = duel.is_first_ahead == (duel.first == method)
        better, worse = better + is_ahead, worse + (not is_ahead)
    return f"{better} / {worse}" if problem.duels else numbers.NOTHING


def _reached(comparison: Comparison, result: MethodResult) -> str:
    place = numbers.spent(result.reached.median, comparison.axis)
    return f"{place} ({numbers.percent(result.reached.share)})"

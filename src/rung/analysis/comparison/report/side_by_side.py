"""Strategies side by side as a document: what each tried, how good that was and when, and when to use which."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from rung.analysis.comparison.figures import plot_problem
from rung.analysis.comparison.report import numbers
from rung.analysis.comparison.report._blocks import (
    Beside,
    Block,
    Bullets,
    Code,
    Column,
    Contents,
    Definition,
    Definitions,
    Document,
    Drawing,
    Heading,
    Paragraph,
    Row,
    Strong,
    Table,
    Text,
)
from rung.analysis.comparison.report._making import how_it_was_made
from rung.analysis.comparison.report._overall import over_all_problems
from rung.analysis.comparison.report._terms import ANCHOR, definitions
from rung.analysis.comparison.report.circumstances import Circumstances
from rung.analysis.comparison.report.verdict import best_first, pairs_of
from rung.analysis.comparison.result import Comparison
from rung.analysis.comparison.strategies import (
    BASELINE,
    Strategy,
    advice,
    conclusions,
    result_of,
    the_problem,
    trials_to_baseline,
    verdict_on,
)
from rung.analysis.comparison.tried_figure import plot_tried

if TYPE_CHECKING:
    from rung.analysis.comparison.tried import Attempt, Scene

_BY_HAND: Final[Text] = (
    "In the first hours with a new model, and whenever you know something that the search does not: ",
    Code("rung add STUDY lr=0.1"),
    " has your configuration tried next, ",
    Code("rung track"),
    " records a run made by hand, and ",
    Code("rung zoom STUDY"),
    " narrows the ranges around the best trials by one step and says what it changed. ",
    "Whatever searches next learns from all of it.",
)
_BASIC: Final = frozenset({"any-time", "regret", "mean-regret"})
"""What other definitions build upon."""


def document_side_by_side(
    comparison: Comparison,
    scene: Scene,
    strategies: Sequence[Strategy],
    circumstances: Circumstances,
    *,
    title: str = "",
) -> Document:
    """The document. title: by default, which strategies there are, and on what.

    comparison: of one problem, whose methods are the strategies. scene: one run of each.
    """
    heading = title or f"{numbers.listed(list(comparison.methods))} side by side on {the_problem(comparison).problem}"
    answer, *rest = conclusions(comparison, scene)
    blocks: list[Block] = [
        Heading(1, heading, "top"),
        Paragraph((_facts(comparison),), "facts"),
        Paragraph((Strong(answer), *(f" {sentence}" for sentence in rest)), "lead"),
        *([Bullets(tuple((each,) for each in comparison.warnings), "warning")] if comparison.warnings else []),
        Contents(),
        *_tried(scene, comparison),
        *_progress(comparison, circumstances),
        *_advice(comparison, strategies),
        *how_it_was_made(comparison, circumstances),
        Heading(2, "What the numbers mean", ANCHOR),
    ]
    return Document(heading, comparison.methods, (*blocks, _words(comparison, blocks)))


def _words(comparison: Comparison, blocks: Sequence[Block]) -> Definitions:
    """The definitions that the tables lead to, and those that these build upon."""
    inner = [part for each in blocks for part in (each.blocks if isinstance(each, Beside) else (each,))]
    used = {column.to for each in inner if isinstance(each, Table) for column in each.columns} | _BASIC
    return Definitions(tuple(each for each in definitions(comparison).items if each.anchor in used))


def _facts(comparison: Comparison) -> str:
    problem = the_problem(comparison)
    better = "lower" if problem.goal.mode == "min" else "higher"
    return (
        f"{numbers.counted(len(comparison.methods), 'strategy', 'strategies')} × "
        f"{numbers.counted(len(problem.seeds), 'seed')}, {numbers.counted(round(problem.budget.limit), 'trial')} each; "
        f"{problem.goal.metric}, {better} is better"
    )


def _tried(scene: Scene, comparison: Comparison) -> list[Block]:
    heading = Heading(2, "What each tried", "tried")
    if not scene.inputs:
        return [heading, Paragraph(("No hyperparameter that is a number varies, so there is no picture.",))]
    drawings = tuple(_drawing(scene, each, number, comparison) for number, each in enumerate(scene.attempts, 1))
    return [heading, Paragraph((_key(scene),)), Beside(drawings, is_even=True)]


def _key(scene: Scene) -> str:
    """How to read the pictures."""
    (run,) = {each.seed for each in scene.attempts}
    names = numbers.listed([each.name for each in scene.inputs])
    which = f"along {names}" + (", the two numbers that matter most" if len(scene.inputs) > 1 else "")
    found = [
        f"The run with seed {run} of each strategy, {which}. Faint points came first, the star is the best.",
        "Ticks along the sides are the different values that were tried.",
    ]
    if len(scene.inputs) > 1:
        found.append(f"Dots beside the square are {scene.goal.metric}, the better the farther out.")
    if scene.responses:
        alone = " by that number alone, on average over the others" if len(scene.inputs) > 1 else ""
        found.append(f"The grey line is what it comes to{alone}.")
    if any(each.boxes for each in scene.attempts):
        found.append("Boxes are the ranges to which the search narrowed itself.")
    return " ".join(found)


def _drawing(scene: Scene, attempt: Attempt, number: int, comparison: Comparison) -> Drawing:
    points = numbers.counted(len(attempt.configs.tried), "point")
    counts = [f"{attempt.n_values(axis)} of {each.name}" for axis, each in enumerate(scene.inputs)]
    told = f"{points}; different values: {numbers.listed(counts)}."
    return Drawing(
        name=f"tried-{number}",
        draw=partial(plot_tried, scene, methods=comparison.methods, only=[attempt.method]),
        caption=told,
        alt=f"What {attempt.method} tried: {told}",
    )


def _progress(comparison: Comparison, circumstances: Circumstances) -> list[Block]:
    """The any-time bands and the results; then each two strategies against each other, as in any report."""
    problem = the_problem(comparison)
    drawing = Drawing(
        name="progress",
        draw=partial(plot_problem, comparison, problem),
        caption="Best value so far: median and quartiles of the runs.",
        alt=f"The best {problem.goal.metric} so far, by the number of trials. Best first at the end: "
        f"{numbers.listed(list(best_first(comparison)))}.",
        methods=comparison.methods,
    )
    overall = over_all_problems(comparison, circumstances)
    at = next((index for index, each in enumerate(overall) if isinstance(each, Heading) and each.anchor == "pairs"), 0)
    return [
        Heading(2, "How good, after how many trials", "progress-of-each"),
        Beside((drawing, _results(comparison))),
        *(overall[at:] if at else []),
    ]


def _results(comparison: Comparison) -> Table:
    order = best_first(comparison)
    results = [result_of(comparison, method) for method in order]
    deciding = {each.method: each.decide_s_per_evaluation for each in comparison.overheads}
    needed = trials_to_baseline(comparison)
    told = [(each.better, each.other) for each in pairs_of(comparison) if each.pair.is_told]
    rows = []
    for result, median, mean in zip(
        results,
        numbers.values([each.median for each in results]),
        numbers.intervals([each.mean for each in results]),
        strict=True,
    ):
        method = result.method
        better = [other for winner, other in told if winner == method]
        cells = (
            method,
            median,
            mean,
            numbers.listed(better) if better else numbers.NOTHING,
            *((_needed(needed[method]),) if needed else ()),
            numbers.seconds(deciding[method]),
        )
        rows.append(Row(cells, method, is_best=len(better) == len(order) - 1))
    columns = (
        Column("Strategy", is_words=True),
        Column("Median", "final"),
        Column("Mean", "final"),
        Column("Better than", "apart", is_words=True),
        *((Column(f"Trials to {BASELINE}’s end", "any-time"),) if needed else ()),
        Column("Deciding per trial", "overhead"),
    )
    note = "With one seed there are no intervals." if len(the_problem(comparison).seeds) == 1 else ""
    return Table("Where the runs ended", columns, tuple(rows), (note,) if note else ())


def _needed(count: int | None) -> str:
    return "never" if count is None else f"{count:,}"


def _advice(comparison: Comparison, strategies: Sequence[Strategy]) -> list[Block]:
    items = tuple(
        Definition(each.name, f"use-{number}", " ".join(filter(None, [advice(each), verdict_on(comparison, each)])))
        for number, each in enumerate(strategies, 1)
    )
    return [
        Heading(2, "When to use which", "use"),
        Definitions(items),
        Paragraph((Strong("By hand. "), *_BY_HAND)),
        Paragraph((
            "What is better here need not be so for another objective. The same on yours: ",
            Code("rung strategies train.py:train -s lr=log:1e-4:1 -s units=int:16:256 --trials 25"),
            ".",
        )),
    ]  # fmt: skip

"""The whole report as a document, in the order in which it is read."""

from __future__ import annotations

from rung.analysis.comparison.report import numbers
from rung.analysis.comparison.report._blocks import Block, Bullets, Contents, Document, Heading, Paragraph, Strong, Text
from rung.analysis.comparison.report._each_problem import appendix, each_problem
from rung.analysis.comparison.report._making import how_it_was_made
from rung.analysis.comparison.report._overall import over_all_problems, overheads
from rung.analysis.comparison.report._terms import ANCHOR, definitions
from rung.analysis.comparison.report.circumstances import Circumstances
from rung.analysis.comparison.report.verdict import verdict
from rung.analysis.comparison.result import Comparison


def document_of(comparison: Comparison, circumstances: Circumstances, *, title: str = "") -> Document:
    """The document. title: by default, what is compared."""
    heading = title or f"{_methods(comparison)} compared on {_problems(comparison)}"
    answer, *rest = verdict(comparison)
    blocks: list[Block] = [
        Heading(1, heading, "top"),
        Paragraph((_facts(comparison),), "facts"),
        Paragraph((Strong(answer), *(f" {sentence}" for sentence in rest)), "lead"),
        *_warnings(comparison, circumstances),
        Contents(),
        *over_all_problems(comparison, circumstances),
        *each_problem(comparison),
        *overheads(comparison, circumstances),
        *appendix(comparison),
        *how_it_was_made(comparison, circumstances),
        Heading(2, "What the numbers mean", ANCHOR),
        definitions(comparison),
    ]
    return Document(heading, comparison.methods, tuple(blocks))


def _methods(comparison: Comparison) -> str:
    if len(comparison.methods) <= 3:
        return numbers.listed(list(comparison.methods))
    return f"{len(comparison.methods)} methods"


def _problems(comparison: Comparison) -> str:
    if len(comparison.problems) == 1:
        return comparison.problems[0].problem
    return f"{len(comparison.problems)} problems"


def _facts(comparison: Comparison) -> str:
    """How large the comparison is."""
    counts = sorted({len(each.seeds) for each in comparison.problems})
    seeds = numbers.counted(counts[0], "seed") if len(counts) == 1 else f"{counts[0]}–{counts[-1]} seeds"
    budgets = list(dict.fromkeys(numbers.budget(each.budget) for each in comparison.problems))
    budget = budgets[0] if len(budgets) == 1 else "budgets that differ between problems"
    methods = numbers.counted(len(comparison.methods), "method")
    problems = numbers.counted(len(comparison.problems), "problem")
    return f"{methods} × {problems} × {seeds}; {budget}"


def _warnings(comparison: Comparison, circumstances: Circumstances) -> list[Block]:
    found: list[Text] = [(warning,) for warning in comparison.warnings]
    if circumstances.missing:
        count = len(circumstances.missing)
        runs = "1 run that was asked for is" if count == 1 else f"{count:,} runs that were asked for are"
        found.append((f"{runs} missing; see below.",))
    if circumstances.ignored:
        count = len(circumstances.ignored)
        lines = "1 line of the results is" if count == 1 else f"{count:,} lines of the results are"
        found.append((f"{lines} ignored; see below.",))
    return [Bullets(tuple(found), "warning")] if found else []

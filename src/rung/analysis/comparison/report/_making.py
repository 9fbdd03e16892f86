"""The part of a report that says how it was made, so that someone who has only the report can make it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from rung.analysis.comparison._method_looks import NOUNS
from rung.analysis.comparison.report import numbers
from rung.analysis.comparison.report._blocks import (
    Block,
    Bullets,
    Code,
    Column,
    Heading,
    Listing,
    Paragraph,
    Row,
    Table,
    Text,
)
from rung.analysis.comparison.report.circumstances import Circumstances, Failure, Told
from rung.analysis.comparison.result import Comparison, ProblemResult
from rung.analysis.comparison.runs import Key

MOST: Final = 40  # lines of a list whose length nobody bounds


def how_it_was_made(comparison: Comparison, circumstances: Circumstances) -> list[Block]:
    """Command lines, machines, versions, problems with their seeds and budgets, and what is missing or was ignored."""
    return [
        Heading(2, "How it was made", "making"),
        Bullets(tuple(_facts(comparison, circumstances))),
        *_commands(circumstances),
        Heading(3, "Problems, budgets and seeds", "budgets"),
        _problems(comparison),
        *_versions(comparison),
        *_failures(circumstances.failures),
        *_missing(circumstances.missing),
        *_ignored(circumstances),
    ]


def _facts(comparison: Comparison, circumstances: Circumstances) -> list[Text]:
    found: list[Text] = []
    where = f" in {circumstances.source}" if circumstances.source else ""
    cpu, wall = numbers.seconds(circumstances.cpu_s), numbers.seconds(circumstances.wall_s)
    took = f"took {cpu} of CPU time and {wall} of wall-clock time, added up" if circumstances.cpu_s else f"took {wall}"
    found.append((f"{numbers.counted(circumstances.n_runs, 'run')}{where}, which {took}.",))
    if circumstances.began is not None and circumstances.ended is not None:
        found.append((f"Made from {_when(circumstances.began)} to {_when(circumstances.ended)}.",))
    if circumstances.machines:
        found.append((f"Machine: {_all(circumstances.machines)}.",))
    if circumstances.pythons:
        found.append((f"Python {_all(circumstances.pythons)}.",))
    if circumstances.initial:
        counts = numbers.listed([f"{count:,}" for count in circumstances.initial], last="or")
        found.append((f"Initial configurations, the same for all methods of a problem and seed: {counts}.",))
    found += [(f"{note.name}: {_all(note.values)}.",) for note in circumstances.notes]
    resamples = f"{comparison.n_resamples:,} resamples, which begin from seed {comparison.seed}"
    trust = f"{100 * comparison.confidence:g} % intervals from {resamples}; α = {comparison.alpha:g}"
    return [*found, (f"Compared along {NOUNS[comparison.axis]}; {trust}.",)]


def _when(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _all(told: Sequence[Told]) -> str:
    """What runs say; with their numbers where they don't all say the same."""
    if len(told) == 1:
        return told[0].words
    shown = [f"{each.words} ({numbers.counted(each.n_runs, 'run')})" for each in told[:MOST]]
    return "; ".join([*shown, *_more(len(told))])


def _commands(circumstances: Circumstances) -> list[Block]:
    lines = [each.words for each in circumstances.commands[:MOST]]
    lines += [f"# {words}" for words in _more(len(circumstances.commands))]
    lines += [circumstances.command] if circumstances.command else []
    if not lines:
        return []
    return [Heading(3, "Command lines", "commands"), Listing("\n".join(lines))]


def _problems(comparison: Comparison) -> Table:
    columns = (
        Column("Problem", is_words=True),
        Column("Metric", is_words=True),
        Column("Budget", is_words=True),
        Column("Seeds", is_words=True),
        Column("0 of regret", "regret"),
        Column("1 of regret", "regret"),
        Column("Scale from", "regret", is_words=True),
    )
    rows = tuple(_problem(each) for each in comparison.problems)
    return Table("Problems: what was asked for, and from what regret is measured", columns, rows)


def _problem(problem: ProblemResult) -> Row:
    best, median = problem.goal.value(problem.scale.best), problem.goal.value(problem.scale.median)
    cells = (
        problem.problem,
        f"{problem.goal.metric} ({problem.goal.mode})",
        numbers.budget(problem.budget),
        numbers.ranges(problem.seeds),
        numbers.value(best, beside=[median]),
        numbers.value(median, beside=[best]),
        "the problem" if problem.scale.is_known else "these runs",
    )
    return Row(cells)


def _versions(comparison: Comparison) -> list[Block]:
    if not comparison.versions:
        return []
    columns = (Column("Package", is_words=True), Column("Version", is_words=True))
    rows = tuple(Row((package, ", ".join(versions))) for package, versions in comparison.versions.items())
    return [Heading(3, "Versions", "versions"), Table("Packages", columns, rows)]


def _failures(failures: Sequence[Failure]) -> list[Block]:
    if not failures:
        return []
    columns = tuple(Column(title, is_words=True) for title in ("Method", "Problem", "Seeds", "Reason"))
    rows = tuple(Row((each.method, each.problem, numbers.ranges(each.seeds), each.reason)) for each in failures[:MOST])
    blocks: list[Block] = [Heading(3, "Failed runs", "failures"), Table("Runs without a proper end", columns, rows)]
    blocks += [Paragraph((f"{words}.",)) for words in _more(len(failures))]
    shown = failures[:MOST]
    blocks += _listings("Traceback", {each.traceback: each for each in reversed(shown)})
    blocks += _listings("Output", {each.output: each for each in reversed(shown)})
    return blocks


def _listings(what: str, first_of: dict[str, Failure]) -> list[Block]:
    """Each text once, with the first failure that has it, in the order of the failures; empty ones are left out."""
    return [
        Listing(text, title=f"{what} of {each.method} on {each.problem} with seed {each.seeds[0]}")
        for text, each in reversed(first_of.items())
        if text
    ]


def _missing(missing: Sequence[Key]) -> list[Block]:
    if not missing:
        return []
    seeds: dict[tuple[str, str], list[int]] = {}
    for key in missing:
        seeds.setdefault((key.method, key.problem), []).append(key.seed)
    items: list[Text] = [
        (f"{method} on {problem}: seed{'' if len(found) == 1 else 's'} {numbers.ranges(found)}",)
        for (method, problem), found in list(seeds.items())[:MOST]
    ]
    items += [(words,) for words in _more(len(seeds))]
    return [Heading(3, "Missing runs", "missing"), Bullets(tuple(items))]


def _ignored(circumstances: Circumstances) -> list[Block]:
    if not circumstances.ignored:
        return []
    where: Text = (" of ", Code(circumstances.source)) if circumstances.source else ()
    items: list[Text] = [(f"Line {each.line}", *where, f": {each.reason}") for each in circumstances.ignored[:MOST]]
    items += [(words,) for words in _more(len(circumstances.ignored))]
    return [Heading(3, "Ignored lines", "ignored"), Bullets(tuple(items))]


def _more(total: int) -> list[str]:
    return [f"and {total - MOST:,} more"] if total > MOST else []

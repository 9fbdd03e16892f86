"""``rung bench report``: what the runs of a folder show."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.report import circumstances_of, verdict, write_report
from rung.analysis.comparison.report.numbers import interval, seconds
from rung.analysis.comparison.report.verdict import best_first
from rung.analysis.comparison.runs import Key
from rung.benchmarks.problems.catalogue import members, set_names
from rung.benchmarks.results import Ignored, read
from rung.benchmarks.runner import RESULTS
from rung.cli._bench_options import command_line
from rung.cli._output import print_json, print_table
from rung.cli.main import tell
from rung.errors import SettingError

if TYPE_CHECKING:
    from rung.analysis.comparison.report import Circumstances
    from rung.analysis.comparison.result import Comparison
    from rung.analysis.comparison.runs import Run


class Found(NamedTuple):
    """What was found in a folder."""

    comparison: Comparison
    circumstances: Circumstances
    ignored: tuple[Ignored, ...]


def compared(folder: Path, methods: Sequence[str], problems: Sequence[str], axis: str | None) -> Found:
    """Compare the runs in the folder; of these methods and problems where any are named.

    SettingError where there are none, and where they can't be compared.
    """
    results = read(folder / RESULTS)
    runs = _on(results.runs, problems) if problems else results.runs
    comparison = compare_runs(runs, methods=methods or None, axis=axis)
    kept = [run for run in runs if run.method in comparison.methods]
    circumstances = circumstances_of(
        kept,
        ignored=[(each.line, each.reason) for each in results.ignored],
        missing=_missing(kept),
        source=str(folder / RESULTS),
        command=command_line(click.get_current_context()),
    )
    return Found(comparison, circumstances, results.ignored)


def write_page(found: Found, out: Path, *, title: str) -> tuple[Path, ...]:
    """Write the page and the Markdown; their paths."""
    return write_report(found.comparison, found.circumstances, out, title=title)


def print_result(found: Found, pages: Sequence[Path], *, as_json: bool) -> None:
    """Say who is best and how sure that is, and where the pages are."""
    for each in found.ignored:
        tell(f"line {each.line} of {found.circumstances.source} is not used: {each.reason}.")
    if as_json:
        print_json({"comparison": found.comparison.to_json(), "verdict": list(verdict(found.comparison)),
                    "pages": [str(page) for page in pages]})  # fmt: skip
        return
    _print_table(found.comparison)
    for sentence in verdict(found.comparison):
        click.echo(sentence)
    for warning in found.comparison.warnings:
        click.echo(f"Note: {warning}")
    for page in pages:
        click.echo(str(page))


def _print_table(comparison: Comparison) -> None:
    """The methods, the best first; nothing where no problem has runs of all of them."""
    aggregates = {each.method: each for each in comparison.aggregates}
    deciding = {each.method: each.decide_s_per_evaluation for each in comparison.overheads}
    rows = [
        (
            method,
            interval(aggregates[method].mean),
            "–" if (rank := aggregates[method].rank[-1]) is None else f"{rank:.2f}",
            seconds(deciding.get(method)),
        )
        for method in best_first(comparison)
        if method in aggregates
    ]
    if rows:
        titles = ("method", "mean normalised regret", "rank", "deciding per evaluation")
        print_table(titles, rows, right=titles[1:])
        click.echo()


def _on(runs: Sequence[Run], names: Sequence[str]) -> list[Run]:
    """The runs on these problems, or on those of these sets."""
    there = {run.problem for run in runs}
    wanted: set[str] = set()
    for name in names:
        chosen = {each for each in there if each == name or each.startswith(f"{name}:")}  # a whole family, too
        if not chosen and name in set_names():
            chosen = _members(name)
        if not chosen & there:
            raise SettingError(f"There are no runs on {name!r}.", hint=f"There are runs on {', '.join(sorted(there))}.")
        wanted |= chosen & there
    return [run for run in runs if run.problem in wanted]


def _members(name: str) -> set[str]:
    try:
        return set(members(name))
    except SettingError as error:  # what is in it stands in data, and a report needs none
        raise SettingError(
            f"What is in the set {name!r} is not known here.",
            hint="Name the problems, or a family of them such as lcbench.",
        ) from error


def _missing(runs: Sequence[Run]) -> list[Key]:
    """What lacks so that every method has every seed on every problem."""
    problems, methods, seeds = (sorted({*each}) for each in zip(*(run.key for run in runs), strict=True))
    there = {run.key for run in runs}
    return [key for each in product(problems, methods, seeds) if (key := Key(*each)) not in there]

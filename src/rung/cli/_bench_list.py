"""``rung bench list``: the methods and problems that can be compared here."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rung.benchmarks.methods import PEERS, names
from rung.benchmarks.problems.catalogue import members, problem, set_names
from rung.benchmarks.problems.catalogue import names as problem_names
from rung.cli._output import print_table
from rung.console.wording import number
from rung.errors import MissingExtraError, RungError

if TYPE_CHECKING:
    from rung.types import Json


def methods_there() -> list[dict[str, Json]]:
    """Each method by name, whether it is installed, and what installs it."""
    is_there: dict[str, bool] = {}
    rows: list[dict[str, Json]] = []
    for name in names():
        peer, colon, _ = name.partition(":")
        if colon and peer not in is_there:
            modules = import_module(f"rung.benchmarks.peers.{PEERS[peer]}").MODULES
            is_there[peer] = all(find_spec(module.partition(".")[0]) is not None for module in modules)
        is_installed = is_there[peer] if colon else True
        rows.append({"name": name, "is_installed": is_installed, "hint": "" if is_installed else _install(peer)})
    return rows


def print_methods(rows: Sequence[dict[str, Any]]) -> None:
    """A table of them."""
    print_table(("method", "here"), [(row["name"], "yes" if row["is_installed"] else row["hint"]) for row in rows])
    click.echo(
        "\nA scheduler and a searcher are joined as asha+random, and take options: asha(reduction_factor=2)+random."
    )


def problems_there(data_dir: Path | None) -> list[dict[str, Json]]:
    """Each listed problem with the sets that it is in and what is known of it."""
    sets = {name: _members(name, data_dir) for name in set_names()}
    return [
        _problem(name, [each for each, inside in sets.items() if name in inside], data_dir)
        for name in problem_names(data_dir)
    ]


def print_problems(rows: Sequence[dict[str, Any]]) -> None:
    """A table of them."""
    titles = ("problem", "sets", "steps", "best", "median", "remark")
    lines = [
        (
            row["name"],
            " ".join(row["sets"]),
            "" if row["steps"] is None else str(row["steps"]),
            number(row["best"]),
            number(row["median"]),
            row["caveat"] or row["hint"],
        )
        for row in rows
    ]
    print_table(titles, lines, right=("steps", "best", "median"))
    click.echo(
        "\nMany take arguments, such as ackley:5; lcbench and its kin need --data-dir. See docs/benchmark-problems.md."
    )


def _problem(name: str, sets: Sequence[str], data_dir: Path | None) -> dict[str, Json]:
    row: dict[str, Json] = {"name": name, "sets": list(sets), "steps": None, "best": None, "median": None}
    try:
        on = problem(name, data_dir=data_dir)
    except RungError as error:  # it needs a package, data, or an argument
        return {**row, "caveat": "", "hint": error.hint or error.sentence}
    return {**row, "steps": on.n_steps, "best": on.best, "median": on.median, "caveat": on.caveat, "hint": ""}


def _members(name: str, data_dir: Path | None) -> tuple[str, ...]:
    try:
        return members(name, data_dir=data_dir)
    except RungError:  # its data are not here
        return ()


def _install(peer: str) -> str:
    return MissingExtraError(peer, peer).hint

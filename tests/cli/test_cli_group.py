from __future__ import annotations

import click
import pytest

from rung.cli.import_ import import_
from rung.cli.store import store


@pytest.mark.parametrize(
    ("verb", "names"),
    [("import", ("csv", "json", "parquet", "optuna")), ("store", ("backup", "verify", "gc", "copy", "upgrade"))],
)
def test_alone_it_says_which_there_are(invoke, verb: str, names: tuple[str, ...]) -> None:
    done = invoke(verb, exit_code=2)
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first == f"rung: `rung {verb}` does nothing by itself."
    for name in names:
        assert f"rung {verb} {name}" in second


def test_an_unknown_one_names_the_nearest(invoke) -> None:
    done = invoke("import", "parket", "x", exit_code=2)
    assert done.stderr == "rung: there is no command 'parket'.\nhint: Did you mean `rung import parquet`?\n"
    assert "hint: There are: csv, json, parquet, optuna." in invoke("import", "xyzzy", exit_code=2).stderr
    assert "Did you mean `rung store backup`?" in invoke("store", "backpu", exit_code=2).stderr


def test_help_lists_them_all(invoke) -> None:
    assert "parquet" in invoke("import", "--help").stdout


def test_completion_of_an_unknown_one_is_silent() -> None:
    for group in (import_, store):
        context = click.Context(group, info_name=group.name, resilient_parsing=True)
        assert group.get_command(context, "nonsense") is None
        assert group.parse_args(context, []) == []

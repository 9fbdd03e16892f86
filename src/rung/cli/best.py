"""``rung best``: the best configuration, in a form that can be pasted."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import click

from rung.cli._complete import complete_study
from rung.cli._options import debug_option, json_option, reading, store_option
from rung.cli.main import tell
from rung.errors import RungError
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.types import Config, Json


@click.command()
@click.argument("study", shell_complete=complete_study)
@click.option("--as", "form", type=click.Choice(["args", "json", "toml"]), help="Print the configuration alone.")
@store_option
@json_option
@debug_option
def best(study: str, form: str | None, store: str, *, as_json: bool) -> None:
    """Print the best configuration.

    As args it pastes behind the training command: --lr 0.012 --opt adam.
    """
    from rung.cli._facts import incumbent_of
    from rung.cli._output import print_facts, print_json
    from rung.console.wording import number

    with reading(store) as opened:
        row = opened.tables.study(study)
        found = incumbent_of(row, opened)
        trial = None if found is None else opened.tables.trial(study, found.trial)
    if found is None or trial is None:
        raise RungError(
            f"the study {study!r} has no value of {row.goal.metric} yet.",
            hint=f"See what its trials are doing: rung trials {shlex.quote(study)}",
        )
    if trial.state is TrialState.FAILED:
        tell(
            f"trial {trial.number} failed in the end ({trial.reason}), so its configuration may not be fit for use.",
            f"Those that came to their end: rung trials {shlex.quote(study)} --where state=done --sort best",
        )
    if as_json:
        print_json(
            {
                "study": study,
                "trial": found.trial,
                "state": trial.state,
                "step": found.step,
                "metric": row.goal.metric,
                "value": found.error,
                "config": dict(found.config),
            }
        )
    elif form is not None:
        click.echo({"args": as_args, "json": _as_json, "toml": as_toml}[form](found.config))
    else:
        print_facts(
            [
                (row.goal.metric, f"{number(found.error)} in trial {found.trial} at step {found.step}"),
                *((name, spelled(value)) for name, value in found.config.items()),
                ("args", as_args(found.config)),
            ]
        )


def as_args(config: Config) -> str:
    """``--name value`` for each hyperparameter, quoted for a shell; the same words that scripts are run with."""
    return " ".join(f"{shlex.quote(f'--{name}')} {shlex.quote(spelled(value))}" for name, value in config.items())


def as_toml(config: Config) -> str:
    """One line per hyperparameter. TOML has no null: such a line is a comment."""
    return "\n".join(
        f"# {json.dumps(name, ensure_ascii=False)} is null" if value is None else f"{_toml_key(name)} = {_toml(value)}"
        for name, value in config.items()
    )


def spelled(value: Json) -> str:
    """A string as it stands, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _as_json(config: Config) -> str:
    return json.dumps(dict(config), ensure_ascii=False)


def _toml_key(name: str) -> str:
    is_bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if is_bare else _toml(name)


def _toml(value: Json) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)

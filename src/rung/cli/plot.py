"""``rung plot``: figures of a study."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rung.cli._complete import complete_kind, complete_study
from rung.cli._options import UsageProblem, debug_option, leave_to_shell, reading, store_option
from rung.cli._where import asking, where_option

if TYPE_CHECKING:
    from rung.analysis.plots import Over
    from rung.study import Study


@click.command()
@click.argument("study", shell_complete=complete_study)
@click.argument("kind", default="overview", required=False, shell_complete=complete_kind)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=leave_to_shell,
    help="Write here: .png, .svg, .pdf or .json.  [default: STUDY-KIND.png]",
)
@click.option(
    "--x", "over", type=click.Choice(["seconds", "trials", "epochs"]), help="What the any-time curve runs along."
)
@click.option("--hyperparameters", metavar="A,B,…", help="Which ones parallel, slice, contour and posterior show.")
@click.option("--step-name", default="step", show_default=True, metavar="WORD", help="What a step is called.")
@where_option("lr<0.1 and state=done")
@click.option("--open", "is_opened", is_flag=True, help="Show the picture.")
@store_option
@debug_option
def plot(  # noqa: PLR0917  click gives them by name
    study: str,
    kind: str,
    output: str | None,
    over: Over | None,
    hyperparameters: str | None,
    step_name: str,
    where: str | None,
    store: str,
    *,
    is_opened: bool,
) -> None:
    """Draw a study.

    KIND is overview (the default), any_time, curves, parallel, slice, contour, importance, posterior, edf or timeline.
    A file that exists is replaced.

    \b
    rung plot lenet
    rung plot lenet any_time --x trials -o lenet.svg
    rung plot lenet contour --hyperparameters lr,dropout --where "state=done"
    rung plot lenet posterior --hyperparameters lr
    """  # noqa: D301  click wants the bare \b
    from rung.study import Study

    kind = kind.replace("-", "_")
    names = None if hyperparameters is None else [name.strip() for name in hyperparameters.split(",")]
    path = Path(output if output is not None else _file_name(study, kind))
    if path.suffix == ".json" and (over is not None or is_opened):
        raise UsageProblem("--x and --open are for pictures, not for JSON.", hint="Leave them out, or write a .png.")
    with reading(store) as opened, asking():
        seen = Study(opened, study)
        _check_ending(path)
        if path.suffix == ".json":
            _write_json(path, seen, kind, where, names)
        else:
            seen.plot(kind, path, where=where, x=over, hyperparameters=names, step_name=step_name)
    click.echo(str(path))
    if is_opened:
        click.launch(str(path))


def _check_ending(path: Path) -> None:
    from rung.analysis.pictures import format_of
    from rung.errors import SettingError

    try:
        if path.suffix != ".json":
            format_of(path)
    except SettingError as error:
        raise UsageProblem(error.sentence, hint="Use .png, .svg, .pdf or .json.") from error


def _write_json(path: Path, study: Study, kind: str, where: str | None, names: list[str] | None) -> None:
    from rung.errors import RungError

    text = json.dumps(study.plot_json(kind, where=where, hyperparameters=names), ensure_ascii=False, allow_nan=False)
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise RungError(
            f"The figure can't be written to {path}: {error.strerror or error}.", hint="Choose another path."
        ) from error


def _file_name(study: str, kind: str) -> str:
    """A file in the working directory, whatever the study is called."""
    name = re.sub(r"[^\w.-]", "-", study).lstrip(".-") or "study"
    return f"{name}-{kind}.png"

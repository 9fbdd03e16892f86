"""``rung zoom``: one step from coarse to fine."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from rung.cli._complete import complete_study
from rung.cli._options import debug_option, json_option, reading, store_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rung.space import Domain, Float, Int
    from rung.space.zooming import End
    from rung.tuning.zooming import Zoom
    from rung.types import Json


@click.command()
@click.argument("study", shell_complete=complete_study)
@click.option(
    "--top", type=float, default=0.2, show_default=True, metavar="SHARE", help="So many of the trials are the best."
)
@click.option(
    "--margin", type=float, default=0.05, show_default=True, metavar="SHARE", help="Beyond their values, of each range."
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@store_option
@json_option
@debug_option
def zoom(study: str, top: float, margin: float, store: str, *, dry_run: bool, as_json: bool) -> None:
    """Draw the space closer around the best trials: rung zoom lenet --top 0.2.

    Ranges become those of the best trials with a margin, but never less than half of what they were; where the best
    trial is at the border, they open again. What was tried stays, and the searcher goes on learning from it. With
    `rung edit` you set ranges yourself, also wider ones.
    """
    from rung.cli._command import send
    from rung.cli._where import asking
    from rung.commands import EditSpace
    from rung.space.zooming import checked_shares
    from rung.tuning.zooming import plan_zoom

    with asking():
        checked_shares(top, margin)
    with reading(store) as opened:
        plan = plan_zoom(opened, study, top=top, margin=margin)
        is_asked = bool(plan.changes) and not dry_run
        told = [send(opened, study, EditSpace(plan.space.to_json()))] if is_asked else []
    if as_json:
        _print_json(plan, told)
    else:
        _print(plan, told)


def _print(plan: Zoom, told: list[str]) -> None:
    from rung.cli._output import print_table
    from rung.console.wording import plural, settings
    from rung.space.zooming import words

    steps, best, trials = plan.zoomed.steps, plan.zoomed.best, plan.zoomed.trials
    click.echo(f"The {best} best of {plural(trials, 'trial')} with a result:")
    rows = [
        (each.name, words(each.former), words(each.now) if each.is_changed else "as before", each.why) for each in steps
    ]
    print_table(["hyperparameter", "from", "to", "why"], rows)
    for line in _hints(plan):
        click.echo(line)
    for config in plan.edit.dropped:
        click.echo(f"not tried any more, as the space won't have it: {settings(config)}")
    click.echo(
        "\n".join(told) or ("Nothing was changed." if plan.changes else f"Nothing changes in {plan.edit.study}.")
    )


def _print_json(plan: Zoom, told: list[str]) -> None:
    from rung.cli._output import print_json

    dimensions: list[dict[str, Json]] = [
        {
            "name": each.name,
            "before": each.former.to_json(),
            "after": each.now.to_json(),
            "why": each.why,
            "open_end": each.open_end,
        }
        for each in plan.zoomed.steps
    ]
    print_json(
        {
            "study": plan.edit.study,
            "best": plan.zoomed.best,
            "trials": plan.zoomed.trials,
            "dimensions": dimensions,
            "hints": list(_hints(plan)),
            "dropped": [dict(config) for config in plan.edit.dropped],
            "told": told,
        }
    )


def _hints(plan: Zoom) -> Iterator[str]:
    """Which ranges end too early, it seems, and the command that extends each."""
    for step in plan.zoomed.steps:
        if step.open_end is None:
            continue
        wider = _wider(step.now, step.open_end)
        line = "" if wider is None else f": {shlex.join(['rung', 'edit', plan.edit.study, f'{step.name}={wider}'])}"
        yield f"{step.hint[0].upper()}{step.hint[1:]}; to go beyond{line or ', use `rung edit`'}"


def _wider(domain: Domain, end: End) -> str | None:
    """A range that goes farther at one end, as ``rung edit`` takes it; None where none suggests itself."""
    from rung.space import Float, Int

    if not isinstance(domain, Float | Int):
        return None
    ends = {"lower": domain.low, "upper": domain.high}
    former = ends[end]
    ends[end] = _farther(domain, end)
    if isinstance(domain, Int):
        ends[end] = round(ends[end])
    if domain.step is not None:
        ends[end] = former + round((ends[end] - former) / domain.step) * domain.step
    if ends[end] == former or (domain.log and ends["lower"] <= 0):
        return None
    kind = {(False, False): "float", (False, True): "log", (True, False): "int", (True, True): "logint"}
    low, high = (f"{value:.4g}" if isinstance(value, float) else str(value) for value in ends.values())
    step = "" if domain.step is None else f":step={domain.step:g}"
    return f"{kind[isinstance(domain, Int), domain.log]}:{low}:{high}{step}"


def _farther(domain: Float | Int, end: End) -> float:
    """Tenfold on a log scale, else half as far again; what is above 0 stays so, and what begins there goes on to."""
    low, high = domain.low, domain.high
    if end == "upper":
        return high * 10.0 if domain.log else high + (high - low) / 2.0
    if domain.log:
        return low / 10.0
    return low / 2.0 if low >= 0.0 else low - (high - low) / 2.0

"""``rung track``: a run by hand, recorded as a trial."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, final

import click

from rung.cli._complete import complete_study
from rung.cli._options import UsageProblem, debug_option, leave_to_shell, store_option

_COMMAND = "rung.command"
"""The key in the context under which the words behind ``--`` are."""


@final
class _OtherCommand(click.Command):
    """A command that leaves alone what stands behind ``--``: it is the command line of another program."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words behind the first ``--`` as they are."""
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[_COMMAND] = args[at + 1 :]
        return super().parse_args(ctx, args[:at])


@click.command(cls=_OtherCommand)
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]... -- PROGRAM ARGS...", shell_complete=leave_to_shell)
@click.option(
    "-n", "--name", required=True, metavar="NAME", shell_complete=complete_study, help="The study of the runs."
)
@click.option("--no-args", is_flag=True, help="Record the hyperparameters, but leave the command line as it is.")
@click.option("--metric", metavar="NAME", help="The metric that is judged; error, or what the study began with.")
@click.option("--mode", type=click.Choice(["min", "max"]), help="Whether it is to be low (min) or high.")
@click.option("--message", default="", metavar="TEXT", help="A note on this run.")
@click.option("--project", metavar="NAME", help="What a new study belongs to.")
@store_option
@debug_option
@click.pass_context
def track(ctx: click.Context, /, values: Sequence[str], store: str, **options: Any) -> int:
    """Record a run by hand as a trial: its hyperparameters, reports, output and code.

    \b
    rung track -n tries lr=0.1 batch_size=64 -- python train.py --epochs 20
    rung track -n tries lr=0.1 -- ./train.sh --rate {lr}

    The program gets the hyperparameters as `rung run` gives them: as --lr 0.1, or where {lr} stands. What it prints is
    shown and kept; it can't read from the terminal, and Ctrl-C ends it. The exit code is the program's. A run without
    a report (rung.report in Python, the command `rung report` elsewhere) is recorded as failed: there is nothing to
    judge it by. A run that was cut off can be gone on with by `rung resume`, until the next one is begun.

    With the name of a study that searches, such as one of `rung run`, the run becomes a trial of that study when it
    ends, and its searcher learns from it, whether a tuner runs the study meanwhile or not.
    """  # noqa: D301  click wants the bare \b
    from rung.cli._aside import Aside, config_for, searches
    from rung.cli._placeholders import check_placeholders
    from rung.cli._space import parse_values
    from rung.cli._tracking import Tracking, goal_of, tracked
    from rung.store import open_store
    from rung.tuning.opening import find_study

    if not (command := ctx.meta[_COMMAND]):
        raise UsageProblem("nothing says what to run.", hint="End the line with the command: -- python train.py.")
    config = parse_values(values, "track")
    check_placeholders(command, config)
    objective = tracked(command, adds_arguments=not options["no_args"])
    with contextlib.closing(open_store(store, create=True)) as opened:
        created = find_study(opened, options["name"], resume="auto")
        goal = goal_of(created, metric=options["metric"], mode=options["mode"])
        if created is not None and searches(created):
            config = config_for(opened, created, config, goal, options["project"])
            return Aside(opened, created, note=options["message"]).run(objective, config)
        tracking = Tracking(opened, options["name"], message=options["message"])
        return tracking.run(objective, config, goal, project=options["project"])

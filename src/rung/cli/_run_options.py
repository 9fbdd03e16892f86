"""The options of ``run``, and those that ``resume`` has too, in the groups in which one thinks of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rung.cli._complete import complete_scheduler, complete_searcher
from rung.cli._options import COUNT, UsageProblem, read_duration
from rung.errors import SettingError

if TYPE_CHECKING:
    from rung.backends.resources import Resources
    from rung.stopping import Criterion

_Command = TypeVar("_Command", bound=Callable[..., Any])

_option = click.option
_VARIANTS = ["stopping", "promotion", "synchronous"]


def _read_grace(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
    if value is None or value == "auto":
        return value
    try:
        return int(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is neither a number of steps nor auto.", ctx, param) from None


def _read_eta(ctx: click.Context, param: click.Parameter, value: float | None) -> float | int | None:  # noqa: ARG001
    return int(value) if value is not None and value.is_integer() else value


def _group(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Several options as one decorator; ``--help`` lists them in this order."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


name_options: Callable[[Any], Any] = _group(
    _option("-n", "--name", metavar="NAME", help="The study's name; an existing study is gone on with."),
    _option("--new", is_flag=True, help="Begin a new study even where the name is taken: it gets a number."),
    _option("--project", metavar="NAME", help="What the study belongs to."),
    _option("--tag", "tags", multiple=True, metavar="TAG", help="A tag of the study; may be given several times."),
)

message_option: Callable[[Any], Any] = _option(
    "-m",
    "--message",
    default="",
    show_default=False,
    metavar="TEXT",
    help="What it is about; on an existing study, a note.",
)

search_options: Callable[[Any], Any] = _group(
    _option("-s", "--space", multiple=True, metavar="NAME=…", help="A hyperparameter: lr=log:1e-4:1, opt=adam,sgd."),
    _option("--init", multiple=True, metavar="NAME=VALUE", help="One value of the configuration to try first."),
    _option(
        "--prior",
        multiple=True,
        metavar="NAME=~VALUE",
        help="Where the best value is believed to be: lr=~1e-3, and lr=~1e-3:high or :low for how sure that is.",
    ),
    _option("--metric", default="error", metavar="NAME", help="The metric that is judged."),
    _option("--mode", type=click.Choice(["min", "max"]), default="min", help="Whether it is to be low or high."),
    _option(
        "--searcher",
        default="auto",
        metavar="NAME",
        shell_complete=complete_searcher,
        help="auto, gp, tpe, random, grid, zoom, manual …, or module:Class.",
    ),
    _option(
        "--scheduler",
        default="auto",
        metavar="NAME",
        shell_complete=complete_scheduler,
        help="asha, hyperband, freeze-thaw, pbt, basic …, or module:Class; auto knows when asha fits.",
    ),
    _option("--max-t", type=int, metavar="N", help="The step at which a trial is fully trained."),
    _option("--grace", "grace_period", callback=_read_grace, metavar="N|auto", help="The steps that every trial gets."),
    _option(
        "--eta",
        "reduction_factor",
        callback=_read_eta,
        type=float,
        metavar="N",
        help="One in so many goes on from each rung.",
    ),
    _option("--variant", type=click.Choice(_VARIANTS), help="Stop the others, pause them, or wait for each rung."),
    _option(
        "--stop-trial",
        "stop_trial",
        multiple=True,
        metavar="WHEN",
        help="When a trial is stopped: patience:N, diverged, median, unpromising:N, epochs:N, seconds:2h, reached:0.1. "
        "Any of several; with commas between them, all of them.",
    ),
    _option(
        "--incumbent-from",
        type=click.Choice(["any", "final"]),
        default="any",
        help="What may be the best: any step of any trial, or the final values of completed ones.",
    ),
    _option("--seed", type=click.IntRange(min=0), metavar="N", help="Makes the search repeatable."),
)

end_options: Callable[[Any], Any] = _group(
    _option("--trials", "max_trials", type=COUNT, metavar="N", help="The study's total, earlier runs counted."),
    _option("--seconds", callback=read_duration, metavar="2h", help="Wall time of this run."),
    _option(
        "--stop",
        multiple=True,
        metavar="WHEN",
        help="When the study ends: trials:N, epochs:N, seconds:2h, cost:10:per_hour=2.5, reached:0.1, patience:N, "
        "stalled:seconds=2h, gain_below:0.01. Any of several; with commas between them, all of them.",
    ),
    _option(
        "--project-limit",
        callback=read_duration,
        metavar="8h",
        help="The runtime of all trials of the project in this store; it holds for the project until another is given.",
    ),
)

trial_options: Callable[[Any], Any] = _group(
    _option("--trial-seconds", callback=read_duration, metavar="2h", help="The most that one trial may take."),
    _option(
        "--stall-seconds", callback=read_duration, metavar="10min", help="The most between two reports of a trial."
    ),
)

machine_options: Callable[[Any], Any] = _group(
    _option(
        "-w",
        "--workers",
        type=COUNT,
        metavar="N",
        help="Trials at the same time, in processes: 1 in a new study, or as many as the GPUs can carry.",
    ),
    _option("--gpus", metavar="0,1", help="The GPUs to share out, or all."),
    _option("--gpus-per-trial", type=float, metavar="N", help="A whole number, or a share such as 0.5."),
    _option("--memory", metavar="8GB", help="The most that one trial may use; 8G is the same."),
)


def resources_of(options: Mapping[str, Any]) -> Resources | None:
    """What each trial gets, or None when nothing is said about it. UsageProblem."""
    from rung.backends.resources import Resources

    gpus, share, memory = (options[name] for name in ("gpus", "gpus_per_trial", "memory"))
    if gpus is None and share is None and memory is None:
        return None
    try:
        if share is None:
            resources = Resources(gpus=gpus, memory=memory)
        else:
            resources = Resources(gpus="all" if gpus is None else gpus, gpus_per_trial=share, memory=memory)
        resources.on_this_machine()  # says whether they are there
    except SettingError as error:
        raise UsageProblem(error.sentence, hint=error.hint) from error
    return resources


def no_end(study: str, stop: Criterion | None) -> UsageProblem:
    """The problem with a command line that may run for ever."""
    why = "" if stop is None else f": {stop} may never come"
    return UsageProblem(f"nothing says when to end{study}{why}.", hint="Give --trials N, --seconds 2h or --stop WHEN.")

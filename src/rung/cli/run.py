"""``rung run``: tune a script or a function."""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import structs

from rung.cli._options import COUNT, SECONDS, UsageProblem, debug_option, progress_options, store_option
from rung.cli.main import tell
from rung.errors import StudyExistsError

if TYPE_CHECKING:
    from rung.cli._session import Order
    from rung.contracts import Scheduler, Searcher, Store
    from rung.runtime.objective import Objective

_REFERENCE = re.compile(r"[^\s:]+:[A-Za-z_][\w.]*")
_OPTION_OF = {"max_t": "--max-t", "grace_period": "--grace", "reduction_factor": "--eta", "variant": "--variant"}

_option = click.option


@click.command(context_settings={"show_default": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[-- PROGRAM ARGS… | MODULE:FUNCTION]")
@_option("-n", "--name", metavar="NAME", help="The study's name; an existing study is gone on with.")
@_option("--new", is_flag=True, help="Begin a new study even where the name is taken: it gets a number.")
@_option("-s", "--space", multiple=True, metavar="NAME=…", help="A hyperparameter: lr=log:1e-4:1, opt=adam,sgd.")
@_option("--init", multiple=True, metavar="NAME=VALUE", help="One value of the configuration to try first.")
@_option("--metric", default="error", metavar="NAME", help="The metric that is judged.")
@_option("--mode", type=click.Choice(["min", "max"]), default="min", help="Whether it is to be low or high.")
@_option("--searcher", default="random", metavar="NAME", help="random, grid, sobol, or module:Class.")
@_option("--scheduler", default="auto", metavar="NAME", help="basic, asha, or module:Class; auto knows when asha fits.")
@_option("--max-t", type=int, metavar="N", help="asha: the step at which a trial is fully trained.")
@_option("--grace", "grace_period", type=int, metavar="N", help="asha: the steps that every trial gets.")
@_option("--eta", "reduction_factor", type=int, metavar="N", help="asha: one in so many goes on from each rung.")
@_option("--variant", type=click.Choice(["stopping", "promotion"]), help="asha: stop the others, or pause them.")
@_option("--trials", "max_trials", type=COUNT, metavar="N", help="The study's total, earlier runs counted.")
@_option("--seconds", type=SECONDS, metavar="S", help="Wall time of this run.")
@_option("--trial-seconds", type=SECONDS, metavar="S", help="The most that one trial may take.")
@_option("--stall-seconds", type=SECONDS, metavar="S", help="The most between two reports of a trial.")
@_option("-w", "--workers", type=COUNT, default=1, metavar="N", help="Trials at the same time, in processes.")
@_option("--seed", type=click.IntRange(min=0), metavar="N", help="Makes the search repeatable.")
@store_option
@progress_options
@debug_option
def run(words: Sequence[str], store: str, *, as_json: bool, **options: Any) -> int:
    """Tune a script or a function.

    \b
    rung run -s lr=log:1e-4:1 -s opt=adam,sgd --metric error --trials 50 -- python train.py
    rung run train:lenet -s lr=log:1e-4:1 --metric error --scheduler asha --max-t 27 --trials 50

    The script gets its hyperparameters as --lr 0.03 --opt adam, or where {lr} stands in its command line, and reports
    with rung.report(error=…) or the command `rung report error=…`. Ctrl-C once waits for the running trials, twice ends
    them; `rung resume` goes on either way. Exit codes: 1 an error, 2 a wrong command line, 3 no trial succeeded,
    130 interrupted.
    """  # noqa: D301  click wants the bare \b
    from rung._tune import ends_by_itself
    from rung.cli._session import Order, conduct, load_objective
    from rung.store import open_store
    from rung.tuning.starter import Limits
    from rung.types import Goal

    objective = load_objective(_objective_words(list(words)))
    _point_out_other_python(objective)
    searcher = _searcher(options["searcher"], options["space"], options["init"])
    scheduler = _scheduler(options["scheduler"], searcher, objective, {name: options[name] for name in _OPTION_OF})
    if options["max_trials"] is None and options["seconds"] is None and not ends_by_itself(scheduler):
        raise UsageProblem("nothing says when to end.", hint="Give --trials N or --seconds S.")
    is_new = options["new"] or options["name"] is None
    order = Order(
        study=options["name"] or _base_name(objective),
        objective=objective,
        scheduler=scheduler,
        goal=Goal(options["metric"], options["mode"]),
        workers=options["workers"],
        resume="never" if is_new else "auto",
        seed=options["seed"],
        limits=Limits(trial_seconds=options["trial_seconds"], stall_seconds=options["stall_seconds"]),
        max_trials=options["max_trials"],
        seconds=options["seconds"],
        progress="json" if as_json else options["progress"],
    )
    with contextlib.closing(open_store(store, create=True)) as opened:
        return _conduct_new(order, opened) if is_new else conduct(order, opened)


def _objective_words(words: list[str]) -> list[str] | str:
    """A reference to a function, or the argument list of a script."""
    if not words:
        raise UsageProblem(
            "nothing says what to run.", hint="End the line with -- python train.py, or with module:function."
        )
    if len(words) > 1 or (Path(words[0]).is_file() and not words[0].endswith(".py")):
        return words
    if _REFERENCE.fullmatch(words[0]):
        return words[0]
    if words[0].endswith(".py"):
        raise UsageProblem(
            f"{words[0]!r} is neither a program nor a function.",
            hint=f"Write -- python {words[0]} to run the file, or {words[0]}:function to call a function in it.",
        )
    return words


def _point_out_other_python(objective: Objective) -> None:
    """A script may well run in another environment than rung's; but mostly that one has not been activated."""
    program = shutil.which(objective.argv[0]) if objective.argv else None
    if program is None or not Path(program).name.startswith("python"):
        return
    if Path(program).parent != Path(sys.executable).parent:
        tell(
            f"the script runs with {program}, but rung is installed for {sys.executable}.",
            "If its reports don't arrive, run it with that one.",
        )


def _searcher(name: str, space: Sequence[str], init: Sequence[str]) -> Searcher:
    from rung import registry
    from rung.cli._space import parse_space, parse_values

    if not space:
        raise UsageProblem(
            "nothing says what to search.", hint="Give a -s NAME=… for each hyperparameter: -s lr=log:1e-4:1."
        )
    first = {"initial_config": parse_values(init, "--init")} if init else {}
    return registry.searcher(name, parse_space(space), **first)


def _scheduler(name: str, searcher: Searcher, objective: Objective, options: Mapping[str, Any]) -> Scheduler:
    from rung import registry
    from rung._tune import training_length

    given = {option: value for option, value in options.items() if value is not None}
    length = training_length(objective)
    if name == "auto":
        name = "asha" if "max_t" in given or (length or 0) >= 2 else "basic"
    if name == "asha" and "max_t" not in given:
        if length is None:
            raise UsageProblem("asha must know how long a full training is.", hint="Give --max-t N, in steps.")
        given["max_t"] = length
    if name == "basic" and given:
        named = ", ".join(_OPTION_OF[option] for option in given)
        raise UsageProblem(f"{named} without --max-t means nothing.", hint="Add --scheduler asha --max-t N.")
    return registry.scheduler(name, searcher, **given)


def _conduct_new(order: Order, store: Store) -> int:
    """Run a new study under a name that is free, numbered where the given one is taken."""
    from rung.cli._session import conduct

    while True:
        taken = {row.name for row in store.tables.studies()}
        names = itertools.chain([order.study], (f"{order.study}-{number}" for number in itertools.count(2)))
        free = next(name for name in names if name not in taken)
        try:
            return conduct(structs.replace(order, study=free), store)
        except StudyExistsError:  # another run was faster
            continue


def _base_name(objective: Objective) -> str:
    if objective.target is not None:
        return objective.name
    script = next((word for word in objective.argv[1:] if Path(word).suffix), objective.argv[0])
    return Path(script).stem

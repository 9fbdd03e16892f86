"""``rung run``: tune a script or a function."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from msgspec import structs

from rung.cli._objective_words import objective_words, point_out_other_python
from rung.cli._options import (
    UsageProblem,
    debug_option,
    leave_to_shell,
    progress_options,
    read_duration,
    reading,
    store_option,
)
from rung.cli._run_options import (
    end_options,
    machine_options,
    message_option,
    name_options,
    no_end,
    resources_of,
    search_options,
    trial_options,
)  # fmt: skip
from rung.errors import SettingError, SpaceError, StoreNotFoundError, StudyExistsError, StudyNotFoundError

if TYPE_CHECKING:
    from rung.cli._session import Order
    from rung.cli._study_file import StudyFile
    from rung.contracts import Scheduler, Searcher, Store
    from rung.events import StudyCreated
    from rung.runtime.objective import Objective
    from rung.types import Goal

_SEARCH = frozenset(
    {"searcher", "scheduler", "init", "prior", "max_t", "grace_period", "reduction_factor", "variant", "stop_trial"}
)
_OPTION_OF = {"max_t": "--max-t", "grace_period": "--grace", "reduction_factor": "--eta", "variant": "--variant"}


@click.command(context_settings={"show_default": True})
@click.argument(
    "words",
    nargs=-1,
    type=click.UNPROCESSED,
    metavar="[STUDY.toml] [-- PROGRAM ARGS… | MODULE:FUNCTION]",
    shell_complete=leave_to_shell,
)
@name_options
@message_option
@search_options
@end_options
@trial_options
@machine_options
@click.option("--dry-run", is_flag=True, help="Say what would be run and what it would take, and run nothing.")
@click.option("--step-seconds", callback=read_duration, metavar="30s", help="With --dry-run: how long a step takes.")
@click.option(
    "--per-hour", type=click.FloatRange(min=0), metavar="PRICE", help="With --dry-run: what an hour of training costs."
)
@store_option
@progress_options
@debug_option
@click.pass_context
def run(
    context: click.Context,
    /,
    words: Sequence[str],
    *,
    as_json: bool,
    dry_run: bool,
    step_seconds: float | None,
    per_hour: float | None,
    **options: Any,
) -> int:
    """Tune a script or a function.

    \b
    rung run -s lr=log:1e-4:1 -s opt=adam,sgd --metric error --trials 50 -- python train.py
    rung run train:lenet -s lr=log:1e-4:1 --metric error --scheduler asha --max-t 27 --trials 50
    rung run study.toml --trials 100

    The script gets its hyperparameters as --lr 0.03 --opt adam, or where {lr} stands in its command line, and reports
    with rung.report(error=…) or the command `rung report error=…`. A file says what the options say, which come before
    it where both are given. Ctrl-C once waits for the running trials, twice ends them; `rung resume` goes on either
    way. Exit codes: 1 an error, 2 a wrong command line, 3 no trial succeeded, 130 interrupted.
    """  # noqa: D301  click wants the bare \b
    from rung.cli._dry_forecast import Rates
    from rung.cli._dry_run import show_plan
    from rung.cli._session import conduct
    from rung.store import open_store

    given, words = _study_file(words)
    said = {name for name in options if not _is_unset(context, name)}
    if given is not None:
        options |= {name: value for name, value in given.options.items() if name not in said}
        said |= given.options.keys()
    options["progress"] = "json" if as_json else options["progress"]
    try:
        order = _order(list(words), {**options, "dry_run": dry_run}, given, said)
    except (SettingError, SpaceError) as error:
        raise UsageProblem(error.sentence, hint=error.hint) from error
    if dry_run:
        show_plan(order, options["store"], rates=Rates(step_seconds, per_hour, options["max_t"]), as_json=as_json)
        return 0
    if step_seconds is not None or per_hour is not None:
        raise UsageProblem("--step-seconds and --per-hour serve the forecast alone.", hint="Give --dry-run as well.")
    with contextlib.closing(open_store(options["store"], create=True)) as opened:
        return _conduct_new(order, opened) if order.resume == "never" else conduct(order, opened)


def _study_file(words: Sequence[str]) -> tuple[StudyFile | None, Sequence[str]]:
    """The study file that the line begins with, if it does, and what is to be run."""
    if not words or not words[0].endswith(".toml"):
        return None, words
    from rung.cli._study_file import read_study_file

    given = read_study_file(Path(words[0]))
    return given, words[1:] or given.words


def _is_unset(context: click.Context, option: str) -> bool:
    return context.get_parameter_source(option) is not ParameterSource.COMMANDLINE


def _order(words: list[str], options: Mapping[str, Any], given: StudyFile | None, said: Collection[str]) -> Order:
    """What is to be run; UsageProblem and errors of rung say what is missing or impossible.

    said: the names of the options that were given, on the line or in the file.
    """
    from rung._scheduling import has_end
    from rung.cli._placeholders import check_placeholders
    from rung.cli._session import Order, load_objective
    from rung.cli._stop import parse_stop
    from rung.tuning.starter import Limits

    objective = load_objective(objective_words(words), None if given is None else str(given.folder))
    point_out_other_python(objective)
    scheduler, goal = _method(objective, options, given, said)
    check_placeholders(objective.argv, scheduler.space)
    max_trials, seconds, stop = options["max_trials"], options["seconds"], parse_stop(options["stop"])
    if not has_end(scheduler, max_trials=max_trials, seconds=seconds, stop=stop):
        raise no_end("", stop)
    resources = resources_of(options)
    has_gpus = resources is not None and resources.gpus is not None
    return Order(
        study=options["name"] or _base_name(objective),
        objective=objective,
        scheduler=scheduler,
        goal=goal,
        workers=options["workers"] or (None if has_gpus else 1),
        resume="auto" if options["name"] and not options["new"] else "never",
        seed=options["seed"],
        incumbent_from=options["incumbent_from"],
        limits=Limits(trial_seconds=options["trial_seconds"], stall_seconds=options["stall_seconds"]),
        max_trials=max_trials,
        seconds=seconds,
        stop=stop,
        resources=resources,
        project=options["project"],
        message=options["message"],
        tags=tuple(options["tags"]),
        project_limit=options["project_limit"],
        progress=options["progress"],
    )


def _method(
    objective: Objective, options: Mapping[str, Any], given: StudyFile | None, said: Collection[str]
) -> tuple[Scheduler, Goal]:
    """How to search, and for what: as the line and the file say, or as a study that exists was set up."""
    from rung.cli._session import stored_scheduler
    from rung.types import Goal

    created = None if options["space"] or (given is not None and given.domains) else _existing(options, said)
    if created is None:
        searcher = _searcher(options, given)
        parameters = {name: options[name] for name in _OPTION_OF if options[name] is not None}
        goal = Goal(options["metric"], options["mode"])
        scheduler = _scheduler(options["scheduler"], searcher, objective, parameters, is_plan=options["dry_run"])
        return _with_stop_trial(scheduler, searcher, options), goal
    changed = {name: options[name] for name in ("metric", "mode") if name in said}
    return stored_scheduler(created), structs.replace(created.goal, **changed)


def _existing(options: Mapping[str, Any], said: Collection[str]) -> StudyCreated | None:
    """The study that the line names, to be gone on with as it is, since nothing says what to search."""
    from rung.cli._session import refuse_record
    from rung.tuning.opening import find_study

    if not options["name"] or options["new"]:
        return None
    try:
        with reading(options["store"]) as opened:
            created = find_study(opened, options["name"], resume="must")
    except (StoreNotFoundError, StudyNotFoundError):
        return None
    assert created is not None, "it must exist"
    refuse_record(created)
    if of_search := sorted(_SEARCH.intersection(said)):
        named = ", ".join(_OPTION_OF.get(name, f"--{name.replace('_', '-')}") for name in of_search)
        raise UsageProblem(
            f"{named} goes with a space, and the study {options['name']!r} has been set up already.",
            hint="Leave it out to go on with the study, or give a -s NAME=… for each hyperparameter and another name.",
        )
    return created


def _searcher(options: Mapping[str, Any], given: StudyFile | None) -> Searcher:
    from rung import registry
    from rung.cli._space import parse_domains, parse_priors, parse_values
    from rung.space import Space

    domains = {**({} if given is None else given.domains), **parse_domains(options["space"])}
    if not domains:
        raise UsageProblem(
            "nothing says what to search.", hint="Give a -s NAME=… for each hyperparameter: -s lr=log:1e-4:1."
        )
    first = {**({} if given is None else given.init), **parse_values(options["init"], "--init")}
    priors = {**({} if given is None else given.priors), **parse_priors(options["prior"])}
    space = Space(domains, priors=priors)
    return registry.searcher(options["searcher"], space, **({"initial_config": first} if first else {}))


def _scheduler(
    text: str, searcher: Searcher, objective: Objective, options: Mapping[str, Any], *, is_plan: bool
) -> Scheduler:
    """is_plan: the length of a training may be given to any scheduler, since the forecast wants to know it."""
    from rung import registry
    from rung._scheduling import chosen_name, scheduler_for, training_length

    length = training_length(objective)
    form = registry.form_of("schedulers", chosen_name(text, length, options))
    foreign = [option for option in options if not registry.has_option("schedulers", form, option)]
    known = {option: value for option, value in options.items() if option not in foreign}
    if is_plan and "max_t" in foreign:
        foreign.remove("max_t")
    if foreign:
        named = ", ".join(_OPTION_OF[option] for option in foreign)
        hint = "Use --scheduler asha --max-t N." if form["name"] == "basic" else "Leave it out."
        if foreign == ["max_t"] and form["name"] != "basic":
            hint = "Leave it out; with --dry-run it says how long a training is."
        raise UsageProblem(f"{named} means nothing to the scheduler {form['name']}.", hint=hint)
    return scheduler_for(text, searcher, length, hint="Give --max-t N, in steps.", options=known)


def _with_stop_trial(scheduler: Scheduler, searcher: Searcher, options: Mapping[str, Any]) -> Scheduler:
    from rung.cli._stop import parse_stop
    from rung.schedulers.early import stopping_trials
    from rung.stopping import Scope

    criterion = parse_stop(options["stop_trial"], option="--stop-trial", scope=Scope.TRIAL)
    if criterion is None:
        return scheduler
    return stopping_trials(scheduler, criterion, mode=options["mode"], searcher=searcher)


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

"""What ``rung run`` would do, without doing it: space, method, limits, first configurations, and a forecast."""

from __future__ import annotations

import json
import secrets
import shlex
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import click

from rung._scheduling import ends_by_itself
from rung.backends._scripts import command_line
from rung.cli._dry_forecast import Outlook, Rates, outlook
from rung.cli._facts import objective_name
from rung.console.wording import dimension, method, plural, setting, settings
from rung.durations import duration_text
from rung.events import Started
from rung.registry import build_searcher
from rung.tuning.engine import Engine
from rung.tuning.opening import new_study
from rung.tuning.setup import reference_of
from rung.types import Proposal

if TYPE_CHECKING:
    from rung.cli._session import Order
    from rung.events import StudyCreated
    from rung.searchers.grid import GridSearcher
    from rung.types import Config

_SHOWN = 3


def show_plan(order: Order, store: str, *, rates: Rates, as_json: bool) -> None:
    """Print what the order says, the first configurations, and what is to be expected; the store is only read."""
    configs = first_configurations(order)
    combinations = _combinations(order)
    command = command_line(order.objective.argv, configs[0]) if order.objective.argv and configs else None
    created = new_study(order.study, order.scheduler, order.goal, seed=0, objective=reference_of(order.objective))
    ends = {
        "trials": order.max_trials,
        "seconds": order.seconds,
        "stop": None if order.stop is None else str(order.stop),
        "project_limit_s": order.project_limit,
        "trial_seconds": order.limits.trial_seconds,
        "stall_seconds": order.limits.stall_seconds,
    }
    facts = {
        "study": order.study,
        "store": store,
        "objective": created.objective,
        "metric": order.goal.metric,
        "mode": order.goal.mode,
        "seed": order.seed,
        "workers": order.workers,
        "resources": None if order.resources is None else order.resources.to_json(),
        "space": created.space,
        "scheduler": created.scheduler,
        "ends": ends,
        "combinations": combinations,
        "first_configurations": configs,
        "command": command,
    }
    if not as_json:
        _print(order, created, facts)
    expected = outlook(order, store, rates)
    if as_json:
        forecast = None if expected.forecast is None else expected.forecast.to_json()
        click.echo(json.dumps({**facts, "forecast": forecast}))
    else:
        _print_outlook(expected)


def _print(order: Order, created: StudyCreated, facts: Mapping[str, Any]) -> None:
    configs, combinations, command = facts["first_configurations"], facts["combinations"], facts["command"]
    click.echo(f"study       {order.study} in {facts['store']}")
    click.echo(f"objective   {objective_name(created)}")
    click.echo(f"goal        {order.goal.mode} {order.goal.metric}")
    click.echo(f"method      {_method(order, created, combinations)}")
    click.echo(f"ends        {_ends(facts['ends'])}")
    space = order.scheduler.space
    width = max(map(len, space), default=0)
    for heading, name in zip(_once("space"), space, strict=False):
        click.echo(f"{heading:<11} {name:<{width}}  {dimension(space, name)}")
    for heading, config in zip(_once("first"), configs, strict=False):
        click.echo(f"{heading:<11} {settings(config)}")
    if command is not None:
        click.echo(f"command     {shlex.join(command)}")
    if order.seed is None and combinations is None:
        click.echo("Without --seed, each run draws other configurations.")


def _print_outlook(expected: Outlook) -> None:
    for heading, line in zip(_once("forecast"), expected.lines, strict=False):
        click.echo(f"{heading:<11} {line}")
    click.echo("Nothing was run.")


def first_configurations(order: Order) -> list[Config]:
    """The first ones that the scheduler would begin with, as far as it needs no results for them."""
    seed = secrets.randbits(32) if order.seed is None else order.seed
    engine = Engine(order.scheduler, log=lambda: ())
    engine.fold(new_study(order.study, order.scheduler, order.goal, seed=seed, objective=None))
    configs: list[Config] = []
    for number in range(min(_SHOWN, order.max_trials or _SHOWN)):
        proposal = engine.propose(new_trials=True)
        if not isinstance(proposal, Proposal):
            break
        configs.append(proposal.config)
        engine.fold(Started(at=0.0, trial=number, attempt=1, config=proposal.config, draw=number, notes=proposal.notes))
    return configs


def _combinations(order: Order) -> int | None:
    """How many a grid has; None for what draws its configurations at random."""
    if not ends_by_itself(order.scheduler):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the order's own searcher has given them
        grid = build_searcher(order.scheduler.spec()["searcher"], order.scheduler.space)
    return len(cast("GridSearcher", grid))


def _method(order: Order, created: StudyCreated, combinations: int | None) -> str:
    grid = "" if combinations is None else f", {plural(combinations, 'combination')}"
    workers = "" if order.workers is None else f", {order.workers} at a time"
    given = {} if order.resources is None else order.resources.to_json()
    resources = "".join(f", {name} {setting(value)}" for name, value in given.items())
    return method(created) + grid + workers + resources


def _ends(ends: dict[str, Any]) -> str:
    words = []
    for name, value in ends.items():
        if value is not None:
            words.append(f"{name.removesuffix('_s')} {duration_text(value) if isinstance(value, float) else value}")
    return ", ".join(words) or "when nothing is left to try"


def _once(heading: str) -> Any:
    yield heading
    while True:
        yield ""

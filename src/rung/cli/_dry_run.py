"""What ``rung run`` would do, without doing it: the space, the method, the limits, the first configurations."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import click

from rung.cli._facts import objective_name
from rung.console.wording import method, setting, settings
from rung.durations import duration_text
from rung.events import Started
from rung.tuning.engine import Engine
from rung.tuning.opening import new_study
from rung.tuning.setup import reference_of
from rung.types import Proposal

if TYPE_CHECKING:
    from rung.cli._session import Order
    from rung.events import StudyCreated
    from rung.types import Config

_SHOWN = 3


def show_plan(order: Order, store: str, *, as_json: bool) -> None:
    """Print what the order says, and the first configurations; the store is not touched."""
    configs = first_configurations(order)
    created = new_study(order.study, order.scheduler, order.goal, seed=0, objective=reference_of(order.objective))
    ends = {
        "trials": order.max_trials,
        "seconds": order.seconds,
        "stop": None if order.stop is None else str(order.stop),
        "project_limit_s": order.project_limit,
        "trial_seconds": order.limits.trial_seconds,
        "stall_seconds": order.limits.stall_seconds,
    }
    if as_json:
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
            "first_configurations": configs,
        }
        click.echo(json.dumps(facts))
        return
    click.echo(f"study       {order.study} in {store}")
    click.echo(f"objective   {objective_name(created.objective)}")
    click.echo(f"goal        {order.goal.mode} {order.goal.metric}")
    click.echo(f"method      {_method(order, created)}")
    click.echo(f"ends        {_ends(ends)}")
    width = max(map(len, order.scheduler.space), default=0)
    for heading, (name, domain) in zip(_once("space"), order.scheduler.space.items(), strict=False):
        click.echo(f"{heading:<11} {name:<{width}}  {domain!r}")
    for heading, config in zip(_once("first"), configs, strict=False):
        click.echo(f"{heading:<11} {settings(config)}")
    if order.seed is None:
        click.echo("Without --seed, each run draws other configurations.")
    click.echo("Nothing was run.")


def first_configurations(order: Order) -> list[Config]:
    """The first ones that the scheduler would begin with, as far as it needs no results for them."""
    seed = secrets.randbits(32) if order.seed is None else order.seed
    engine = Engine(order.scheduler)
    engine.fold(new_study(order.study, order.scheduler, order.goal, seed=seed, objective=None))
    configs: list[Config] = []
    for number in range(min(_SHOWN, order.max_trials or _SHOWN)):
        proposal = engine.propose(new_trials=True)
        if not isinstance(proposal, Proposal):
            break
        configs.append(proposal.config)
        engine.fold(Started(at=0.0, trial=number, attempt=1, config=proposal.config, draw=number, notes=proposal.notes))
    return configs


def _method(order: Order, created: StudyCreated) -> str:
    workers = "" if order.workers is None else f", {order.workers} at a time"
    given = {} if order.resources is None else order.resources.to_json()
    resources = "".join(f", {name} {setting(value)}" for name, value in given.items())
    return method(created) + workers + resources


def _ends(ends: dict[str, Any]) -> str:
    words = []
    for name, value in ends.items():
        if value is not None:
            words.append(f"{name.removesuffix('_s')} {duration_text(value) if isinstance(value, float) else value}")
    return ", ".join(words) or "when every configuration was tried"


def _once(heading: str) -> Any:
    yield heading
    while True:
        yield ""

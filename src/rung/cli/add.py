"""``rung add``: a configuration that somebody wants to be tried, or has tried elsewhere."""

from __future__ import annotations

import difflib
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from rung.cli._complete import complete_study
from rung.cli._options import COUNT, UsageProblem, debug_option, reading, store_option
from rung.errors import ReportError, SpaceError

if TYPE_CHECKING:
    from rung.commands import Record
    from rung.contracts import Store
    from rung.rows import StudyRow
    from rung.space import Space
    from rung.types import Config


@click.command()
@click.argument("study", shell_complete=complete_study)
@click.argument("values", nargs=-1, metavar="NAME=VALUE...")
@click.option("--like", type=click.IntRange(min=0), metavar="N", help="Start from the configuration of trial N.")
@click.option(
    "--result", "results", multiple=True, metavar="[METRIC=]NUMBER", help="Record this result of it; try nothing."
)
@click.option("--step", type=COUNT, metavar="N", help="The step of the result; that of a full training.")
@click.option("--message", default="", metavar="TEXT", help="A note on the recorded trial.")
@store_option
@debug_option
def add(
    study: str,
    values: Sequence[str],
    *,
    like: int | None,
    results: Sequence[str],
    step: int | None,
    message: str,
    store: str,
) -> None:
    """Have a configuration tried next: rung add lenet lr=0.1 batch_size=128.

    With --like 3, what is not given is as in trial 3: rung add lenet --like 3 lr=0.2. With --result, it was tried
    elsewhere, and becomes a trial from which the searcher learns: rung add lenet lr=0.1 batch_size=64 --result 0.23, or
    with several metrics --result error=0.23 --result accuracy=0.77.
    """
    from rung.cli._command import send, send_record
    from rung.cli._space import parse_values
    from rung.cli._wishes import checked
    from rung.commands import Enqueue
    from rung.tuning.steering import space_to_come

    given = parse_values(values, "rung add STUDY")
    if not results and (step is not None or message):
        raise UsageProblem("there is no result.", hint="Give --result NUMBER as well.")
    with reading(store) as opened:
        row = opened.tables.study(study)
        if not given and like is None:
            raise _no_value(study, space_to_come(opened, row))
        config = {**({} if like is None else opened.tables.trial(study, like).config), **given}
        if results:
            _, sentence = send_record(opened, study, _record(opened, row, config, results, step=step, note=message))
        else:
            space = space_to_come(opened, row)
            _check_whole(study, space, config)
            sentence = send(opened, study, Enqueue(checked(opened, row, config)))
        click.echo(sentence)


def _record(
    store: Store, row: StudyRow, config: Config, results: Sequence[str], *, step: int | None, note: str
) -> Record:
    """The command that brings the result; errors of rung when it is none of the study's."""
    from rung.commands import Record
    from rung.tuning.recording import checked_config, checked_reports, full_training
    from rung.tuning.steering import space_to_come
    from rung.types import Remark

    full = full_training(row.scheduler, store.tables.trials(row.name))
    metrics = _metrics(results, row.goal.metric)
    _check_judged(metrics, row.goal.metric)
    return Record(
        config=checked_config(config, space_to_come(store, row)),
        reports=checked_reports(metrics, metric=row.goal.metric, step=step, full=full),
        notes=(Remark(note, time.time()),) if note else (),
    )


def _metrics(texts: Sequence[str], main: str) -> Mapping[str, float]:
    """``0.23`` and ``accuracy=0.77`` as metrics by name; a lone number is the main one."""
    metrics: dict[str, float] = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        name = name if equals else main
        try:
            metric = float(value if name else text)
        except ValueError:
            raise UsageProblem(f"--result {text!r} is no number.", hint=f"Write --result {main}=0.23.") from None
        if name in metrics:
            raise UsageProblem(f"--result {text!r}: give each metric once.", hint=f"Write --result {main}=0.23.")
        metrics[name] = metric
    return metrics


def _check_judged(metrics: Mapping[str, float], main: str) -> None:
    if main not in metrics:
        near = difflib.get_close_matches(main, metrics, n=1)
        guess = f"Did you mean {main}={metrics[near[0]]:g}? " if near else ""
        raise ReportError(
            f"The metric {main!r} is missing; given: {', '.join(map(repr, metrics))}.",
            hint=f"{guess}Each result has --result {main}=…; others may stand beside it.",
        )


def _check_whole(study: str, space: Space, config: Config) -> None:
    """SpaceError with all that is missing, but for what a condition may have left out, which the space knows itself."""
    from rung.space import Constant

    missing = [
        name
        for name, domain in space.items()
        if name not in config and name not in space.conditions and not isinstance(domain, Constant)
    ]
    if missing and config.keys() <= set(space.names):
        raise SpaceError(
            f"{', '.join(missing)} {'has' if len(missing) == 1 else 'have'} no value.",
            hint=f"Add {_line([], space, missing)}, or --like N for those of trial N of {study!r}.",
        )


def _line(words: Sequence[str], space: Space, names: Iterable[str]) -> str:
    """The words, and behind them a possible value for each of the names."""
    from rung.console.wording import setting

    return shlex.join([*words, *(f"{name}={setting(space[name].from_unit(0.5))}" for name in names)])


def _no_value(study: str, space: Space) -> UsageProblem:
    from rung.space import Constant

    searched = {name: domain for name, domain in space.items() if not isinstance(domain, Constant)}
    names = ", ".join(f"{name} ({domain!r})" for name, domain in searched.items())
    line = _line(["rung", "add", study], space, searched)
    hint = f"Give one to each of {names}: {line}" if searched else "Nothing is searched in this study."
    return UsageProblem("no value is given.", hint=hint)

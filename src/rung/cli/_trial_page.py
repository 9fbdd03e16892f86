"""What ``rung show`` tells of a trial; of one that has failed, above all why."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, final

import click
from msgspec import Struct

from rung.bookkeeping import seen_trial
from rung.cli._command import store_words
from rung.cli._facts import remark_facts, remark_line, trial_facts
from rung.cli._output import print_facts, print_table
from rung.cli._trial_output import TrialOutput
from rung.cli._wishes import described
from rung.console.wording import clock, harmless, headline, lasted, number
from rung.origins import Origin, origins
from rung.rows import StudyRow, TrialRow
from rung.space import Space
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.contracts import Store
    from rung.types import Json

_CURVE_LINES = 20
_LOG_LINES = 20
_OUTPUT = "\nThe last lines of its output:\n"  # as backends put it into the message of a failure
_Lines = list[tuple[str, str]]


@final
class Page(Struct, frozen=True):
    """A trial with its curve, what it has printed last, and what is asked of it.

    origin: who suggested it. retries: the numbers of the trials that try its configuration once more.
    """

    store: Store
    study: StudyRow
    trial: TrialRow
    origin: Origin
    curve: Sequence[tuple[int, Mapping[str, float]]]
    log: Path | None
    printed: Sequence[str]
    asked: Sequence[str]
    retries: Sequence[int]


def read_page(store: Store, study: str, number: int) -> Page:
    """StudyNotFoundError, TrialNotFoundError."""
    row = store.tables.study(study)
    trial = seen_trial(store.tables.trial(study, number), row)
    output = TrialOutput(store, study, number)
    printed = list(output.lines(last=_LOG_LINES))
    return Page(
        store=store,
        study=row,
        trial=trial,
        origin=next(origin for found, origin in origins(event for _, event in store.read(study)) if found == number),
        curve=[(step, metrics) for _, step, _, metrics in store.tables.reports(study, number)],
        log=output.file,
        printed=printed,
        asked=[
            described(row, command)
            for _, command in store.tables.pending(study)
            if getattr(command, "trial", None) == number
        ],
        retries=_retries(store, row, trial),
    )


def _retries(store: Store, study: StudyRow, trial: TrialRow) -> list[int]:
    if trial.state not in {TrialState.FAILED, TrialState.STOPPED}:
        return []
    return [each.number for each in store.tables.trials(study.name) if each.retry_of == trial.number]


def facts(page: Page) -> dict[str, Json]:
    """The page in JSON."""
    trial = page.trial
    return {
        "study": page.study.name,
        **trial_facts(trial, page.study.goal),
        "suggested_by": page.origin.by,
        "suggested_why": page.origin.why,
        "host": trial.host,
        "pid": trial.pid,
        "gpus": trial.gpus,
        "retries": list(page.retries),
        "notes": [remark_facts(remark) for remark in trial.notes],
        "asked": list(page.asked),
        "artifacts": [
            {"name": kept.name, "path": kept.path, "bytes": kept.size, "sha256": kept.sha256, "step": kept.step}
            for kept in trial.artifacts
        ],
        "curve": [{"step": step, "metrics": dict(metrics)} for step, metrics in page.curve],
        "log": None if page.log is None else str(page.log),
        "checkpoints": [{"step": kept.step, "path": kept.path, "bytes": kept.size} for kept in trial.checkpoints],
    }


def print_page(page: Page) -> None:
    """The page in words; what matters most of a failure stands last, where one looks first on a terminal."""
    trial = page.trial
    print_facts([*_what(page), *_where(trial), *_kept(trial), *_said(page)])
    if page.curve:
        click.echo()
        _print_curve(page.curve, trial.best_step)
    explained = _explained(page).strip()
    first, _, rest = explained.partition("\n")
    if rest.strip():
        click.echo(f"\n{harmless(rest if first == headline(explained) else explained).strip()}")
    if page.log is not None:
        click.echo(f"\n{page.log}:")
        click.echo("\n".join(f"  {harmless(line)}" for line in page.printed))
    if trial.state is TrialState.FAILED:
        click.echo(f"\n{_what_to_do(page)}")


def _explained(page: Page) -> str:
    """The message, without the end of the output that stands in it for those who have lost the output itself."""
    return page.trial.message if page.log is None else page.trial.message.partition(_OUTPUT)[0]


def _what(page: Page) -> _Lines:
    trial, goal = page.trial, page.study.goal
    state = str(trial.state)
    if trial.reason not in {"", state}:
        state += f" ({trial.reason})"
    if trial.message:
        state += f": {headline(_explained(page))}"
    lines = [("trial", f"{page.study.name}#{trial.number}"), ("state", state)]
    lines += [(name, str(value)) for name, value in trial.config.items()]
    if not trial.is_given:
        by, why = ("a person" if page.origin.by == "person" else page.origin.by), page.origin.why
        lines.append(("from", f"{by}, as {why}" if why else by))
    if trial.last_loss is not None and trial.best_loss is not None:
        best = f"best {number(goal.value(trial.best_loss))} at step {trial.best_step}"
        lines.append((goal.metric, f"{number(goal.value(trial.last_loss))} at step {trial.last_step}, {best}"))
    lines.append(("time", f"{lasted(trial.runtime)}, begun {clock(trial.started_at)} into the study"))
    return lines


def _where(trial: TrialRow) -> _Lines:
    """Where it comes from and where it runs, as far as that is out of the ordinary."""
    lines: _Lines = []
    if trial.attempt > 1:
        lines.append(("attempt", str(trial.attempt)))
    if trial.parent is not None:
        place = "" if trial.parent_checkpoint is None else f" after step {trial.parent_checkpoint.step}"
        lines.append(("parent", f"trial {trial.parent}{place}"))
    if trial.retry_of is not None:
        lines.append(("retry", f"of trial {trial.retry_of}"))
    if trial.is_given:
        lines.append(("given", "by hand; nobody suggested this configuration"))
    if trial.state is TrialState.RUNNING and trial.pid is not None:
        lines.append(("process", f"{trial.pid} on {trial.host}"))
    if trial.gpus:
        lines.append(("gpus", trial.gpus))
    return lines


def _kept(trial: TrialRow) -> _Lines:
    """The files of the trial that can be relied on."""
    lines: _Lines = []
    if trial.checkpoints:
        kept = (f"step {each.step}: {each.path} ({each.size:,} bytes)" for each in trial.checkpoints)
        lines.append(("kept", "\n".join(kept)))
    if trial.artifacts:
        files = (f"{each.name}: {each.path} ({each.size:,} bytes)" for each in trial.artifacts)
        lines.append(("files", "\n".join(files)))
    return lines


def _said(page: Page) -> _Lines:
    """What people, and the trial itself, have said about it."""
    trial = page.trial
    lines: _Lines = []
    if trial.tags:
        lines.append(("tags", " ".join(trial.tags)))
    if trial.notes:
        lines.append(("notes", "\n".join(map(remark_line, trial.notes))))
    if page.asked:
        lines.append(("asked", "\n".join(f"{sentence} (not yet)" for sentence in page.asked)))
    return lines


def _what_to_do(page: Page) -> str:
    if page.retries:
        return f"Retried as trial {', '.join(map(str, page.retries))}."
    if page.trial.is_given and not Space.from_json(page.study.space):
        return "Once the cause is mended, run it again as it was run: rung track …"
    name, number = shlex.quote(page.study.name), page.trial.number  # a # within a word begins no comment
    where = "".join(f" {word}" for word in map(shlex.quote, store_words(page.store)))
    return f"Once the cause is mended, try it again: rung retry {name}#{number}{where}"


def _print_curve(curve: Sequence[tuple[int, Mapping[str, float]]], best_step: int | None) -> None:
    names = list(dict.fromkeys(name for _, metrics in curve for name in metrics))
    last = len(curve) - 1
    shown = sorted({round(index * last / max(1, _CURVE_LINES - 1)) for index in range(_CURVE_LINES)})
    if len(curve) <= _CURVE_LINES:
        shown = list(range(len(curve)))
    rows = []
    for step, metrics in (curve[index] for index in shown):
        values = [number(metrics[name]) if name in metrics else "" for name in names]
        rows.append([f"{step}{'*' if step == best_step else ' '}", *values])
    print_table(["step", *names], rows, right=("step", *names))
    if len(shown) < len(curve):
        click.echo(f"{len(shown)} of {len(curve)} steps; all of them: --json")

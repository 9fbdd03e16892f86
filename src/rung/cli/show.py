"""``rung show``: all about one study, or one trial of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rung.cli._options import debug_option, json_option, reading, store_option
from rung.errors import RungError

if TYPE_CHECKING:
    from rung.bookkeeping import Incumbent
    from rung.contracts import Store
    from rung.rows import StudyRow, TrialRow
    from rung.types import Json

_TRIAL = re.compile(r"(.+)#(\d+)")
_CURVE_LINES = 20
_LOG_LINES = 20
_LOG_BYTES = 1 << 16


@click.command()
@click.argument("what", metavar="STUDY[#TRIAL]")
@store_option
@json_option
@debug_option
def show(what: str, store: str, *, as_json: bool) -> None:
    """Show one study, or one trial of it: rung show lenet, rung show lenet#3."""
    with reading(store) as opened:
        found = _TRIAL.fullmatch(what)
        if found and what not in {row.name for row in opened.tables.studies()}:
            _show_trial(opened, found[1], int(found[2]), as_json=as_json)
        else:
            _show_study(opened, what, as_json=as_json)


def _show_study(store: Store, study: str, *, as_json: bool) -> None:
    from rung.cli._facts import incumbent_of, study_facts
    from rung.cli._output import print_facts, print_json
    from rung.study import spec_summary

    row = store.tables.study(study)
    best = incumbent_of(row, store)
    if as_json:
        facts = {**study_facts(row, store), **spec_summary(row), "sessions": row.sessions, "store": store.url}
        if best is not None:
            facts["best"] = {**facts["best"], "config": dict(best.config)}
        print_json(facts)
    else:
        print_facts(_study_lines(row, best, store))


def _study_lines(row: StudyRow, best: Incumbent | None, store: Store) -> list[tuple[str, str]]:
    from rung.bookkeeping import state_of
    from rung.cli._facts import moment, objective_name, why_of
    from rung.console.wording import counted, lasted, method, number, plural, settings
    from rung.space import Space
    from rung.study import resume_command

    total = sum(row.counts.values())
    lines = [
        ("study", row.name),
        ("state", why_of(row)),
        ("store", store.url),
        ("objective", objective_name(row.objective)),
        ("goal", f"{row.goal.mode} {row.goal.metric}"),
        ("method", method(row)),
        ("space", "\n".join(f"{name}: {domain!r}" for name, domain in Space.from_json(row.space).items())),
        ("seed", str(row.seed)),
        ("settings", settings(_plain_settings(row.settings)) if row.settings else "none"),
        ("trials", f"{total}: {counted(row.counts)}" if total else "none yet"),
    ]
    if best is not None:
        value = f"{row.goal.metric} {number(best.error)} in trial {best.trial} at step {best.step}"
        lines.append(("best", f"{value}\n{settings(best.config)}"))
    lines.append(("time", f"{lasted(row.at)} in {plural(row.sessions, 'session')}"))
    lines.append(("created", moment(row.created_unix)))
    lines += _provenance_lines(row.provenance)
    if state_of(row) == "interrupted":
        lines.append(("go on", resume_command(store, row.name)))
    return lines


def _plain_settings(stored: Mapping[str, Json]) -> dict[str, Json]:
    """The settings on one level, without the limits that are as always."""
    from msgspec import structs

    from rung.tuning.starter import Limits

    usual = structs.asdict(Limits())
    given = {name: value for name, value in stored.items() if name != "limits"}
    return given | {name: value for name, value in stored.get("limits", {}).items() if usual.get(name) != value}


def _provenance_lines(provenance: Mapping[str, Json]) -> list[tuple[str, str]]:
    if not provenance:
        return []
    git = provenance.get("git")
    code = "" if not git else f"git {git['commit'][:10]}{' with changes' if git['dirty'] else ''}"
    packages = (f"{name} {version}" for name, version in provenance.get("packages", {}).items())
    return [
        ("on", f"{provenance.get('host', '')}: {provenance.get('directory', '')}"),
        ("command", str(provenance.get("command", ""))),
        ("code", ", ".join(part for part in (code, f"Python {provenance.get('python', '')}", *packages) if part)),
    ]


def _show_trial(store: Store, study: str, number: int, *, as_json: bool) -> None:
    from rung.cli._facts import trial_facts
    from rung.cli._output import print_facts, print_json
    from rung.console.wording import plural

    row = store.tables.study(study)
    trials = {trial.number: trial for trial in store.tables.trials(study)}
    if number not in trials:
        raise RungError(
            f"the study {study!r} has no trial {number}.",
            hint=f"It has {plural(len(trials), 'trial')}, counted from 0: rung trials {study}",
        )
    trial = trials[number]
    curve = [(step, metrics) for _, step, _, metrics in store.tables.reports(study, number)]
    log = _log_file(store.folder(study) / f"trial-{number:05d}")
    if as_json:
        checkpoints = [{"step": kept.step, "path": kept.path, "bytes": kept.size} for kept in trial.checkpoints]
        steps = [{"step": step, "metrics": dict(metrics)} for step, metrics in curve]
        more = {"curve": steps, "log": None if log is None else str(log), "checkpoints": checkpoints}
        print_json({"study": study, **trial_facts(trial, row.goal), "host": trial.host, "pid": trial.pid, **more})
        return
    print_facts(_trial_lines(trial, row))
    if curve:
        click.echo()
        _print_curve(curve, trial.best_step)
    if log is not None:
        click.echo(f"\n{log}:")
        click.echo("\n".join(f"  {line}" for line in _last_lines(log)))


def _trial_lines(trial: TrialRow, study: StudyRow) -> list[tuple[str, str]]:
    from rung.console.wording import clock, headline, lasted
    from rung.console.wording import number as short

    goal = study.goal
    state = str(trial.state)
    if trial.reason not in {"", state}:
        state += f" ({trial.reason})"
    if trial.message:
        state += f": {headline(trial.message)}"
    lines = [("trial", f"{study.name}#{trial.number}"), ("state", state)]
    lines += [(name, str(value)) for name, value in trial.config.items()]
    if trial.last_loss is not None and trial.best_loss is not None:
        best = f"best {short(goal.value(trial.best_loss))} at step {trial.best_step}"
        lines.append((goal.metric, f"{short(goal.value(trial.last_loss))} at step {trial.last_step}, {best}"))
    lines.append(("time", f"{lasted(trial.runtime)}, begun {clock(trial.started_at)} into the study"))
    if trial.attempt > 1:
        lines.append(("attempt", str(trial.attempt)))
    if trial.parent is not None:
        lines.append(("parent", f"trial {trial.parent}"))
    if trial.checkpoints:
        kept = (f"step {each.step}: {each.path} ({each.size:,} bytes)" for each in trial.checkpoints)
        lines.append(("kept", "\n".join(kept)))
    if len(trial.message.strip().splitlines()) > 1:
        lines.append(("message", trial.message))
    return lines


def _print_curve(curve: Sequence[tuple[int, Mapping[str, float]]], best_step: int | None) -> None:
    from rung.cli._output import print_table
    from rung.console.wording import number

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


def _log_file(folder: Path) -> Path | None:
    """What the trial has printed, if it has printed anything."""
    return next(iter(sorted(folder.glob("*.log"))), None) if folder.is_dir() else None


def _last_lines(log: Path) -> list[str]:
    with log.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _LOG_BYTES))
        return file.read().decode(errors="replace").splitlines()[-_LOG_LINES:]

"""A study on a card: HTML without scripts, which stays readable wherever a notebook is shown."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rung.analysis._frame import span_of
from rung.bookkeeping import state_of
from rung.console.wording import counted, lasted, number, plural, setting
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.analysis.trajectory import Trajectory
    from rung.bookkeeping import Incumbent
    from rung.rows import StudyRow

WIDTH, HEIGHT, MARGIN = 260, 64, 5
"""Of the curve, in pixels."""

MOST_SETTINGS: Final = 12
MOST_POINTS: Final = 200
_BEST: Final = "#D55E00"
_COLORS: Final[Mapping[TrialState, str]] = {
    TrialState.COMPLETED: "#0072B2",
    TrialState.STOPPED: "#808080",
    TrialState.FAILED: "#B00020",
    TrialState.PAUSED: "#CC79A7",
    TrialState.WAITING: "#E69F00",
    TrialState.RUNNING: "#009E73",
}


def study_card(study: StudyRow, best: Incumbent | None, curve: Trajectory) -> str:
    """The best value, its configuration, how many trials are in which state, and how the best value came about."""
    total, wanted = sum(study.counts.values()), study.settings.get("max_trials")
    trials_line = f"{study.n_begun}/{wanted} trials" if wanted else plural(total, "trial")
    told = [state_of(study), trials_line, lasted(study.at)]
    heading = f"<b>{_text(study.name)}</b> · {' · '.join(map(_text, told))}"
    parts = [
        f'<div style="margin-bottom:4px">{heading}</div>',
        _bar(study.counts),
        _best(study, best),
        _curve(improvements(curve, study), study),
    ]
    if study.message:
        parts.insert(1, f'<div style="opacity:0.75">{_text(study.message)}</div>')
    return (
        '<div style="font-family:sans-serif;font-size:13px;line-height:1.5;max-width:560px;padding:10px 14px;'
        f'border:1px solid rgba(128,128,128,0.4);border-radius:6px">{"".join(parts)}</div>'
    )


def improvements(curve: Trajectory, study: StudyRow) -> list[tuple[float, float]]:
    """(seconds on the study's clock, best loss from then on), up to now."""
    points: list[tuple[float, float]] = []
    for at, loss in zip(curve.at, curve.loss, strict=True):
        if not points or loss < points[-1][1]:
            points.append((at, loss))
    if points:
        points.append((max(study.at, points[-1][0]), points[-1][1]))
    return points[-MOST_POINTS:]


def _best(study: StudyRow, best: Incumbent | None) -> str:
    if best is None:
        return f'<div style="opacity:0.75">no value of {_text(study.goal.metric)} yet</div>'
    shown = list(best.config.items())[:MOST_SETTINGS]
    words = [f"{_text(name)}=<b>{_text(_short(setting(value)))}</b>" for name, value in shown]
    if len(best.config) > MOST_SETTINGS:
        words.append(f"and {len(best.config) - MOST_SETTINGS} more")
    return (
        f'<div><span style="color:{_BEST}">★</span> {_text(study.goal.metric)} <b>{_text(number(best.error))}</b> '
        f"in trial {best.trial} at step {best.step}</div>"
        f'<div style="font-family:monospace;overflow-wrap:anywhere">{" ".join(words)}</div>'
    )


def _bar(counts: Mapping[TrialState, int]) -> str:
    """How many trials are in which state, as a bar of colours and in words."""
    total = sum(counts.values())
    if not total:
        return ""
    parts, x = [], 0.0
    for state in _COLORS:
        width = 100.0 * counts.get(state, 0) / total
        if width:
            parts.append(f'<rect x="{x:.3f}" y="0" width="{width:.3f}" height="6" fill="{_COLORS[state]}"/>')
        x += width
    words = _text(counted(counts))
    return (
        f'<svg viewBox="0 0 100 6" width="100%" height="6" preserveAspectRatio="none" role="img" aria-label="{words}">'
        f'{"".join(parts)}</svg><div style="opacity:0.75">{words}</div>'
    )


def _curve(points: Sequence[tuple[float, float]], study: StudyRow) -> str:
    """The best value over time, better being lower or higher as in the study's own direction."""
    if len(points) < 2:
        return ""
    values = [study.goal.value(loss) for _, loss in points]
    span = span_of(values, goal=study.goal)
    low, high = sorted((span.good, span.bad))
    began, ended = points[0][0], points[-1][0]
    steps: list[str] = []
    for (at, _), value in zip(points, values, strict=True):
        x = MARGIN + (WIDTH - 2 * MARGIN) * ((at - began) / (ended - began) if ended > began else 1.0)
        share = (min(max(value, low), high) - low) / (high - low) if high > low else 0.5
        y = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * share
        steps.append(f"H{x:.1f}V{y:.1f}" if steps else f"M{x:.1f},{y:.1f}")
    word = f"best {study.goal.metric}: from {number(values[0])} to {number(values[-1])}"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{_text(word)}">'
        f'<path d="{"".join(steps)}" fill="none" stroke="{_BEST}" stroke-width="2"/></svg>'
        f'<div style="opacity:0.75">{_text(word)}</div>'
    )


def _short(word: str) -> str:
    return word if len(word) <= 40 else f"{word[:39]}…"


def _text(word: str) -> str:
    return html.escape(word, quote=True)

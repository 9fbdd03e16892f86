"""A study whose space is edited again and again, and what must hold whatever is done to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from rung.commands import EditSpace
from rung.events import SpaceEdited, Started
from rung.schedulers.basic import BasicScheduler
from rung.space import Choice, Constant, Float, Int, Space, at_most
from rung.space.editing import edited
from rung.testing.play import Course, Played, play, stored
from rung.tuning.engine import draw_generator
from rung.types import Config, Suggestion

if TYPE_CHECKING:
    from rung.contracts import Searcher

FIRST = Space(
    {
        "x": Float(0.0, 1.0),
        "rate": Float(1e-5, 1.0, log=True),
        "n": Int(1, 64, log=True),
        "kind": Choice(["a", "b", "c"]),
        "y": Float(0.0, 1.0),
    },
    conditions={"y": ("x", at_most(0.35))},
)


class Edit(NamedTuple):
    """What the space becomes, and in a word how."""

    how: str
    space: Space


def edits() -> list[Edit]:
    """Each one on top of those before."""
    narrowed = edited(FIRST, {"x": Float(0.2, 0.4), "n": Int(2, 9, log=True)})
    pinned = edited(narrowed, {"rate": Constant(0.01), "kind": Choice(["c", "a"])})
    extended = edited(pinned, {"x": Float(0.1, 2.0), "n": Int(1, 200, log=True)})
    opened = edited(extended, {"rate": Float(1e-5, 1.0, log=True), "kind": Choice(["a", "b", "c", "d"])})
    added = edited(opened, {"z": Float(-1.0, 1.0), "deep": Choice([False, True])})
    removed = Space(
        {name: domain for name, domain in added.items() if name != "n"}, conditions={"y": ("x", at_most(0.35))}
    )
    scaled = edited(removed, {"x": Float(0.1, 2.0, log=True)})
    believed = edited(scaled, {}, priors={"x": ("~0.3", "high"), "kind": "b"})
    return [
        Edit("narrowed", narrowed),
        Edit("pinned", pinned),
        Edit("extended", extended),
        Edit("opened again", opened),
        Edit("with more dimensions", added),
        Edit("with fewer dimensions", removed),
        Edit("on another scale", scaled),
        Edit("with priors", believed),
    ]


def loss(config: Config, step: int) -> float:
    """Best at x = 0.3, a low rate, and y = 0.5."""
    return float((config["x"] - 0.3) ** 2 + config["rate"] + abs(config.get("y", 0.0) - 0.5) / step)


def play_edits(make: Callable[[Space], Searcher], *, trials: int = 4) -> Played:
    """So many trials in each space, two at a time."""
    commands: dict[int, list[Any]] = {
        3 * trials * k + k: [EditSpace(edit.space.to_json())] for k, edit in enumerate(edits(), start=1)
    }
    n = trials * (len(edits()) + 1)
    return play(BasicScheduler(make(FIRST)), Course(loss=loss), new_trials=n, workers=2, commands=commands)


def check_edits(make: Callable[[Space], Searcher]) -> None:
    """What is suggested lies in the space in force, never comes twice, and comes again when the log is replayed."""
    log = play_edits(make).log
    space, seen, spaces, began = FIRST, [], [FIRST], [0]
    for index, event in enumerate(log):
        if isinstance(event, SpaceEdited):
            space = Space.from_json(event.space)
            spaces.append(space)
            began.append(0)
        elif isinstance(event, Started):
            assert dict(event.config) == space.validate(event.config), f"{event.config} is not in {space}"
            assert event.config not in seen
            seen.append(event.config)
            began[-1] += 1
            again = make(FIRST)
            for earlier in log[:index]:
                again.update(stored(earlier))
            assert event.draw is not None
            suggestion = again.suggest(draw_generator(0, event.draw))
            assert suggestion == Suggestion(event.config, event.notes), f"replayed, event {index} is another"
    assert spaces == [FIRST, *(edit.space for edit in edits())]
    assert min(began) >= 2, "the edits come between trials"

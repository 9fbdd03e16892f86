"""How two spaces differ, in sentences for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.space.domain import Domain, exact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rung.space.conditions import When
    from rung.space.constraints import Constraint
    from rung.space.space import Space


def differences(study: Space, here: Space) -> Iterator[str]:
    """A sentence for each field that differs, without a full stop; none when the spaces are equal."""
    for name in dict.fromkeys([*study.names, *here.names]):
        if name not in here:
            yield f"{name}: in the study, but not here"
        elif name not in study:
            yield f"{name}: here, but not in the study"
        else:
            yield from _domains(name, study[name], here[name])
            yield from _conditions(name, study.conditions.get(name, ()), here.conditions.get(name, ()))
            if (there := study.priors.get(name)) != (given := here.priors.get(name)):
                yield f"{name}: prior {there or 'none'} in the study, {given or 'none'} here"
    if set(study.names) == set(here.names) and study.names != here.names:
        yield f"order: {', '.join(study.names)} in the study, {', '.join(here.names)} here"
    if _text(study.constraints) != _text(here.constraints):
        stored, asked = ("; ".join(map(str, each.constraints)) or "none" for each in (study, here))
        yield f"constraints: {stored} in the study, {asked} here"


def _domains(name: str, study: Domain, here: Domain) -> Iterator[str]:
    if type(study) is not type(here):
        yield f"{name}: {study!r} in the study, {here!r} here"
        return
    settings = here.settings()
    for setting, value in study.settings().items():
        if exact(value) != exact(settings[setting]):
            yield f"{name}: {setting} {value!r} in the study, {settings[setting]!r} here"


def _conditions(name: str, study: tuple[When, ...], here: tuple[When, ...]) -> Iterator[str]:
    if _text(study) != _text(here):
        yield f"{name}: {_active(study)} in the study, {_active(here)} here"


def _active(whens: tuple[When, ...]) -> str:
    return f"active when {' and '.join(map(str, whens))}" if whens else "always active"


def _text(parts: Sequence[When | Constraint]) -> str:
    return exact([part.to_json() for part in parts])

"""The settings of optimizers and schedules that a run has built otherwise than the one that saved its checkpoint.

``load_state_dict`` of an optimizer brings back its learning rate and whatever else stands in its parameter groups, so
a hyperparameter that has changed since, as it does in a copy, would silently stay as it was. What a run builds before
its loop shows how the settings follow from its hyperparameters, under whatever names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Settings: TypeAlias = dict[str, list[Any]]
"""Of one object: ``param_groups`` as a list of dicts without the parameters, and lists of learning rates."""

_GROUPS = "param_groups"
_RATES = ("base_lrs", "_last_lr", "schedules")  # in the state of torch's schedulers and ours, for each parameter group


def settings_of(state: Mapping[str, Any]) -> Settings:
    """The settings in a ``state_dict()``; empty where there are none, as in a model's."""
    found: Settings = {name: [*map(_plain, state[name])] for name in _RATES if isinstance(state.get(name), list)}
    groups = state.get(_GROUPS)
    if isinstance(groups, list):
        plain = [{key: _plain(value) for key, value in group.items()} for group in groups]
        found[_GROUPS] = [{key: value for key, value in group.items() if _is_setting(value)} for group in plain]
    return found


def as_built(state: Mapping[str, Any], then: Settings, now: Settings, *, is_copy: bool = True) -> dict[str, Any]:
    """The saved state with those settings changed that were built otherwise. ``state`` stays as it is.

    then: as they were built in the run that saved the state; now: in this one. What has not moved since becomes as it
    is built now; a number that has, as under a schedule, keeps its ratio to what was built. is_copy: False in the same
    trial, whose hyperparameters a person has changed: what the training has set to the new value by itself stays.
    """
    changed = dict(state)
    for name, new in now.items():
        old, saved = then.get(name), state.get(name)
        if old is None or saved is None or not len(old) == len(saved) == len(new):
            continue
        if name == _GROUPS:
            changed[name] = [_group(*each, is_copy=is_copy) for each in zip(saved, old, new, strict=True)]
        else:
            changed[name] = [_moved(*each, is_copy=is_copy) for each in zip(saved, old, new, strict=True)]
    return changed


def _group(
    saved: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any], *, is_copy: bool
) -> dict[str, Any]:
    moved = {
        key: _moved(saved[key], old[key], new[key], is_copy=is_copy) for key in saved.keys() & old.keys() & new.keys()
    }
    return {**saved, **moved}


def _moved(saved: Any, old: Any, new: Any, *, is_copy: bool) -> Any:
    if old == new or (not is_copy and saved == new):
        return saved
    is_number = isinstance(saved, int | float)  # what is a tensor stays one
    is_ratio = isinstance(old, int | float) and old != 0 and (saved != old or not is_number)
    return saved * (new / old) if is_ratio else new


def _plain(value: Any) -> Any:
    """As a float what is a tensor of one number, such as a learning rate for CUDA graphs, which changes in place."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return float(value) if getattr(value, "shape", None) == () else value


def _is_setting(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number or (isinstance(value, tuple) and all(map(_is_setting, value)))

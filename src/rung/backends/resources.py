"""What a trial gets of the machine: its share of the GPUs, and how much memory it may use."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import force_setattr

from rung.backends._gpus import found_gpus, named_gpus
from rung.errors import SettingError
from rung.types import Json

GPU_VARIABLE = "CUDA_VISIBLE_DEVICES"
ALL = "all"

_UNITS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_LEAST_MEMORY = 10**6
_TOLERANCE = 0.05
"""How far 1 / share may be from a whole number: 0.33 stands for a third."""


class Resources(Struct, frozen=True, kw_only=True):
    """What each trial gets. Everything left at None is not managed.

    gpus: the ids of the GPUs to share out, as CUDA_VISIBLE_DEVICES takes them (numbers, UUIDs, MIG devices), as a
        sequence or as text with commas; ``all`` for those that this machine has.
    gpus_per_trial: a whole number, or 1/2, 1/3, 1/4 … of one. A share is a share in time: GPU memory is not divided.
    memory: what one trial may use with all processes of its group, in bytes or as text: ``8GB`` or ``8G``, ``512MiB``.

    After construction ``gpus`` is a tuple, ``all`` or None, and ``memory`` a number or None. SettingError.
    """

    gpus: Sequence[str | int] | str | None = None
    gpus_per_trial: float = 1.0
    memory: int | str | None = None

    def __post_init__(self) -> None:
        force_setattr(self, "gpus", _as_gpus(self.gpus))
        force_setattr(self, "gpus_per_trial", _as_share(self.gpus_per_trial))
        force_setattr(self, "memory", None if self.memory is None else as_bytes(self.memory))
        if self.gpus_per_trial > 1 and self.gpus is not None and any(str(gpu).startswith("MIG") for gpu in self.gpus):
            raise SettingError(
                f"gpus_per_trial={self.gpus_per_trial:g} with MIG devices: CUDA shows a process only one of them.",
                hint="Give each trial one, or a share of one.",
            )

    def to_json(self) -> dict[str, Json]:
        """What was set, such that ``Resources(**json)`` is an equal one."""
        given: dict[str, Json] = {}
        if self.gpus is not None:
            given["gpus"] = self.gpus if isinstance(self.gpus, str) else list(self.gpus)
            given["gpus_per_trial"] = self.gpus_per_trial
        if self.memory is not None:
            given["memory"] = self.memory
        return given

    def on_this_machine(self, environ: Mapping[str, str] | None = None) -> Resources:
        """The same with the ids of the GPUs in place of ``all``.

        Where CUDA_VISIBLE_DEVICES is set, as cluster schedulers do, only the GPUs in it are there. SettingError when
        there are none, or not the ones that were named.
        """
        if self.gpus is None:
            return self
        visible = (os.environ if environ is None else environ).get(GPU_VARIABLE)
        if self.gpus == ALL:
            gpus = found_gpus() if visible is None else named_gpus(visible)
            if not gpus:
                raise SettingError(f"gpus='all', but {GPU_VARIABLE}={visible} allows none.", hint="Leave gpus out.")
        else:
            gpus = tuple(str(gpu) for gpu in self.gpus)
            outside = [] if visible is None else [gpu for gpu in gpus if gpu not in named_gpus(visible)]
            if outside:
                raise SettingError(
                    f"The GPU {outside[0]} is not among those of {GPU_VARIABLE}={visible}.",
                    hint="Name GPUs that are in it, or give 'all' for all of these.",
                )
        return Resources(gpus=gpus, gpus_per_trial=self.gpus_per_trial, memory=self.memory)


def most_slots(resources: Resources) -> int | None:
    """How many trials the GPUs can carry at once; None when GPUs are not managed. ``gpus`` must not be ``all``."""
    gpus = _listed(resources)
    if not gpus:
        return None
    share = resources.gpus_per_trial
    return len(gpus) * round(1 / share) if share < 1 else len(gpus) // int(share)


def assignments(resources: Resources, slots: int) -> tuple[str, ...]:
    """CUDA_VISIBLE_DEVICES for each worker by its number; empty when GPUs are not managed.

    Trials that have a share each are spread over the GPUs. SettingError when the workers need more than there is.
    ``gpus`` must not be ``all``.
    """
    gpus, share, most = _listed(resources), resources.gpus_per_trial, most_slots(resources)
    if most is None:
        return ()
    if slots > most:
        needed = -(-slots // round(1 / share)) if share < 1 else slots * int(share)
        raise SettingError(
            f"{slots} {'worker needs' if slots == 1 else 'workers need'} {needed} GPUs at {share:g} "
            f"{'GPU' if share <= 1 else 'GPUs'} each; {len(gpus)} given ({', '.join(gpus)}).",
            hint=f"At most {most} {'worker fits' if most == 1 else 'workers fit'}."
            if most
            else "Give more GPUs, or let a trial have fewer.",
        )
    if share < 1:
        return tuple(gpus[worker % len(gpus)] for worker in range(slots))
    taken = int(share)
    return tuple(",".join(gpus[worker * taken : (worker + 1) * taken]) for worker in range(slots))


def as_bytes(given: int | str) -> int:
    """A number of bytes, from a number or a text such as ``8GB`` or ``8G`` (10^9), or ``8GiB`` (2^30). SettingError."""
    size = given
    if isinstance(given, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:([KMGT])(i?))?B?\s*", given, re.IGNORECASE)
        base = 1024 if found is not None and found[3] else 1000
        size = -1 if found is None else int(float(found[1]) * base ** _UNITS[(found[2] or "").upper()])
    if isinstance(size, bool) or not isinstance(size, int) or size < _LEAST_MEMORY:
        raise SettingError(
            f"memory={given!r} can't be the memory of a trial.",
            hint="Write 8GB (or 8G, 10^9 bytes each), 512MiB, or at least a million bytes.",
        )
    return size


def _listed(resources: Resources) -> tuple[str, ...]:
    gpus = resources.gpus
    assert not isinstance(gpus, str), "on_this_machine comes before"
    return () if gpus is None else tuple(str(gpu) for gpu in gpus)


def _as_gpus(given: object) -> tuple[str, ...] | str | None:
    if given is None or given == ALL:
        return ALL if given == ALL else None
    words = given.split(",") if isinstance(given, str) else given
    if isinstance(words, Sequence) and words:
        gpus = tuple(str(word).strip() for word in words)
        if all(_is_id(word) for word in words) and len(set(gpus)) == len(gpus):
            return gpus
    raise SettingError(f"gpus={given!r} are no GPUs.", hint="Give their ids, each once, such as ['0', '1'], or 'all'.")


def _is_id(word: object) -> bool:
    if isinstance(word, str):
        return re.fullmatch(r"\s*[A-Za-z0-9][A-Za-z0-9/_-]*\s*", word) is not None
    return isinstance(word, int) and not isinstance(word, bool) and word >= 0


def _as_share(given: object) -> float:
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 < given < float("inf"):
        parts = 1 / given if given < 1 else given
        if abs(parts - round(parts)) <= (_TOLERANCE if given < 1 else 0):
            return float(given)
    raise SettingError(
        f"gpus_per_trial={given!r} is not possible.",
        hint="Give a whole number, or a share of which a whole number fits on one GPU: 0.5, 0.33, 0.25 …",
    )

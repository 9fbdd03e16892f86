"""The global random generators as those of one optimiser, for packages that draw from nothing else."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any, final

import numpy as np


@final
class OwnRandomness:
    """States of the generators of ``random`` and NumPy, and of torch on the CPU if asked for, that begin at a seed.

    They are in force inside ``with own.in_force():`` only, and go on there where they were at the end of the last time.
    Everybody else finds the generators as they were.
    """

    def __init__(self, seed: int, *, torch: bool = False) -> None:
        self._has_torch = torch
        numbers = np.random.RandomState(seed).get_state()
        self._states: tuple[Any, ...] = (random.Random(seed).getstate(), numbers)  # noqa: S311  nothing secret
        if torch:
            from torch import Generator

            self._states += (Generator().manual_seed(seed).get_state(),)

    @contextlib.contextmanager
    def in_force(self) -> Iterator[None]:
        """What draws from global generators in here draws from these."""
        others = self._read()
        self._write(self._states)
        try:
            yield
        finally:
            self._states = self._read()
            self._write(others)

    def _read(self) -> tuple[Any, ...]:
        states = (random.getstate(), np.random.get_state())  # noqa: NPY002
        if not self._has_torch:
            return states
        import torch

        return (*states, torch.get_rng_state())

    def _write(self, states: tuple[Any, ...]) -> None:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        if self._has_torch:
            import torch

            torch.set_rng_state(states[2])

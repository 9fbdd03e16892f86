"""The states of the global random number generators that a training may draw from, taken and put back."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np


def capture() -> dict[str, Any]:
    """The states of ``random``, of NumPy's global generator, and of torch's where torch is loaded.

    torch: the CPU's generator, and those of all CUDA devices if CUDA is in use by this process.
    """
    version, words, gauss = random.getstate()
    states: dict[str, Any] = {
        "python": {"version": version, "words": np.array(words, dtype=np.uint32), "gauss": gauss},
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002  the global generator is what is to be kept
    }
    if (torch := sys.modules.get("torch")) is not None:
        states["torch"] = torch.random.get_rng_state()
        if torch.cuda.is_initialized():
            states["cuda"] = torch.cuda.get_rng_state_all()
    return states


def restore(states: dict[str, Any]) -> None:
    """Put back what ``capture`` took. States of CUDA devices that are not here are left out."""
    python = states["python"]
    random.setstate((python["version"], tuple(python["words"].tolist()), python["gauss"]))
    np.random.set_state(states["numpy"])  # noqa: NPY002  as above
    if "torch" in states:
        import torch  # only a training that uses torch has such a state

        torch.random.set_rng_state(states["torch"])
        if "cuda" in states and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(states["cuda"][: torch.cuda.device_count()])

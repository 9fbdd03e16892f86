"""The states of the global random number generators that a training may draw from, taken and put back."""

from __future__ import annotations

import random
import sys
from typing import Any, TypeAlias

import numpy as np

_State: TypeAlias = tuple[Any, ...]
"""What ``random.Random.getstate`` gives."""


def capture() -> dict[str, Any]:
    """The states of ``random``, of NumPy's global generator, and of those of torch, TensorFlow and Keras if loaded.

    torch: the CPU's generator, and those of all CUDA devices if CUDA is in use by this process. TensorFlow: the seed
    that was set, and what gives seeds to operations; what a ``tf.data`` pipeline or a compiled function has drawn is
    kept inside of them. Keras: the generator of ``keras.random`` where no seed is given.
    """
    states: dict[str, Any] = {
        "python": _encoded(random.getstate()),
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002  the global generator is what is to be kept
    }
    if (torch := sys.modules.get("torch")) is not None:
        states["torch"] = torch.random.get_rng_state()
        if torch.cuda.is_initialized():
            states["cuda"] = torch.cuda.get_rng_state_all()
    if (context := sys.modules.get("tensorflow.python.eager.context")) is not None:
        states |= _of_tensorflow(context)
    if (global_state := sys.modules.get("keras.src.backend.common.global_state")) is not None:
        states |= _of_keras(global_state)
    return states


def restore(states: dict[str, Any]) -> None:
    """Put back what ``capture`` took. States of CUDA devices that are not here are left out."""
    random.setstate(_decoded(states["python"]))
    np.random.set_state(states["numpy"])  # noqa: NPY002  as above
    if "torch" in states:
        import torch  # only a training that uses torch has such a state

        torch.random.set_rng_state(states["torch"])
        if "cuda" in states and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(states["cuda"][: torch.cuda.device_count()])
    if "tensorflow" in states and (context := sys.modules.get("tensorflow.python.eager.context")) is not None:
        # where it isn't loaded, nothing draws from it: Keras loads it only to seed it, whatever its backend
        context.set_global_seed(states["tensorflow"]["seed"])
        context.context()._rng.setstate(_decoded(states["tensorflow"]["operations"]))  # noqa: SLF001  as below
    if "keras" in states:
        from keras.src.random.seed_generator import global_seed_generator

        global_seed_generator().state.assign(states["keras"])


def _of_tensorflow(context: Any) -> dict[str, Any]:
    """Nothing where no seed was set: then each operation draws one from the system."""
    seed = context.global_seed()
    if seed is None:
        return {}
    operations = context.context()._rng.getstate()  # noqa: SLF001  there is no public name
    return {"tensorflow": {"seed": int(seed), "operations": _encoded(operations)}}


def _of_keras(global_state: Any) -> dict[str, Any]:
    """Nothing until something draws from it: it is made then, from ``random``, whose state is kept as well."""
    from keras import ops
    from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

    generator = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
    return {} if generator is None else {"keras": ops.convert_to_numpy(generator.state.value)}


def _encoded(state: _State) -> dict[str, Any]:
    version, words, gauss = state
    return {"version": version, "words": np.array(words, dtype=np.uint32), "gauss": gauss}


def _decoded(state: dict[str, Any]) -> _State:
    return state["version"], tuple(state["words"].tolist()), state["gauss"]

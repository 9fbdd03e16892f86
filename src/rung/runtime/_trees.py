"""Nested state to a JSON tree with arrays beside it, and back. What has no JSON form becomes ``{"$kind": …}``."""

from __future__ import annotations

import base64
import importlib.util
import math
import sys
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from rung.errors import CheckpointError
from rung.types import Json

Array: TypeAlias = NDArray[Any]

_DICTS: Mapping[type, str] = {dict: "$dict", OrderedDict: "$ordered", Counter: "$counter"}
_METADATA = "_metadata"
"""torch keeps the versions of modules in an attribute of this name on the state dict, and needs them when loading."""


def encode_tree(state: object) -> tuple[Json, list[Array]]:
    """The JSON tree of a state and the arrays that it refers to by number. CheckpointError names what can't be kept."""
    encoder = _Encoder()
    return encoder.encode(state, ()), encoder.arrays


def decode_tree(tree: Json, arrays: Sequence[Array]) -> Any:
    """The inverse of ``encode_tree``. ValueError or KeyError for a tree that it did not make."""
    if isinstance(tree, list):
        return [decode_tree(part, arrays) for part in tree]
    if not isinstance(tree, dict):
        return tree
    kind = next(iter(tree), "")
    if not kind.startswith("$"):
        return {key: decode_tree(part, arrays) for key, part in tree.items()}
    content = tree[kind]
    if kind == "$float":
        return float(content)
    if kind == "$bytes":
        return base64.b64decode(content)
    if kind == "$tuple":
        return tuple(decode_tree(part, arrays) for part in content)
    if kind == "$array":
        return arrays[content]
    if kind == "$scalar":
        return arrays[content][()]
    if kind == "$tensor":
        return _as_tensor(arrays[content], tree.get("type"))
    for mapping, name in _DICTS.items():
        if kind == name:
            made = mapping({decode_tree(key, arrays): decode_tree(part, arrays) for key, part in content})
            if _METADATA in tree:
                setattr(made, _METADATA, decode_tree(tree[_METADATA], arrays))
            return made
    raise ValueError(f"unknown part {kind}")


@final
class _Encoder:
    """Walks a state; ``arrays`` collects what it meets. Places are the keys from the root."""

    def __init__(self) -> None:
        self.arrays: list[Array] = []

    def encode(self, value: Any, place: tuple[object, ...]) -> Json:
        kind = type(value)
        if value is None or kind in {bool, int, str}:
            return value
        if kind is float:
            return value if math.isfinite(value) else {"$float": repr(value)}
        if kind in _DICTS:
            return self._mapping(value, place)
        if kind is list:
            return self._parts(value, place)
        if isinstance(value, tuple) and getattr(value, "_fields", None) is None:
            return {"$tuple": self._parts(value, place)}
        if kind is bytes:
            return {"$bytes": base64.b64encode(value).decode()}
        if kind is np.ndarray or isinstance(value, np.generic):  # not masked arrays and the like: they hold more
            return self._array(value, place)
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(value, torch.Tensor):
            return self._tensor(value, place)
        raise _refusal(value, place)

    def _parts(self, values: Iterable[Any], place: tuple[object, ...]) -> list[Json]:
        return [self.encode(value, (*place, number)) for number, value in enumerate(values)]

    def _mapping(self, values: Mapping[Any, Any], place: tuple[object, ...]) -> Json:
        plain = type(values) is dict and all(type(key) is str for key in values)
        if plain and not next(iter(values), "").startswith("$"):
            return {key: self.encode(value, (*place, key)) for key, value in values.items()}
        pairs = []
        for key, value in values.items():
            if not _can_be_key(key):
                raise _refusal(key, place, what="the key ")
            pairs.append([self.encode(key, place), self.encode(value, (*place, key))])
        tree: dict[str, Json] = {_DICTS[type(values)]: pairs}
        if (metadata := getattr(values, _METADATA, None)) is not None:
            tree[_METADATA] = self.encode(metadata, (*place, _METADATA))
        return tree

    def _array(self, value: Any, place: tuple[object, ...]) -> Json:
        if value.dtype.hasobject or type(value) is np.void:
            raise _refusal(value, place)
        return {"$array" if isinstance(value, np.ndarray) else "$scalar": self._keep(np.asarray(value))}

    def _tensor(self, value: Any, place: tuple[object, ...]) -> Json:
        torch = sys.modules["torch"]
        if value.layout is not torch.strided or value.is_quantized or value.device.type == "meta":
            raise _refusal(value, place, what="a sparse, quantized or meta tensor: ")
        plain = value.detach().cpu().contiguous().resolve_conj().resolve_neg()
        try:
            return {"$tensor": self._keep(plain.numpy())}
        except TypeError:  # a type that NumPy does not know, such as bfloat16: its bits are kept
            bits = {1: torch.uint8, 2: torch.int16, 4: torch.int32}[plain.element_size()]
            kept = self._keep(plain.view(bits).numpy())
            return {"$tensor": kept, "type": str(value.dtype).removeprefix("torch.")}

    def _keep(self, array: Array) -> int:
        self.arrays.append(array)
        return len(self.arrays) - 1


def _can_be_key(key: object) -> bool:
    if isinstance(key, tuple):
        return getattr(key, "_fields", None) is None and all(map(_can_be_key, key))
    return key is None or type(key) in {bool, int, float, str, bytes}


def _refusal(value: object, place: tuple[object, ...], *, what: str = "") -> CheckpointError:
    where = "".join(f"[{key!r}]" for key in place) or "the state itself"
    return CheckpointError(
        f"{where} can't be saved: {what}{type(value).__module__}.{type(value).__qualname__}.",
        hint="A checkpoint holds numbers, strings, arrays, tensors, and lists, tuples and dicts of these.",
    )


def _as_tensor(array: Array, kind: str | None) -> Any:
    """A torch tensor, or where torch is not installed a NumPy array; ``kind`` names a type that NumPy does not know."""
    if importlib.util.find_spec("torch") is not None:
        import torch  # only states that hold tensors need it

        tensor = torch.from_numpy(array)
        return tensor if kind is None else tensor.view(getattr(torch, kind))
    if kind == "bfloat16":  # the upper half of a float32
        return (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return array

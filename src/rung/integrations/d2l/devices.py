"""Processors by the names that the book gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def cpu() -> torch.device:
    """The main processor."""
    return torch.device("cpu")


def gpu(i: int = 0) -> torch.device:
    """The GPU of that number, whether it exists or not."""
    return torch.device(f"cuda:{i}")


def num_gpus() -> int:
    """How many GPUs torch can use; 0 where there are none."""
    return torch.cuda.device_count()


def try_gpu(i: int = 0) -> torch.device:
    """The GPU of that number if there is one, else the main processor."""
    return gpu(i) if num_gpus() > i else cpu()


def numpy(tensor: torch.Tensor) -> NDArray[np.generic]:
    """The tensor's values as an array, wherever they are kept and whether or not they have gradients."""
    values: NDArray[Any] = tensor.detach().cpu().numpy()
    return values

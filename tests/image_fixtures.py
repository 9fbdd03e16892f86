"""Fixtures for tests that train on images; a conftest imports those that it needs."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idx_files import idx_gz, small_files


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads of torch that wait for each other take many times as long where other programs use the cores, too."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def write_images(tmp_path: Path) -> Callable[..., Path]:
    def write(**options: int) -> Path:
        folder = tmp_path / "images"
        folder.mkdir()
        for name, array in small_files(**options).items():
            (folder / name).write_bytes(idx_gz(array))
        return folder

    return write


@pytest.fixture(scope="session")
def fashion_mnist() -> Path:
    """The real files, where RUNG_DATA says they are."""
    if "RUNG_DATA" not in os.environ:
        pytest.skip("RUNG_DATA names no folder with the Fashion-MNIST files")
    return Path(os.environ["RUNG_DATA"])

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rung.errors import MissingExtraError, SettingError
from rung.integrations.tensorboard import summary

pytest.importorskip("tensorboard")
from rung.integrations.tensorboard._files import events_of


def scalars_of(folder: Path) -> list[tuple[str, int, float]]:
    values = [(value, event.step) for event in events_of(folder) for value in event.summary.value]
    return [(value.tag, step, value.simple_value) for value, step in values]


def test_scalars_go_to_the_writer_of_the_context(tmp_path: Path) -> None:
    outer, inner = summary.create_file_writer(tmp_path / "a"), summary.create_file_writer(str(tmp_path / "b"))
    with outer.as_default():
        summary.scalar("loss", 0.5, step=1)
        with inner.as_default() as writer:
            assert writer is inner
            summary.scalar("loss", 0.25, 2)
        summary.scalar("loss", 1, step=3)
    assert scalars_of(tmp_path / "a") == [("loss", 1, 0.5), ("loss", 3, 1.0)]
    assert scalars_of(tmp_path / "b") == [("loss", 2, 0.25)]


def test_a_second_writer_goes_on_behind_the_first(tmp_path: Path) -> None:
    for step in (1, 2):
        with summary.create_file_writer(tmp_path).as_default():
            summary.scalar("loss", step, step)
    assert len(list(tmp_path.iterdir())) == 2
    assert scalars_of(tmp_path) == [("loss", 1, 1.0), ("loss", 2, 2.0)]


def test_without_a_writer_nothing_would_be_written() -> None:
    with pytest.raises(SettingError, match="There is no writer"):
        summary.scalar("loss", 0.5, step=1)


def test_it_needs_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rung.integrations.tensorboard._files", None)
    with pytest.raises(MissingExtraError, match=r"Writing for TensorBoard needs"):
        summary.create_file_writer(tmp_path)

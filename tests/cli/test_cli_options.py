from __future__ import annotations

from pathlib import Path

import pytest

from rung.cli._options import reading
from rung.errors import StoreNotFoundError


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
def test_a_store_is_named_by_path_or_url(invoke_json, finished: Path, form: str) -> None:
    assert [row["study"] for row in invoke_json("ls", "--store", form.format(finished))] == ["lenet"]


def test_the_environment_names_the_store_unless_the_command_line_does(
    invoke, invoke_json, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNG_STORE", str(finished))
    assert len(invoke_json("ls")) == 1
    assert "There is no store at" in invoke("ls", "--store", "other.db", exit_code=1).stderr


def test_an_address_of_no_kind(invoke) -> None:
    assert "rung: 'ftp://x' is not the address of a store." in invoke("ls", "--store", "ftp://x", exit_code=1).stderr


def test_reading_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreNotFoundError, match="no store"), reading(str(tmp_path / "new.db")):
        pass
    assert list(tmp_path.iterdir()) == []

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from rung.console import Progress, make_progress
from rung.errors import SettingError
from rung.events import SessionStarted, StudyCreated
from rung.ledger import Ledger
from rung.types import Goal, Owner


def begin(progress: Progress) -> None:
    ledger = Ledger()
    ledger.apply(
        StudyCreated(
            study="lenet", space={}, goal=Goal("error"), seed=1, searcher={"name": "r"}, scheduler={"name": "b"}
        )
    )
    event = SessionStarted(at=0.0, session=1, owner=Owner("h", "b", 1, 1.0), slots=1, unix=0.0)
    ledger.apply(event)
    with progress:
        for observer in progress.observers:
            observer(event, ledger)


@pytest.mark.parametrize(
    ("mode", "text"), [("plain", "study lenet (new)"), ("json", '"type": "study"'), ("auto", "new")]
)
def test_modes(mode: str, text: str) -> None:
    stream = io.StringIO()
    begin(make_progress(mode, stream=stream))  # type: ignore[arg-type]
    assert text in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_a_live_table_can_be_had_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    begin(make_progress("live", stream=stream))
    assert "study lenet (new)" in stream.getvalue()


def test_off_observes_nothing() -> None:
    progress = make_progress("off")
    assert progress.observers == ()
    begin(progress)


def test_standard_output_is_where_it_goes_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    begin(make_progress("auto"))
    assert "study lenet (new)" in capsys.readouterr().out


def test_an_unknown_mode() -> None:
    with pytest.raises(SettingError, match="progress='loud' is not known") as caught:
        make_progress("loud")  # type: ignore[arg-type]
    assert caught.value.hint == "Use one of 'auto', 'live', 'notebook', 'plain', 'json', 'off'."


@pytest.mark.parametrize("mode", ["plain", "json", "live"])
def test_a_stream_that_is_gone_ends_the_show_and_not_the_study(mode: str) -> None:
    stream = io.StringIO()
    stream.close()
    progress = make_progress(mode, stream=stream)  # type: ignore[arg-type]
    begin(progress)
    begin(progress)


class Broken(io.StringIO):
    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        raise BrokenPipeError


def test_a_broken_pipe_is_tried_once() -> None:
    stream = Broken()
    progress = make_progress("plain", stream=stream)
    begin(progress)
    begin(progress)
    assert stream.writes == 1


def test_signs_that_the_stream_does_not_know_end_the_show_too() -> None:
    begin(make_progress("live", stream=io.TextIOWrapper(io.BytesIO(), encoding="ascii")))


def test_a_mistake_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*_: object, **__: object) -> str:
        raise ValueError("a bug")

    monkeypatch.setattr("rung.console.plain.banner", mistaken)
    with pytest.raises(ValueError, match="a bug"):
        begin(make_progress("plain", stream=io.StringIO()))


@pytest.mark.parametrize("mode", ["plain", "json", "off"])
def test_rich_is_loaded_for_the_live_table_only(mode: str) -> None:
    code = (
        f"import sys; from rung.console import make_progress; make_progress({mode!r}); sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

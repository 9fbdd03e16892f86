"""Progress in the output of a cell; IPython is played by a small stand-in, and in one test by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from staged_events import WHOLE_STUDY, created, observed, session, show, started

from rung.console import make_progress
from rung.console.notebook import PERIOD_S, NotebookTable, is_notebook, show_live
from rung.errors import SettingError
from rung.events import SessionEnded
from rung.ledger import Ledger


class Cell:
    """What a cell shows: one text per display, and all that each has shown."""

    def __init__(self) -> None:
        self.displays: list[list[str]] = []

    def HTML(self, text: str) -> str:  # noqa: N802  # IPython's name
        return text

    def display(self, content: str, *, display_id: bool) -> Any:
        assert display_id
        shown = [content]
        self.displays.append(shown)
        return SimpleNamespace(update=shown.append)


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Cell:
    """This process as the kernel of a notebook."""
    cell = Cell()
    package = ModuleType("IPython")
    package.get_ipython = lambda: SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    display = ModuleType("IPython.display")
    display.HTML, display.display = cell.HTML, cell.display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return cell


def test_a_study_is_one_table_that_is_kept_up_to_date(cell: Cell) -> None:
    table = NotebookTable(store="/home/ann/rung.db", max_trials=50)
    show(table, *WHOLE_STUDY)
    table.close()
    ((*_, last),) = cell.displays
    assert last.startswith("<div><b>rung ")
    assert "study lenet (new) · store /home/ann/rung.db" in last
    assert last.count("<tr>") == 6
    assert "✗ failed</td>" in last
    assert "oom: CUDA out of memory.</td>" in last
    assert "trials 5/50 · done 1" in last
    assert "study lenet: interrupted · 5 trials: 1 waiting, 1 completed, 1 stopped, 2 failed · best error " in last
    assert last.endswith("0.125 in trial 4 at step 1: lr=0.03125 opt=adam</div>")


def test_it_is_drawn_at_most_so_often_and_at_the_end(cell: Cell) -> None:
    now = [0.0]
    table = NotebookTable(store="", max_trials=None, now=lambda: now[0])
    ledger = show(table, created(), session(), started(0))
    assert [len(shown) for shown in cell.displays] == [1]
    for step in range(1, 11):
        now[0] += PERIOD_S / 4
        event = observed(0, step, 1 / step)
        ledger.apply(event)
        table(event, ledger)
    assert len(cell.displays[0]) == 1 + 2
    end = SessionEnded(at=1.0, session=1, why="done")
    ledger.apply(end)
    table(end, ledger)
    assert len(cell.displays[0]) == 1 + 2 + 1


def test_what_was_drawn_last_is_up_to_date_when_the_show_is_closed(cell: Cell) -> None:
    table = NotebookTable(store="", max_trials=None, now=lambda: 0.0)
    show(table, created(), session(), started(0), observed(0, 3, 0.5))
    table.close()
    assert "3/27</td>" in cell.displays[0][-1]


def test_text_is_escaped(cell: Cell) -> None:
    table = NotebookTable(store="", max_trials=None, now=lambda: 0.0)
    show(table, created(names=("opt",)), session(), started(0, config={"opt": "<script>"}))
    table.close()
    assert "&lt;script&gt;" in cell.displays[0][-1]
    assert "<script>" not in cell.displays[0][-1]


def test_every_session_has_a_table_of_its_own(cell: Cell) -> None:
    table = NotebookTable(store="", max_trials=None)
    ledger = show(table, created(), session(), SessionEnded(at=1.0, session=1, why="done"))
    second = session(at=1.0, number=2)
    ledger.apply(second)
    table(second, ledger)
    assert len(cell.displays) == 2
    assert "(resumed, 0 trials done)" in cell.displays[1][0]


def test_in_a_notebook_it_is_what_auto_means(cell: Cell, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger()
    progress = make_progress("auto", max_trials=3)
    with progress:
        for event in (created(), session()):
            ledger.apply(event)
            for observer in progress.observers:
                observer(event, ledger)
    assert len(cell.displays) == 1
    assert capsys.readouterr().out == ""


def test_in_ipython_on_a_terminal_it_is_not(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_notebook()
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", SimpleNamespace)
    assert not is_notebook()
    make_progress("auto").observers[0](session(), _begun())
    assert cell.displays == []


def _begun() -> Ledger:
    ledger = Ledger()
    for event in (created(), session()):
        ledger.apply(event)
    return ledger


def test_without_ipython_there_is_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IPython", "IPython.display"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert not is_notebook()
    with pytest.raises(SettingError, match="there is no notebook here") as caught:
        make_progress("notebook").observers[0](session(), _begun())
    assert "rung top" in caught.value.hint


def test_nothing_of_ipython_is_imported() -> None:
    code = "import sys; from rung.console import make_progress; make_progress('auto'); import rung.console.notebook"
    done = subprocess.run([sys.executable, "-c", f"{code}; sys.exit('IPython' in sys.modules)"], check=False)
    assert done.returncode == 0


class FakeStudy:
    """A study that somebody runs while it is looked at so many times."""

    def __init__(self, *cards: str) -> None:
        self._cards = list(cards)
        self._card = ""

    @property
    def row(self) -> Any:
        self._card = self._cards.pop(0)
        return SimpleNamespace(owner="somebody" if self._cards else None)

    def _repr_html_(self) -> str:
        return self._card


def test_a_study_is_shown_until_nobody_runs_it(cell: Cell) -> None:
    show_live(FakeStudy("one", "one", "two", "end"), every_s=1e-3)  # type: ignore[arg-type]
    assert cell.displays == [["one", "two", "end"]]


def test_an_interrupt_ends_the_showing_alone(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rung.console.notebook.time.sleep", interrupt)
    show_live(FakeStudy("one", "two"))  # type: ignore[arg-type]
    assert cell.displays == [["one"]]


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_senseless_seconds_are_refused(seconds: float) -> None:
    with pytest.raises(SettingError, match="every_s must be a finite number, above 0"):
        show_live(FakeStudy("one"), every_s=seconds)  # type: ignore[arg-type]


TUNE = """
import IPython
from IPython.core.interactiveshell import InteractiveShell
import IPython.display
from IPython.utils.capture import capture_output

shell = InteractiveShell.instance()
shell.kernel = object()
with capture_output() as captured:
    import rung
    rung.tune(lambda x: x, {"x": [1.0, 2.0]}, searcher="grid", store="memory", study="tiny")
first, *updates = captured.outputs
assert "study tiny (new)" in first.data["text/html"], captured
assert updates, captured
assert "best x" not in captured.stdout
print(updates[-1].data["text/html"])
"""


def test_in_ipython_itself(tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    (tmp_path / "cell.py").write_text(TUNE)
    done = subprocess.run([sys.executable, "cell.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "tiny: done, nothing is left to try" in done.stdout

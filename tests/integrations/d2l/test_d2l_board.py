import sys
import types

import pytest

from rung.errors import MissingExtraError
from rung.integrations.d2l.board import ProgressBoard


def points(board, label):
    line = next(line for line in board.axes.get_lines() if line.get_label() == label)
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def test_points_are_averaged_by_label():
    board = ProgressBoard("x", "y", yscale="log")
    for x in range(1, 8):
        board.draw(x, 10 * x, "coarse", every_n=3)
        board.draw(x, x, "fine")
    assert points(board, "coarse") == [(2, 20), (5, 50)]
    assert points(board, "fine") == [(x, x) for x in range(1, 8)]
    assert (board.axes.get_xlabel(), board.axes.get_ylabel(), board.axes.get_yscale()) == ("x", "y", "log")
    assert [text.get_text() for text in board.axes.get_legend().get_texts()] == ["fine", "coarse"]


def test_styles_are_taken_in_turn_and_again():
    board = ProgressBoard(ls=["-", ":"], colors=["red", "green", "blue"])
    for label in "abcd":
        board.draw(0, 0, label)
    lines = board.axes.get_lines()
    assert [line.get_linestyle() for line in lines] == ["-", ":", "-", ":"]
    assert [line.get_color() for line in lines] == ["red", "green", "blue", "red"]


def test_options_may_change_while_it_is_drawn():
    board = ProgressBoard(figsize=(5, 4))
    board.draw(1, 2, "a")
    board.xlim, board.ylim, board.xlabel = (0, 9), [1, 3], "epoch"
    board.draw(2, 2, "a")
    assert board.axes.get_xlim() == (0, 9)
    assert board.axes.get_ylim() == (1, 3)
    assert board.axes.get_xlabel() == "epoch"
    assert list(board.fig.get_size_inches()) == [5, 4]


def test_the_axes_cover_all_points():
    board = ProgressBoard()
    for x in (5, -5, 20):
        board.draw(x, x**2, "a")
    left, right = board.axes.get_xlim()
    low, high = board.axes.get_ylim()
    assert left <= -5
    assert right >= 20
    assert low <= 25
    assert high >= 400


def test_it_draws_where_it_is_told_and_saves(tmp_path):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots(1, 2)[1]
    board = ProgressBoard(axes=axes)
    board.draw(1, 2, "a")
    assert len(axes.get_lines()) == 1
    path = board.save(tmp_path / "picture.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    other = ProgressBoard(fig=Figure())
    other.draw(1, 2, "a")
    assert len(other.fig.axes) == 1


def test_in_a_notebook_one_output_is_brought_up_to_date(monkeypatch):
    shown = []
    handle = types.SimpleNamespace(update=lambda image: shown.append(("update", image[:4])))
    display = types.SimpleNamespace(
        Image=lambda data: data, display=lambda image, display_id: shown.append(("new", image[:4])) or handle
    )
    ipython = types.SimpleNamespace(get_ipython=object)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    board = ProgressBoard()
    for x in range(3):
        board.draw(x, x, "a")
    assert shown == [("new", b"\x89PNG"), ("update", b"\x89PNG"), ("update", b"\x89PNG")]
    ProgressBoard(display=False).draw(1, 1, "a")
    ipython.get_ipython = lambda: None
    ProgressBoard().draw(1, 1, "a")
    assert len(shown) == 3


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    board = ProgressBoard()
    with pytest.raises(MissingExtraError, match=r"pip install 'rung\[plot\]'"):
        board.draw(1, 1, "a")

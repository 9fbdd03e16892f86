import pytest

from rung.integrations import d2l


def lines_of(animator):
    return {line.get_label(): line for line in animator.board.axes.get_lines()}


def test_each_curve_grows_by_its_own_points():
    animator = d2l.Animator(xlabel="epoch", xlim=[0, 3], legend=["train loss", "train acc", "test acc"])
    animator.add(0.5, (2.0, 0.5, None))
    animator.add(1, (1.0, 0.6, None))
    animator.add(1, (None, None, 0.7))
    lines = lines_of(animator)
    assert list(lines["train loss"].get_xdata()) == [0.5, 1]
    assert list(lines["train acc"].get_ydata()) == [0.5, 0.6]
    assert list(lines["test acc"].get_xydata()[0]) == [1, 0.7]
    assert animator.board.axes.get_xlim() == (0, 3)
    assert [(line.get_linestyle(), line.get_color()) for line in lines.values()] == [
        ("-", "C0"),
        ("--", "m"),
        ("-.", "g"),
    ]


def test_one_curve_without_a_name(tmp_path):
    animator = d2l.Animator(yscale="log")
    animator.add(1, 0.5)
    animator.add([2], [0.25])
    assert list(lines_of(animator)["curve 1"].get_ydata()) == [0.5, 0.25]
    assert animator.save(tmp_path / "picture.png").stat().st_size > 0


def test_values_without_a_place():
    with pytest.raises(ValueError, match="zip"):
        d2l.Animator().add([1, 2], [1, 2, 3])

import pytest

pytest.importorskip("matplotlib")

from rung.analysis._frame import new_figure
from rung.analysis.pictures import format_of, save
from rung.errors import RungError, SettingError


@pytest.mark.parametrize(
    ("name", "begins"), [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("a.pdf", b"%PDF"), ("no ending", b"\x89PNG")]
)
def test_the_ending_says_the_format(name, begins, tmp_path):
    save(new_figure(1, 1, title=""), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(begins)


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(SettingError, match=r"'a\.pgn' is no picture: \.pgn is none of the formats there are\."):
        format_of("a.pgn")
    with pytest.raises(SettingError, match=r"Use \.png, \.svg or \.pdf"):
        save(new_figure(1, 1, title=""), tmp_path / "a.docx")
    assert not list(tmp_path.iterdir())


def test_a_place_where_nothing_can_be_written(tmp_path):
    with pytest.raises(RungError, match=r"can't be written to .*: No such file or directory\. Choose another path"):
        save(new_figure(1, 1, title=""), tmp_path / "nowhere" / "a.png")

import msgspec
import pytest
from made_up_runs import made_up_runs

from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.report import circumstances_of, html_report, markdown_report, write_report
from rung.errors import RungError, SettingError


@pytest.fixture(scope="module")
def report():
    runs = made_up_runs(problems=["p"], speeds={"tpe": 0.8}, n_seeds=2, n_evaluations=3)
    return compare_runs(runs, n_resamples=50), circumstances_of(runs)


def test_the_page_and_the_tables_beside_it(tmp_path, report):
    out = tmp_path / "report.html"
    assert write_report(*report, out, title="Mine") == (out, tmp_path / "report.md")
    assert out.read_text() == html_report(*report, title="Mine")
    assert (tmp_path / "report.md").read_text() == "<!-- a report by rung -->\n\n" + markdown_report(
        *report, title="Mine"
    )


def test_a_report_that_is_there_is_replaced(tmp_path, report):
    out = tmp_path / "report.html"
    write_report(*report, out, title="First")
    write_report(*report, out, title="Second")
    assert "# Second" in (tmp_path / "report.md").read_text()


def test_somebody_elses_text_is_not_replaced(tmp_path, report):
    (tmp_path / "README.md").write_text("# Mine\n")
    with pytest.raises(SettingError, match=r"would replace .*README.md, which is no report"):
        write_report(*report, tmp_path / "README.html")
    assert (tmp_path / "README.md").read_text() == "# Mine\n"
    assert not (tmp_path / "README.html").exists()


def test_another_ending_is_refused(tmp_path, report):
    with pytest.raises(SettingError, match=r"Let its name end in \.html"):
        write_report(*report, tmp_path / "report.pdf")


def test_a_folder_that_is_not_there_is_named(tmp_path, report):
    with pytest.raises(SettingError, match=r"There is no folder .*reports for the report"):
        write_report(*report, tmp_path / "reports" / "report.html")


def test_a_place_that_cannot_be_written_is_named(tmp_path, report):
    (tmp_path / "report.html").mkdir()
    with pytest.raises(RungError, match=r"can't be written to .*report\.html: Is a directory"):
        write_report(*report, tmp_path / "report.html")


def test_a_full_disk_leaves_the_report_that_was_there(tmp_path, report, monkeypatch):
    out = tmp_path / "report.html"
    write_report(*report, out, title="First")
    before = out.read_text()

    def write_half(path, content):
        with path.open("wb") as file:
            file.write(content[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(out), "write_bytes", write_half)
    with pytest.raises(RungError, match="No space left on device"):
        write_report(*report, out, title="Second")
    assert out.read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.md"]


def test_words_that_are_no_unicode_are_written_as_far_as_they_are(tmp_path, report):
    comparison, circumstances = report
    odd = msgspec.structs.replace(circumstances, command="rung bench report \udcff")
    page, _ = write_report(comparison, odd, tmp_path / "report.html")
    assert "rung bench report ?" in page.read_text(encoding="utf-8")

import re

import pytest
from made_up_reports import EVIL
from made_up_runs import made_up_runs, run_of
from made_up_scenes import INPUTS, scene

from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.report import circumstances_of
from rung.analysis.comparison.report.html_page import html_page
from rung.analysis.comparison.report.markdown import markdown_text
from rung.analysis.comparison.report.side_by_side import document_side_by_side
from rung.analysis.comparison.strategies import Strategy


def document_of(given, runs=None, **settings):
    runs = runs or made_up_runs(
        problems=["branin"], speeds={"grid": 0.1, "random": 0.5, "tpe": 1.0}, n_seeds=6, n_evaluations=9
    )
    methods = list(dict.fromkeys(run.method for run in runs))
    comparison = compare_runs(runs, methods=methods, n_resamples=100)
    strategies = [Strategy(name, name, name) for name in methods]
    return document_side_by_side(comparison, given, strategies, circumstances_of(runs), **settings)


@pytest.fixture(scope="module")
def page():
    return html_page(document_of(scene("grid", "random", "tpe", boxes=[((1e-3, 0.1), (0.2, 0.6))])))


def test_it_shows_what_was_tried_how_good_it_was_and_when_to_use_which(page):
    headings = re.findall(r"<h[12] id=\"([\w-]+)\"", page)
    assert headings == ["top", "tried", "progress-of-each", "use", "making", "numbers"]
    assert page.count("<figure>") == 4  # three squares, and the curves
    assert "9 points; different values: 3 of lr and 3 of momentum." in page
    assert "Boxes are the ranges" in page
    assert "the two numbers that matter most" in page
    for told in ("rung add STUDY", "rung zoom STUDY", "rung track", "rung strategies train.py:train"):
        assert told in page


def test_every_link_leads_to_a_place_in_the_page(page):
    anchors = re.findall(r'id="([^"]+)"', page)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(anchors)


def test_words_that_no_table_uses_are_not_explained(page):
    assert "Critical difference" not in page
    assert "Told apart" in page


def test_the_text_has_the_same_words():
    text = markdown_text(document_of(scene("grid", "random", "tpe")))
    assert "# grid, random and tpe side by side on branin" in text
    assert "| tpe" in text
    assert "Every seed" not in text
    assert "Boxes" not in text


def test_a_title_of_ones_own():
    assert document_of(scene("grid"), title="Mine").title == "Mine"


def test_one_number_and_none():
    assert "Dots beside" not in markdown_text(document_of(scene("grid", inputs=INPUTS[:1])))
    assert "so there is no picture" in markdown_text(document_of(scene("grid", inputs=())))


def test_with_one_run_of_each_there_are_no_intervals():
    runs = [run_of([0.5, 0.4 - 0.1 * place], method=name) for place, name in enumerate(("grid", "random", "tpe"))]
    assert "With one seed there are no intervals." in markdown_text(document_of(scene("grid"), runs))


def test_names_that_try_to_break_out_stay_words():
    runs = [run_of([0.5, 0.4], method=f"{EVIL}{number}", problem=EVIL, seed=seed) for number in "ab" for seed in (0, 1)]
    evil = html_page(document_of(scene(f"{EVIL}a"), runs))
    assert "<script" not in evil
    assert 'onload="' not in evil

import re
from html.parser import HTMLParser

import matplotlib as mpl
import pytest
from made_up_reports import CAVEAT, EVIL, everyday, evil
from made_up_runs import made_up_runs, run_of

from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.report.circumstances import circumstances_of
from rung.analysis.comparison.report.html_page import html_report
from rung.errors import MissingExtraError

VOID = {"meta", "wbr"}


class Reader(HTMLParser):
    """The elements of a page; fails where they don't nest."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self._open = [], [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, words):
        if self._open and self._open[-1] != "style":
            self.texts.append(words)

    def all(self, tag):
        return [attributes for each, attributes in self.elements if each == tag]

    @property
    def text(self):
        return "".join(self.texts)


@pytest.fixture(scope="module")
def page():
    return html_report(*everyday())


@pytest.fixture(scope="module")
def read(page):
    return Reader(page)


def test_the_page_has_its_parts_in_order(page):
    headings = re.findall(r'<h[12] id="([\w-]+)">', page)
    assert headings == ["top", "all", "problems", "overheads", "appendix", "making", "numbers"]
    assert page.index('class="lead"') < page.index('<ul class="warning"') < page.index("<nav") < page.index('id="all"')


def test_every_identifier_is_unique_and_every_link_leads_somewhere(read):
    names = [attributes["id"] for _, attributes in read.elements if attributes.get("id")]
    assert len(names) == len(set(names))
    targets = [attributes["href"] for _, attributes in read.elements if "href" in attributes]
    assert targets
    assert {target.removeprefix("#") for target in targets} <= set(names)


def test_it_needs_nothing_else(page, read):
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in read.elements}
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]
    assert set(re.findall(r"url\(([^)]*)\)", page)) <= {
        f"#{attributes['id']}" for _, attributes in read.elements if attributes.get("id")
    }
    assert "@import" not in page
    assert "http" not in re.sub(r"http-equiv", "", page)


def test_figures_say_what_they_show_and_take_the_colours_of_the_page(page, read):
    figures = [attributes for attributes in read.all("svg") if attributes.get("role") == "img"]
    assert len(figures) == 6
    assert all(attributes["aria-label"].endswith(".") for attributes in figures)
    assert figures[0]["aria-label"].startswith("Mean normalised regret")
    assert "gp" in figures[0]["aria-label"]
    svgs = re.findall(r"<figure><svg.*?</svg>", page, re.DOTALL)
    assert len(svgs) == 6
    assert not [color for svg in svgs for color in re.findall(r"#[0-9a-fA-F]{6}\b", svg)]
    assert "var(--line-0)" in svgs[0]
    assert ">evaluations</text>" in svgs[0]


def test_the_best_of_the_summary_and_of_each_problem_is_marked_by_a_sign_and_a_word(read, page):
    assert page.count('<tr class="best">') == 4
    assert page.count('<span class="hidden">best: </span>') == 4
    overhead = page[page.index('id="overheads"') : page.index('id="appendix"')]
    assert '<tr class="best">' not in overhead


def test_a_problem_with_a_caveat_stands_in_the_appendix(page):
    appendix = page.index('id="appendix"')
    assert page.index(CAVEAT) > appendix
    assert page.index('id="caveat-1"') > appendix
    assert 'id="problem-2"' in page
    assert 'id="problem-3"' not in page


def test_it_tells_how_to_do_it_again(read):
    for words in (
        "rung bench run --out results",
        "rung bench report results --out report.html",
        "54 runs in results/runs.jsonl",
        "2023-11-14 22:13 UTC",
        "Machine: x86_64 Linux.",
        "Python 3.12.1.",
        "gpu: none.",
        "gp on branin: seeds 6–8",
        ": cut short",
        "0–5",
        "ValueError: no",
        "200 resamples, which begin from seed 0",
        "1 line of the results is ignored; see below.",
        "3 runs that were asked for are missing; see below.",
    ):
        assert words in read.text


def test_the_same_input_gives_the_same_bytes(page):
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 30, "svg.fonttype": "path"}):
        assert html_report(*everyday()) == page


def test_words_from_outside_stay_words():
    page = html_report(*evil())
    read = Reader(page)
    assert "<script" not in page
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]
    assert read.text.count(EVIL) > 10
    assert [each["aria-label"] for each in read.all("svg") if EVIL in each.get("aria-label", "")]


def test_long_names_can_be_broken_and_short_ones_are_not():
    long, endless = "asha(reduction_factor=4,grace_period=1)+random", "x" * 60
    runs = [run_of([0.5], method=method) for method in (long, endless, "gp")]
    page = html_report(compare_runs(runs, n_resamples=50), circumstances_of(runs))
    assert "asha(<wbr>reduction_<wbr>factor=<wbr>4,<wbr>grace_<wbr>period=<wbr>1)+<wbr>random" in page
    assert f'<span class="long">{endless}</span>' in page
    assert '<span class="name">gp</span>' in page
    assert long in Reader(page).text


def test_one_method_one_seed_and_no_shared_problem():
    for runs in (
        made_up_runs(problems=["p"], speeds={"tpe": 0.8}, n_seeds=1, n_evaluations=3),
        [run_of([0.5], method="a", problem="a"), run_of([0.5], method="b", problem="b")],
        [run_of([None], method="a"), run_of([0.5], method="b")],
    ):
        read = Reader(html_report(compare_runs(runs, n_resamples=50), circumstances_of(runs)))
        assert "What the numbers mean" in read.text
        assert "nan" not in read.text


def test_one_seed_is_said_to_have_no_intervals():
    runs = made_up_runs(problems=["p"], n_seeds=1, n_evaluations=3)
    text = Reader(html_report(compare_runs(runs, n_resamples=50), circumstances_of(runs))).text
    assert "With one run each there are no intervals." in text
    assert "Mean normalised regret along the budget." in text


def test_the_title_may_be_chosen():
    comparison, circumstances = everyday()
    text = html_report(comparison, circumstances, title="A & B")
    assert "<title>A &amp; B</title>" in text
    assert '<h1 id="top">' in text


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"rung\[plot\]"):
        html_report(*everyday())

"""The report of real runs in a real browser, on a wide screen and on a telephone's."""

from __future__ import annotations

import itertools
import shutil
from typing import Any, NamedTuple

import msgspec
import pytest

from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.report import circumstances_of, write_report
from rung.analysis.comparison.runs import Budget
from rung.benchmarks.one_run import Assignment, execute

WIDTHS = (1280, 390)
SMALLEST = 8.0  # pixels, of letters in a figure on the narrowest screen
LONG = "asha(reduction_factor=4,grace_period=1,max_t=81)+random"
ENDLESS = "m" * 70

# Of each figure: where it is, and how large its smallest letters are.
FIGURES = """() => [...document.querySelectorAll('figure > svg')].map(svg => {
  const box = svg.getBoundingClientRect(), scale = svg.getScreenCTM().a;
  const sizes = [...svg.querySelectorAll('text')].map(text => scale * parseFloat(getComputedStyle(text).fontSize));
  const ends = [...svg.querySelectorAll('text')].map(text => text.getBoundingClientRect());
  return {
    left: box.left, right: box.right, width: box.width, height: box.height, smallest: Math.min(...sizes),
    lowest: Math.min(...ends.map(end => end.left - box.left)),
    highest: Math.max(...ends.map(end => end.right - box.right)),
  };
})"""
# What reaches beyond the screen, though no box of its own scrolls it.
OUTSIDE = """() => [...document.querySelectorAll('body *')]
  .filter(each => !each.closest('.scroll, pre, .hidden, svg > *'))
  .filter(each => each.getBoundingClientRect().right > innerWidth + 1)
  .map(each => each.outerHTML.slice(0, 100))"""
LEVELS = "() => [...document.querySelectorAll('h1, h2, h3')].map(each => Number(each.tagName[1]))"


class Look(NamedTuple):
    """A page in a browser, and what the browser said and asked for."""

    page: Any
    messages: list[str]
    requests: list[str]


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("Chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def real_runs():
    budget = Budget("evaluations", 8)
    return [
        execute(Assignment(problem, method, seed, budget, n_initial=2, command="rung bench run --out results"))
        for problem in ("branin", "noisy:branin")
        for method in ("random", "sobol")
        for seed in range(3)
    ]


@pytest.fixture(scope="module")
def crowded_runs(real_runs):
    """Twelve methods with long names on eight problems, one seed each."""
    names = ["random", LONG, ENDLESS, "<b>bold</b>", *(f"optuna:tpe(n_startup={number})" for number in range(8))]
    return [
        msgspec.structs.replace(
            real_runs[place % 3], method=name, problem=f"yahpo:lcbench:{number:06}:val_accuracy", seed=0
        )
        for place, name in enumerate(names)
        for number in range(8)
    ]


@pytest.fixture(scope="module", params=["real_runs", "crowded_runs"])
def report(request, tmp_path_factory):
    runs = request.getfixturevalue(request.param)
    out = tmp_path_factory.mktemp(request.param) / "report.html"
    write_report(compare_runs(runs, n_resamples=100), circumstances_of(runs), out)
    return out


@pytest.fixture(params=WIDTHS)
def look(request, browser, report):
    context = browser.new_context(viewport={"width": request.param, "height": 800})
    page = context.new_page()
    found = Look(page, [], [])
    page.on("console", lambda message: found.messages.append(message.text))
    page.on("pageerror", lambda error: found.messages.append(str(error)))
    page.on("request", lambda asked: found.requests.append(asked.url))
    page.goto(report.as_uri())
    yield found
    context.close()


def test_it_asks_for_nothing_and_complains_of_nothing(look, report):
    assert look.messages == []
    assert look.requests == [report.as_uri()]


def test_the_page_never_scrolls_sideways(look):
    assert look.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert look.page.evaluate(OUTSIDE) == []


def test_figures_are_within_the_screen_and_can_be_read(look):
    figures = look.page.evaluate(FIGURES)
    assert len(figures) >= 4
    width = look.page.viewport_size["width"]
    for figure in figures:
        assert figure["width"] > 250
        assert figure["height"] > 100
        assert 0 <= figure["left"] < figure["right"] <= width
        assert figure["smallest"] >= SMALLEST
        assert figure["lowest"] >= -1  # no letters are cut off at the edges of the figure
        assert figure["highest"] <= 1


def test_tables_scroll_within_themselves(look):
    inside = look.page.evaluate(
        "() => [...document.querySelectorAll('.scroll')].map(each => each.getBoundingClientRect().right <= innerWidth)"
    )
    assert len(inside) >= 6
    assert all(inside)


def test_headings_are_in_order(look):
    levels = look.page.evaluate(LEVELS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_links_in_the_page_lead_to_what_can_be_seen(look):
    look.page.click("nav a >> text=How it was made")
    assert look.page.evaluate("Math.abs(document.querySelector('#making').getBoundingClientRect().top)") < 100


def test_in_the_dark_letters_and_lines_are_light(browser, report):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    page = context.new_page()
    page.goto(report.as_uri())
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    letters = page.evaluate("getComputedStyle(document.querySelector('figure text')).fill")
    context.close()
    assert brightness(paper) < 60
    assert brightness(letters) > 150


def brightness(color):
    """The mean of red, green and blue, from 0 to 255."""
    parts = [float(part) for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    return sum(parts) / 3

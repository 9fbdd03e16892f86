"""The page of strategies side by side in a real browser, on a wide screen and on a telephone's."""

from __future__ import annotations

import shutil

import pytest

from rung.benchmarks.side_by_side import on_problem

SMALLEST = 8.0  # pixels, of letters in a figure on the narrowest screen
ALONE = "asha(reduction_factor=4,grace_period=1,max_t=9)+random"

# Of each figure: where it is, and how large its smallest letters are.
FIGURES = """() => [...document.querySelectorAll('figure > svg')].map(svg => {
  const box = svg.getBoundingClientRect(), scale = svg.getScreenCTM().a;
  const letters = [...svg.querySelectorAll('text')];
  const ends = letters.map(text => text.getBoundingClientRect());
  return {
    left: box.left, top: box.top, right: box.right, width: box.width,
    smallest: Math.min(...letters.map(text => scale * parseFloat(getComputedStyle(text).fontSize))),
    lowest: Math.min(...ends.map(end => end.left - box.left)),
    highest: Math.max(...ends.map(end => end.right - box.right)),
  };
})"""


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
def site(tmp_path_factory):
    found = on_problem(strategies=("grid", "random", ALONE), trials=9, seeds=2, progress="off")
    return found.report(tmp_path_factory.mktemp("site") / "strategies.html").as_uri()


@pytest.fixture(params=[1280, 390])
def page(request, browser, site):
    context = browser.new_context(viewport={"width": request.param, "height": 800})
    page = context.new_page()
    messages, asked = [], []
    page.on("console", lambda message: messages.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site)
    yield page
    assert (messages, asked) == ([], [site])
    context.close()


def test_it_never_scrolls_sideways_and_figures_can_be_read(page):
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    figures = page.evaluate(FIGURES)
    assert len(figures) == 4
    for figure in figures:
        assert figure["width"] > 250
        assert 0 <= figure["left"] < figure["right"] <= width
        assert figure["smallest"] >= SMALLEST
        assert figure["lowest"] >= -1  # no letters are cut off at the edges of the figure
        assert figure["highest"] <= 1


def test_squares_stand_side_by_side_where_there_is_room(page):
    first, second, third, _ = page.evaluate(FIGURES)
    if page.viewport_size["width"] > 1000:
        assert first["top"] == second["top"] == third["top"]
    else:
        assert first["top"] < second["top"] < third["top"]


def test_the_results_stand_beside_the_curves_whole(browser, site):
    context = browser.new_context(viewport={"width": 1100, "height": 800})
    page = context.new_page()
    page.goto(site)
    widths = page.evaluate("[...document.querySelectorAll('.uneven .scroll')].map(e => [e.scrollWidth, e.clientWidth])")
    assert len(widths) == 1
    assert widths[0][0] <= widths[0][1] < 800
    context.close()

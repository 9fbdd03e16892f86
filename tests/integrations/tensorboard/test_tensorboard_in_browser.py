"""The three views of the HPARAMS tab in a real browser."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from tensorboard_server import serving

import rung
from rung.integrations.tensorboard import TensorBoard
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.tuner import Tuner

pytest.importorskip("tensorboard")

TRIED = [{"lr": 0.1, "opt": "adam"}, {"lr": 0.2, "opt": "sgd"}, {"lr": 0.4, "opt": "adam"}]


def train(lr: float, opt: str) -> Any:
    for step in range(1, 4):
        yield {"error": lr / step + len(opt) / 100, "time": step}


@pytest.fixture(scope="module")
def logdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logs") / "lenet"
    searcher = RandomSearcher({"lr": rung.loguniform(1e-3, 1.0), "opt": ["adam", "sgd"]}, points_to_evaluate=TRIED)
    Tuner(train, BasicScheduler(searcher), study="lenet", seed=0, observers=[TensorBoard(folder)]).run(3)
    return folder


@pytest.fixture(scope="module")
def page(logdir):
    sync_api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("Chromium is not installed")
    with serving(logdir) as server, sync_api.sync_playwright() as playwright:
        server.wait_for(lambda: len(server.groups()) == 3)
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        wrong = []
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{server.url}#hparams")
        page.get_by_text("TABLE VIEW").wait_for()
        yield page
        assert wrong == []
        chromium.close()


def test_the_table_has_the_configurations_and_what_came_of_them(page):
    page.get_by_text("trial-00002").first.wait_for()
    cells = [text.strip() for text in page.locator("tf-hparams-table-view vaadin-grid-cell-content").all_inner_texts()]
    for text in ("Trial ID", "lr", "opt", "error", "best error", "steps", "time", "trial-00000", "0.10000", "0.20000"):
        assert text in cells
    assert cells.count("adam") == 2
    assert cells.count("3.0000") == 6  # steps and time of each


def test_a_line_for_each_trial_in_parallel_coordinates(page):
    page.get_by_text("PARALLEL COORDINATES VIEW").click()
    lines = page.locator("tf-hparams-parallel-coords-plot .foreground path")
    lines.first.wait_for()
    assert lines.count() == 3
    assert all(lines.nth(index).get_attribute("d").count("L") == 5 for index in range(3))  # six axes


def test_a_dot_for_each_trial_in_every_cell_of_the_scatter_matrix(page):
    page.get_by_text("SCATTER PLOT MATRIX VIEW").click()
    dots = page.locator("tf-hparams-scatter-plot-matrix-plot circle")
    dots.first.wait_for(state="attached")
    assert dots.count() == 3 * 6 * 4  # trials, columns, metrics

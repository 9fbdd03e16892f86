import msgspec
import numpy as np
import pytest
from made_up_studies import ACCURACY, ERROR, drawn, study_of

pytest.importorskip("matplotlib")

from rung.analysis.configs import inputs_of
from rung.analysis.posterior import model_of, posterior
from rung.analysis.posterior_figure import plot_posterior
from rung.space import Choice, Float, Int, Space, linear
from rung.types import TrialState

SPACE = Space({"lr": Float(1e-4, 1, log=True), "units": Int(1, 6), "opt": Choice(["adam", "sgd"]), "width": Int(8, 99)})


def loss_of(config):
    return abs(np.log10(config["lr"]) + 2) + 1 / config["units"] + 0.3 * (config["opt"] == "sgd")


def found_of(names, *, space=SPACE, n=9, loss=loss_of, goal=ERROR, spec=None):
    rng = np.random.default_rng(0)
    configs = [space.sample(rng) for _ in range(n)]
    rows, told = study_of(configs, [loss(config) for config in configs])
    searcher, is_own = model_of(spec or {"name": "tpe"}, space, told)
    inputs = {each.name: each for each in inputs_of(space, rows)}
    return posterior(searcher, rows, goal=goal, inputs=[inputs[name] for name in names], is_own=is_own)


def figure_of(found):
    return plot_posterior(found, title="lenet")


def lines_of(axes):
    return {line.get_gid(): np.asarray(line.get_xydata()) for line in axes.get_lines() if line.get_gid()}


def caption_of(figure):
    return figure.legends[0].get_title().get_text()


@pytest.mark.parametrize("goal", [ERROR, ACCURACY])
def test_along_a_number(goal):
    found = found_of(["lr"], goal=goal, loss=lambda config: goal.loss({goal.metric: loss_of(config)}))
    figure = figure_of(found)
    upper, lower = figure.axes
    lines = lines_of(upper)
    np.testing.assert_allclose(lines["mean"], np.column_stack([found.places[0], found.mean]))
    assert len(lines["other trials"]) == 8
    best = next(tried for tried in found.configs.tried if tried.trial == found.configs.best_trial)
    assert lines["held"].tolist() == [[best.inputs[0], best.value]]
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert sorted(words)[:3] == ["95 % band", "best", "mean"]
    assert "trials with the values held" not in {*lines, *words}  # but for that under the star
    assert any(group.get_gid() == "band" for group in upper.collections)
    assert lines_of(lower)["promises most"].tolist() == [[found.best[0], max(found.promise)]]
    assert (lower.get_xlabel(), lower.get_ylabel(), lower.get_xscale()) == ("lr", "log expected improvement", "log")
    assert upper.get_ylabel().startswith(goal.metric)
    assert caption_of(figure).startswith("A Gaussian process made for this picture, from all trials.\n")
    assert f"at the values of trial {best.trial}: units = " in caption_of(figure)


@pytest.mark.parametrize("names", [["lr"], ["opt"], ["lr", "width"], ["opt", "units"]])
def test_all_of_it_can_be_drawn(names):
    figure = drawn(figure_of(found_of(names)))
    legend = figure.legends[0].get_window_extent()
    assert figure.bbox.x0 <= legend.x0 < legend.x1 <= figure.bbox.x1
    assert legend.y1 < figure.axes[0].get_window_extent().y0


def test_of_a_single_hyperparameter_nothing_is_held():
    space = Space({"x": Float(-1, 4)})
    found = found_of(["x"], space=space, loss=lambda config: float(np.sin(3 * config["x"])), spec={"name": "gp"})
    figure = figure_of(found)
    assert caption_of(figure) == "The Gaussian process of the study's own searcher."
    assert len(lines_of(figure.axes[0])["trials"]) == 8


@pytest.mark.parametrize("acquisition", ["ei", "ucb", "thompson"])
def test_every_acquisition_has_its_name_and_its_ground(acquisition):
    found = found_of(["lr"], spec={"name": "gp", "acquisition": acquisition})
    lower = figure_of(found).axes[1]
    assert lower.get_ylabel() == {"ei": "expected improvement", "ucb": "confidence bound"}.get(
        acquisition, "log expected improvement"
    )
    bottom, top = lower.get_ylim()
    assert bottom < max(found.promise) < top
    assert (bottom == 0.0) == (acquisition == "ei")
    if acquisition == "thompson":
        assert max(found.promise) - bottom < 12.0


@pytest.mark.parametrize(("name", "ticks"), [("opt", ["adam", "sgd"]), ("units", None)])
def test_categories_and_few_numbers_have_a_bar_each(name, ticks):
    found = found_of([name])
    upper, lower = figure_of(found).axes
    band = next(group for group in upper.collections if group.get_gid() == "band")
    assert len(band.get_segments()) == len(found.places[0])
    promise = next(group for group in lower.collections if group.get_gid() == "promise")
    assert [segment[1][1] for segment in promise.get_segments()] == pytest.approx(list(found.promise), abs=10.0)
    if ticks:
        assert [tick.get_text() for tick in lower.get_xticklabels()] == ticks


def test_maps_over_two_numbers():
    found = found_of(["lr", "width"])
    figure = figure_of(found)
    titles = ["mean of error (lower is better)", "half the width of the 95 % band", "log expected improvement"]
    panels = figure.axes[:3]
    assert [axes.get_title(loc="left") for axes in panels] == titles
    for axes in panels:
        assert len(lines_of(axes)["other trials"]) == 9 - len(found.held.alike)
        assert "held" in lines_of(axes)
        assert len(axes.collections) == 2
    assert lines_of(panels[2])["promises most"].tolist() == [list(found.best)]
    assert "promises most" not in lines_of(panels[0])
    assert panels[0].get_xscale() == "log"


@pytest.mark.parametrize("names", [["lr", "opt"], ["opt", "units"], ["units", "width"]])
def test_categories_and_few_numbers_are_strips(names):
    found = found_of(names)
    panels = figure_of(found).axes[:3]
    (cells,) = panels[0].collections
    np.testing.assert_allclose(
        cells.get_array().reshape(len(found.places[1]), -1).T.ravel(),
        np.clip(found.mean, cells.norm.vmin, cells.norm.vmax),
    )
    low, high = panels[0].get_ylim()
    if names[1] == "units":
        assert (low, high) == (0.5, 6.5)


def test_where_the_space_has_nothing_the_map_is_empty():
    space = Space({"x": Float(0, 1), "y": Int(0, 5)}, constraints=[linear({"x": 10, "y": 1}, at_most=8)])
    found = found_of(["x", "y"], space=space, loss=lambda config: config["x"] + config["y"])
    cells = figure_of(found).axes[0].collections[0]
    assert cells.get_array().mask.any()
    assert not cells.get_array().mask.all()


@pytest.mark.parametrize("names", [["lr"], ["lr", "width"], ["opt"], ["lr", "opt"]])
@pytest.mark.parametrize(("n", "loss"), [(0, loss_of), (3, lambda _: None), (1, loss_of), (4, lambda _: 0.5)])
def test_little_or_nothing_is_known(names, n, loss):
    found = found_of(names, n=n, loss=loss)
    figure = figure_of(found)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert " ".join(texts).replace("\n", " ") == found.why
    assert bool(found.why) == (n < 4)


@pytest.mark.parametrize("names", [["lr"], ["lr", "width"]])
def test_trials_that_were_cut_short_are_told_apart(names):
    found = found_of(names)
    tried = [
        msgspec.structs.replace(each, state=TrialState.STOPPED) if each.trial in {3, 4} else each
        for each in found.configs.tried
    ]
    configs = msgspec.structs.replace(found.configs, tried=tuple(tried))
    axes = figure_of(msgspec.structs.replace(found, configs=configs)).axes[0]
    assert len(lines_of(axes)["stopped early"]) == 2
    assert sum(len(lines_of(axes).get(name, ())) for name in ("other trials", "trials with the values held")) == 6


def test_a_hyperparameter_that_was_never_active():
    tree = Space({"kind": Choice(["a", "b"]), "x": Float(0, 1)}, conditions={"x": ("kind", "b")})
    rows, told = study_of([{"kind": "a"}] * 4, [0.1, 0.2, 0.3, 0.4])
    searcher, is_own = model_of({"name": "tpe"}, tree, told)
    kind, x = inputs_of(tree, rows)
    alone = posterior(searcher, rows, goal=ERROR, inputs=[x], is_own=is_own)
    assert [text.get_text() for text in figure_of(alone).axes[0].texts] == ["not active yet"]
    both = posterior(searcher, rows, goal=ERROR, inputs=[x, kind], is_own=is_own)  # the other kind makes it active
    assert 0 < both.mean.count(None) < len(both.mean)
    assert not figure_of(both).axes[0].texts


def test_losses_over_orders_of_magnitude():
    def loss(config):
        return 10.0 ** -(6 - abs(np.log10(config["lr"]) + 2) - 0.02 * config["width"])

    assert figure_of(found_of(["lr"], loss=loss, n=20)).axes[0].get_yscale() == "log"
    figure_of(found_of(["lr", "width"], loss=loss, n=20))


def test_losses_at_both_ends_of_what_a_float_can_be():
    found = found_of(["lr"], loss=lambda config: 1e308 if config["lr"] > 0.01 else -1e308)
    assert np.isfinite(plot_posterior(found).axes[0].get_ylim()).all()


def test_a_long_line_on_what_is_held_is_cut():
    space = Space({f"hyperparameter_{k}": Float(0, 1) for k in range(12)})
    found = found_of(["hyperparameter_0"], space=space, loss=lambda config: config["hyperparameter_1"], n=5)
    _first, second = caption_of(figure_of(found)).split("\n")
    assert len(second) == 110
    assert second.endswith("…")


TREE = Space({"kind": Choice(["a", "b"]), "x": Float(0, 1)}, conditions={"x": ("kind", "b")})


@pytest.mark.parametrize("names", [["x"], ["kind", "x"]])
def test_the_star_is_the_trial_whose_values_are_held(names):
    """Trial 0 is the best, but without an x."""
    rows, told = study_of(
        [{"kind": "a"}, *({"kind": "b", "x": 0.2 * k} for k in range(5))], [0.0, 0.9, 0.4, 0.2, 0.5, 0.8]
    )
    inputs = {each.name: each for each in inputs_of(TREE, rows)}
    found = posterior(
        model_of({"name": "gp"}, TREE, told)[0], rows, goal=ERROR, inputs=[inputs[name] for name in names], is_own=True
    )
    figure = figure_of(found)
    assert (found.held.trial, found.configs.best_trial) == (3, 0)
    assert lines_of(figure.axes[0])["held"].tolist()[0][names.index("x")] == pytest.approx(0.4)
    assert "trial 3, whose values are held" in {text.get_text() for text in figure.legends[0].get_texts()}


@pytest.mark.parametrize(("goal", "arrow"), [(ERROR, "↑"), (ACCURACY, "↓")])
def test_a_mean_beyond_the_axis_is_written_down(goal, arrow):
    space = Space({"lr": Float(0, 1), "opt": Choice(["adam", "sgd", "lion"])})

    def loss(config):
        return (50.0 if config["opt"] == "sgd" else 1.0) + config["lr"]

    found = found_of(["opt"], space=space, n=14, loss=loss, goal=goal)
    upper = figure_of(found).axes[0]
    low, high = upper.get_ylim()
    unseen = [text for text in upper.texts if text.get_gid() == "unseen"]
    assert low <= found.mean[0] <= high
    assert low <= found.mean[2] <= high
    assert [text.get_text() for text in unseen] == [f"{arrow} mean\n{found.mean[1]:.3g}"]
    assert unseen[0].get_position()[0] == 1


def test_a_choice_that_the_space_rules_out_is_named():
    space = Space({"opt": Choice(["a", "b"]), "x": Float(0, 1)}, conditions={"x": ("opt", "a")})
    found = found_of(["opt"], space=space, loss=lambda config: config.get("x", 0.5))
    hidden = {name: (*getattr(found, name)[:1], None) for name in ("mean", "low", "high", "promise")}
    upper = figure_of(msgspec.structs.replace(found, **hidden)).axes[0]
    assert [text.get_text() for text in upper.texts if text.get_gid() == "unseen"] == ["not in\nthe space"]


def test_a_band_that_the_mark_covers_is_named():
    found = found_of(["opt"])
    thin = msgspec.structs.replace(found, low=found.mean, high=found.mean)
    names = [{text.get_text() for text in figure_of(each).legends[0].get_texts()} for each in (found, thin)]
    assert "95 % band" in names[0]
    assert "95 % band (narrower than the mark)" in names[1]

import msgspec
import pytest
from made_up_runs import ACCURACY, made_up_runs, run_of

from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.figures import plot_any_time, plot_problem, plot_ranks, plot_regret

FAST = {"n_resamples": 100}


@pytest.fixture(scope="module")
def comparison():
    return compare_runs(made_up_runs(n_seeds=4, n_evaluations=12, problems=["a", "b", "c", "d"]), **FAST)


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_panel_for_each_problem_and_a_line_for_each_method(comparison):
    figure = plot_any_time(comparison, title="Four $problems$")
    panels = [axes for axes in figure.axes if axes.axison]
    assert [panel.get_title() for panel in panels] == [f"{name} · 4 seeds" for name in "abcd"]
    assert len(figure.axes) == 6
    line = panels[0].lines[2]
    assert tuple(line.get_ydata()) == comparison.problems[0].methods[2].curve.median
    assert tuple(line.get_xdata()) == tuple(range(1, 13))
    assert len(panels[0].collections) == 3
    assert legend_of(figure) == ["gp", "random", "tpe"]
    assert figure.legends[0].get_title().get_text() == "median and quartiles of the runs"
    assert figure.get_suptitle() == r"Four \$problems\$"


def test_the_mean_with_its_interval(comparison):
    figure = plot_any_time(comparison, center="mean")
    assert tuple(figure.axes[0].lines[0].get_ydata()) == comparison.problems[0].methods[0].curve.mean
    assert figure.legends[0].get_title().get_text() == "mean and its 95 % interval"


def test_curves_end_with_their_runs_and_begin_with_their_values():
    runs = [run_of([0.5] * 4, method="a"), run_of([0.5] * 2, method="b", budget=run_of([0.5] * 4).budget)]
    axes = plot_any_time(compare_runs(runs, axis="simulated_s", **FAST)).axes[0]
    assert [max(line.get_xdata()) for line in axes.lines] == [40, 20]
    assert [min(line.get_xdata()) for line in axes.lines] == [10, 10]
    assert axes.get_xlabel() == "simulated time [s]"


def test_a_run_that_ended_between_two_places_is_drawn_up_to_the_later_one():
    runs = [run_of([0.5] * 4, method="a"), run_of([0.5], method="b", budget=run_of([0.5] * 4).budget)]
    axes = plot_any_time(compare_runs(runs, axis="simulated_s", n_points=3, **FAST)).axes[0]
    assert [max(line.get_xdata()) for line in axes.lines] == pytest.approx([40, 40 / 3])


def test_times_are_in_a_unit_that_reads_well():
    runs = [run_of([0.5] * 200, method=method) for method in ("a", "b")]
    axes = plot_any_time(compare_runs(runs, axis="simulated_s", **FAST)).axes[0]
    assert axes.get_xlabel() == "simulated time [min]"
    assert max(axes.lines[0].get_xdata()) == pytest.approx(2000 / 60)


def test_the_axis_leaves_out_a_bad_beginning_and_shows_orders_of_magnitude():
    late = compare_runs([run_of([1000.0, *[2 - 0.01 * n for n in range(40)]])], **FAST)
    assert plot_any_time(late).axes[0].get_ylim()[1] < 10
    falling = compare_runs([run_of([10.0**-n for n in range(8)])], **FAST)
    assert plot_any_time(falling).axes[0].get_yscale() == "log"
    flat = compare_runs([run_of([0.5, 0.5])], **FAST)
    assert plot_any_time(flat).axes[0].get_yscale() == "linear"


def runs_of(*curves):
    """A method for each curve of a seed; those with several curves have a seed for each."""
    return [
        run_of(values, method=f"m{number}", seed=seed)
        for number, seeds in enumerate(curves)
        for seed, values in enumerate(seeds)
    ]


@pytest.mark.parametrize("center", ["median", "mean"])
@pytest.mark.parametrize("sign", [1, -1])
def test_bands_are_whole_in_the_later_half_and_lines_from_early_on(center, sign):
    """Most lines meet at 6 and one method has a wide band: neither may be cut off."""
    wide = [[9e8, *[level] * 19] for level in (5.0, 5.5, 6.0, 20.0, 30.0)]
    late = [[9e8, 40.0, 40.0, 40.0, 40.0, 40.0, *[6.0] * 14]] * 5
    same = [[9e8, *[6.0] * 19]] * 5
    runs = runs_of(wide, late, same)
    if sign < 0:
        runs = runs_of(*([[-value for value in values] for values in seeds] for seeds in (wide, late, same)))
        runs = [msgspec.structs.replace(run, goal=ACCURACY) for run in runs]
    comparison = compare_runs(runs, **FAST)
    axes = plot_any_time(comparison, center=center).axes[0]
    low, high = axes.get_ylim()
    for each in comparison.problems[0].methods:
        curve = each.curve
        band = (curve.lower, curve.upper) if center == "median" else (curve.low, curve.high)
        shown = [*(curve.median if center == "median" else curve.mean)[2:], *band[0][10:], *band[1][10:]]
        assert low < min(shown)
        assert max(shown) < high
    assert high - low < 100


@pytest.mark.parametrize(("beginning", "is_shown"), [(-1.1, True), (-0.9, False)])
def test_a_beginning_is_shown_where_the_rest_keeps_a_quarter_of_the_height(beginning, is_shown):
    runs = runs_of([[beginning, *[-4.0] * 10, -5.0]])
    low, high = plot_any_time(compare_runs(runs, **FAST)).axes[0].get_ylim()
    assert low < -5.0
    assert high > -4.0
    assert bool(high > beginning) == is_shown


def test_a_logarithmic_axis_where_it_has_room_for_the_beginning_and_a_linear_one_has_not():
    axes = plot_any_time(compare_runs(runs_of([[0.4, 0.05, *[0.025] * 9, 0.012]]), **FAST)).axes[0]
    assert axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    assert low < 0.012
    assert high > 0.4
    even = plot_any_time(compare_runs(runs_of([[0.04, 0.03, *[0.025] * 9, 0.012]]), **FAST)).axes[0]
    assert even.get_yscale() == "linear"


def test_lines_that_soon_are_flat_show_how_they_became_so():
    low, high = plot_any_time(compare_runs(runs_of([[9.0, *[1.0] * 19]]), **FAST)).axes[0].get_ylim()
    assert low < 1.0
    assert high > 9.0


def test_a_method_that_ended_early_is_shown_where_it_came_to():
    budget = run_of([0.5] * 20).budget
    runs = [*runs_of([[9.0, *[2.0 - 0.01 * n for n in range(19)]]]), run_of([9.0, 8.0], method="short", budget=budget)]
    assert plot_any_time(compare_runs(runs, **FAST)).axes[0].get_ylim()[1] > 8.0


def test_accuracy_says_that_higher_is_better():
    runs = made_up_runs(problems=["lenet"], n_seeds=2, n_evaluations=5, goal=ACCURACY)
    axes = plot_any_time(compare_runs(runs, **FAST)).axes[0]
    assert axes.get_ylabel() == "accuracy (higher is better)"


def test_a_method_without_values_has_no_line_but_stands_in_the_legend():
    runs = [run_of([0.5, 0.4], method="good"), run_of([None, None], method="bad", failed="broken")]
    figure = plot_any_time(compare_runs(runs, **FAST))
    assert len(figure.axes[0].lines) == 1
    assert legend_of(figure) == ["bad", "good"]


def test_regret_over_all_problems(comparison):
    figure = plot_regret(comparison)
    assert tuple(figure.axes[0].lines[0].get_ydata()) == comparison.aggregates[0].regret
    assert figure.axes[0].get_yscale() == "log"
    assert figure.legends[0].get_title().get_text() == ("mean on 4 problems with its 95 % interval over 4 seeds")


def test_regret_that_comes_to_zero_is_on_a_linear_axis():
    runs = [run_of([0.5, 0.1], method=method, best_known=0.1, median=0.9) for method in ("a", "b")]
    figure = plot_regret(compare_runs(runs, **FAST))
    assert figure.axes[0].get_yscale() == "linear"
    assert figure.legends[0].get_title().get_text() == "mean on branin with its 95 % interval over 1 seed"
    assert tuple(figure.axes[0].lines[0].get_ydata()) == (0.5, 0)


def test_ranks_have_the_best_on_top(comparison):
    figure = plot_ranks(comparison)
    axes = figure.axes[0]
    assert tuple(axes.lines[2].get_ydata()) == comparison.aggregates[2].rank
    assert axes.get_ylim() == (3.15, 0.85)


def test_problems_of_different_ends_are_shown_in_percent():
    runs = [*made_up_runs(problems=["a"], n_evaluations=5), *made_up_runs(problems=["b"], n_evaluations=10)]
    axes = plot_ranks(compare_runs(runs, **FAST)).axes[0]
    assert axes.get_xlabel() == "evaluations [% of each problem's end]"
    assert max(axes.lines[0].get_xdata()) == pytest.approx(100)


def test_without_shared_problems_the_figures_say_so():
    runs = [run_of([0.5], method="a", problem="a"), run_of([0.5], method="b", problem="b")]
    for plot in (plot_regret, plot_ranks):
        figure = plot(compare_runs(runs, **FAST))
        assert figure.axes[0].texts[0].get_text() == "no value yet"


def test_many_methods_differ_in_their_dashes():
    runs = [run_of([0.5, 0.4], method=f"m{number}") for number in range(9)]
    lines = plot_any_time(compare_runs(runs, **FAST)).axes[0].lines
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 9


def test_one_problem_alone_without_a_legend(comparison):
    figure = plot_problem(comparison, comparison.problems[1], width=4)
    axes = figure.axes[0]
    assert [len(figure.axes), len(figure.legends), len(axes.lines), axes.get_title()] == [1, 0, 3, ""]
    assert tuple(axes.lines[0].get_ydata()) == comparison.problems[1].methods[0].curve.median
    assert figure.get_figwidth() == 4


def test_figures_for_a_page_that_has_its_own_legend(comparison):
    for plot in (plot_regret, plot_ranks):
        figure = plot(comparison, width=4, has_legend=False)
        assert not figure.legends
        assert figure.get_figwidth() == 4


def test_logarithmic_axes_have_plain_numbers_at_their_ticks(comparison):
    figure = plot_regret(comparison)
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_ylim()
    ticks = figure.axes[0].yaxis.get_major_ticks()
    words = [tick.label1.get_text() for tick in ticks if low <= tick.get_loc() <= high]
    assert len(words) >= 2
    assert all(float(word) > 0 for word in words)

import pytest
from made_up_runs import made_up_runs, run_of
from msgspec import structs

from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.diagrams import plot_critical_difference, plot_wins

FAST = {"n_resamples": 100}


@pytest.fixture(scope="module")
def comparison():
    return compare_runs(made_up_runs(problems=["a"], n_seeds=12, n_evaluations=20), **FAST)


def words_of(figure):
    return [text.get_text().strip() for text in figure.axes[0].texts]


def test_the_diagram_names_every_method_with_its_rank(comparison):
    figure = plot_critical_difference(comparison, title="At the end")
    gp, random, tpe = comparison.friedman.ranks
    words = words_of(figure)
    assert f"gp  {gp:.2f}" in words
    assert f"tpe  {tpe:.2f}" in words
    assert f"{random:.2f}  random" in words
    assert "critical difference 0.96 (α = 0.05)" in words
    assert figure.get_supxlabel() == "average ranks over 12 seeds; Friedman test: p < 0.001"


def test_a_bar_joins_what_cannot_be_told_apart():
    speeds = {"slow": 0.4, "twin": 0.9, "other": 0.9}
    found = compare_runs(made_up_runs(problems=["a"], speeds=speeds, n_seeds=12), **FAST)
    bars = [line for line in plot_critical_difference(found).axes[0].lines if line.get_linewidth() == 4]
    assert len(bars) == len(found.friedman.groups) == 1
    ends = sorted(found.friedman.ranks[method] for method in found.friedman.groups[0])
    assert tuple(bars[0].get_xdata()) == pytest.approx((ends[0] - 0.04, ends[-1] + 0.04))


def test_weak_evidence_is_given_as_a_number():
    runs = [
        run_of([0.5 + 0.1 * (seed % 2 == number)], method=str(number), seed=seed)
        for number in (0, 1)
        for seed in (0, 1, 2)
    ]
    figure = plot_critical_difference(compare_runs(runs, **FAST))
    assert figure.get_supxlabel() == "average ranks over 3 seeds; Friedman test: p = 0.667"


def test_wins_of_each_row_against_each_column(comparison):
    figure = plot_wins(comparison)
    words = words_of(figure)
    assert len(words) == 6
    record = comparison.pairs[0].record
    assert [pair.is_told for pair in comparison.pairs] == [True, True, True]
    star = " *"
    assert words[0] == f"{record.wins}–{record.ties}–{record.losses}{star}"
    assert words[1] == f"{record.losses}–{record.ties}–{record.wins}{star}"
    unsure = [structs.replace(pair, is_told=False) for pair in comparison.pairs]
    assert "*" not in "".join(words_of(plot_wins(structs.replace(comparison, pairs=tuple(unsure)))))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["gp", "random", "tpe"]
    assert "told apart" in figure.axes[0].get_xlabel()


def test_one_method_alone():
    found = compare_runs([run_of([0.5])], **FAST)
    assert words_of(plot_critical_difference(found)) == ["no ranks to compare"]
    assert words_of(plot_wins(found)) == ["no pairs to compare"]


def test_in_a_narrow_diagram_all_names_stand_at_the_left_and_fit():
    names = ["gp", *(f"asha(reduction_factor={factor},grace_period=1)+random" for factor in (2, 4)), "m" * 40]
    speeds = {name: 0.4 + 0.3 * place for place, name in enumerate(names)}
    found = compare_runs(made_up_runs(problems=["a"], speeds=speeds, n_seeds=12, n_evaluations=20), **FAST)
    figure = plot_critical_difference(found, width=4.4)
    figure.draw_without_rendering()
    labels = figure.axes[0].texts[-4:]
    shown = [text.get_text().split()[0] for text in labels]
    assert len(set(shown)) == 4
    assert {name for name in shown if name.startswith("asha")} == {"asha…tor=2,gr…", "asha…tor=4,gr…"}
    heights = [text.get_position()[1] for text in labels]
    assert heights == sorted(heights, reverse=True)
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert 0 <= box.x0 < box.x1 <= figure.bbox.width


def test_the_whole_critical_difference_is_on_the_axis():
    found = compare_runs(made_up_runs(problems=["a", "b"], n_seeds=3, n_evaluations=5), **FAST)
    assert found.friedman.difference > 2
    for width in (4.4, 7.5):
        axes = plot_critical_difference(found, width=width).axes[0]
        assert axes.get_xlim()[1] >= 1 + found.friedman.difference


def test_of_many_ranks_only_some_are_named():
    speeds = {f"m{number}": 0.4 + 0.1 * number for number in range(12)}
    found = compare_runs(made_up_runs(problems=["a"], speeds=speeds, n_seeds=3, n_evaluations=5), **FAST)
    named = [word for word in words_of(plot_critical_difference(found)) if word.isdigit()]
    assert named == ["1", "2", "4", "6", "8", "10", "12"]

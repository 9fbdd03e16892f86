import re

import msgspec
import numpy as np
import pytest
from made_up_reports import EVIL, everyday, evil
from made_up_runs import run_of

from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.report.circumstances import circumstances_of
from rung.analysis.comparison.report.markdown import markdown_report


def tables_of(text):
    """Each table as rows of cells."""
    blocks = re.findall(r"(?:^\|.*\|\n?)+", text, re.MULTILINE)
    return [[re.split(r"(?<!\\)\|", line)[1:-1] for line in block.splitlines()] for block in blocks]


def table_with(text, head):
    """The first table with this head of a column, as a mapping from it to the cells; without what marks the best."""
    table = next(table for table in tables_of(text) if head in [cell.strip() for cell in table[0]])
    heads, _, *rows = [[cell.strip(" *★") for cell in row] for row in table]
    return {name: [row[place] for row in rows] for place, name in enumerate(heads)}


def test_all_that_is_on_the_page_but_the_figures():
    comparison, circumstances = everyday()
    text = markdown_report(comparison, circumstances)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "All problems together", "Each problem", "Overhead", "Appendix: problems with caveats", "How it was made",
        "What the numbers mean",
    ]  # fmt: skip
    assert text.startswith(
        "# gp, random and tpe compared on 3 problems\n\n3 methods × 3 problems × 6 seeds; 12 evaluations\n"
    )
    assert "svg" not in text
    assert "```text\nrung bench run --out results\nrung bench report results --out report.html\n```" in text
    assert "- **Warning:** 1 line of the results is ignored; see below." in text


def test_tables_have_as_many_cells_in_each_row():
    for report in (everyday(), evil()):
        tables = tables_of(markdown_report(*report))
        assert len(tables) >= 7
        for table in tables:
            assert len({len(row) for row in table}) == 1
            assert set(table[1]) <= {" --: ", " :-- "}


def test_the_numbers_are_those_of_the_comparison():
    comparison, circumstances = everyday()
    text = markdown_report(comparison, circumstances)
    summary = table_with(text, "Mean regret")
    by_method = {each.method: each for each in comparison.aggregates}
    assert summary["Method"] == ["gp", "tpe", "random"]
    assert "| **★ gp** |" in text
    for row, method in enumerate(summary["Method"]):
        each = by_method[method]
        for head, found in (("Mean regret", each.mean), ("Interquartile mean", each.interquartile_mean)):
            shown = [float(number) for number in re.findall(r"[\d.]+", summary[head][row])]
            assert shown == pytest.approx([found.estimate, found.low, found.high], abs=0.0005)
        assert float(summary["Average rank"][row]) == pytest.approx(each.rank[-1], abs=0.005)
    assert summary["Failed runs"] == [str(int(method == failed_method(comparison))) for method in summary["Method"]]
    assert summary["Evaluations"] == ["12"] * 3
    assert summary["Steps"] == ["108"] * 3
    assert summary["Overhead per evaluation"] == ["200 ms", "200 ms", "1.00 ms"]
    assert summary["CPU time"] == ["14.4 s"] * 3


def test_simulated_time_is_left_out_where_it_is_wall_time():
    simulated = run_of([0.5, 0.4])
    real = msgspec.structs.replace(
        simulated, points=tuple(msgspec.structs.replace(each, simulated_s=each.wall_s) for each in simulated.points)
    )
    shown = table_with(report_of(simulated), "Overhead per run")
    assert shown["Simulated time"] == ["20.0 s"]
    assert shown["Wall time"] == ["4.00 s"]
    left = table_with(report_of(real), "Overhead per run")
    assert "Simulated time" not in left
    assert left["Wall time"] == ["4.00 s"]


def report_of(run):
    return markdown_report(compare_runs([run], n_resamples=100), circumstances_of([run]))


def failed_method(comparison):
    return next(each.method for problem in comparison.problems for each in problem.methods if each.n_failed)


def test_wins_against_others_and_differences_that_are_certain():
    runs = [
        run_of([1 - 0.01 * seed - 0.1 * number], method=method, seed=seed)
        for number, method in enumerate(("bad", "good"))
        for seed in range(8)
    ]
    text = markdown_report(compare_runs(runs, n_resamples=50), circumstances_of(runs))
    table = table_with(text, "Wins–ties–losses")
    assert table["Method"] == ["good", "bad"]
    assert table["Wins–ties–losses"] == ["8–0–0", "0–0–8"]
    assert table["Better / worse by the test"] == ["1 / 0", "0 / 1"]


def test_who_is_ahead_is_told_by_the_ranks_of_the_differences_and_not_by_their_number():
    few_large = [0.9, 0.8, 0.7, 0.6, 0.5, *([-0.01] * 6)]
    runs = [run_of([1.0], method="a", seed=seed) for seed in range(11)]
    runs += [run_of([1.0 - gain], method="b", seed=seed) for seed, gain in enumerate(few_large)]
    comparison = compare_runs(runs, n_resamples=50, alpha=0.99)
    table = table_with(markdown_report(comparison, circumstances_of(runs)), "Wins–ties–losses")
    assert table["Method"] == ["b", "a"]
    assert table["Wins–ties–losses"] == ["5–0–6", "6–0–5"]
    assert table["Better / worse by the test"] == ["1 / 0", "0 / 1"]


@pytest.mark.parametrize(
    ("gains", "told"),
    [
        ([0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16], "yes"),
        ([0.1, -0.2, 0.3, -0.4], "not yet"),
        ([1.0, 1.1, 0.9, 1.05, -0.1, -0.11, -0.12, 0.95, -0.13, -0.14], "interval only"),
        ([*([0.1] * 18), -0.7, -0.8], "test only"),
        ([*np.linspace(3, 4, 6), *np.linspace(-0.2, -0.1, 34)], "no: they disagree"),
    ],
)
def test_methods_are_told_apart_where_interval_and_test_agree(gains, told):
    runs = [run_of([9.0, 5.0], method="old", seed=seed) for seed in range(len(gains))]
    runs += [run_of([9.0, 5.0 - gain], method="new", seed=seed) for seed, gain in enumerate(gains)]
    comparison = compare_runs(runs, n_resamples=500)
    assert comparison.pairs[0].is_told == (told == "yes")
    assert table_with(markdown_report(comparison, circumstances_of(runs)), "Told apart")["Told apart"] == [told]


def test_words_from_outside_stay_words():
    text = re.sub(r"^(`{3,})text\n.*?\n\1$", "", markdown_report(*evil()), flags=re.MULTILINE | re.DOTALL)
    assert EVIL not in text
    for special in ("<", "*", "`", "&", "$"):
        inside = text.replace("**", "").replace('<a id="numbers"></a>', "")
        assert not re.findall(rf"(?<!\\){re.escape(special)}", inside), special
    assert "](b)" not in text.replace(r"\](b)", "")


def test_a_listing_cannot_be_closed_from_inside():
    runs = [run_of([0.5], failed="no", notes={"traceback": "a\n````\n# b"})]
    text = markdown_report(compare_runs(runs, n_resamples=50), circumstances_of(runs))
    assert "`````text\na\n````\n# b\n`````" in text


def test_what_a_failed_run_has_printed_stands_in_the_report():
    notes = {"output": "warning: about to fall"}
    runs = [run_of([0.5], seed=seed, failed="killed by SIGSEGV", notes=notes) for seed in (3, 4)]
    text = markdown_report(compare_runs(runs, n_resamples=50), circumstances_of(runs))
    assert "Output of random on branin with seed 3" in text
    assert text.count("warning: about to fall") == 1


def test_lists_that_nobody_bounds_are_cut():
    runs = [run_of([0.5], seed=0)]
    circumstances = circumstances_of(runs, ignored=[(line, "no JSON") for line in range(1, 101)])
    text = markdown_report(compare_runs(runs, n_resamples=50), circumstances)
    assert text.count("no JSON") == 40
    assert "- and 60 more" in text

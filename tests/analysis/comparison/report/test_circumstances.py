import msgspec
import pytest
from made_up_runs import run_of

from rung.analysis.comparison.report.circumstances import Failure, Ignored, Note, Spent, Told, circumstances_of
from rung.analysis.comparison.runs import Key

NOTES = {"command": "rung bench run", "machine": "x86_64 Linux", "python": "3.12.1", "started": 1000.0, "initial": 3}


def test_what_runs_say_of_themselves_is_counted():
    runs = [
        run_of([0.5, 0.4], seed=0, notes=NOTES, cpu_s=1.5),
        run_of([0.5, 0.4], seed=1, notes={**NOTES, "started": 1010, "gpu": {"count": 2}}, cpu_s=2.0),
        run_of([0.5, 0.4], seed=2, notes={**NOTES, "machine": "arm64 Darwin", "command": ""}),
        run_of([0.5, 0.4], seed=3),
    ]
    found = circumstances_of(runs, source="runs.jsonl", command="rung bench report .")
    assert found.n_runs == 4
    assert found.cpu_s == 3.5
    assert found.wall_s == 16
    assert found.commands == (Told("rung bench run", 2),)
    assert found.machines == (Told("x86_64 Linux", 2), Told("arm64 Darwin", 1))
    assert found.pythons == (Told("3.12.1", 3),)
    assert found.initial == (3,)
    assert (found.began, found.ended) == (1000, 1014)
    assert found.notes == (Note("gpu", (Told('{"count":2}', 1),)),)
    assert (found.source, found.command) == ("runs.jsonl", "rung bench report .")


def test_what_methods_spent_on_average():
    runs = [
        run_of([0.5] * 4, method="a"),
        run_of([0.5] * 2, method="a", seed=1),
        run_of([0.5], method="b"),
        run_of([], method="b", seed=1),
    ]
    assert circumstances_of(runs).spent == (Spent("a", 2, 3, 27, 30), Spent("b", 1, 1, 9, 10))


def test_failures_of_one_kind_stand_together():
    runs = [
        run_of([0.5], seed=2, failed="ValueError: no", notes={"traceback": "second"}),
        run_of([0.5], seed=1, failed="ValueError: no", notes={"traceback": "first"}),
        run_of([0.5], seed=0, failed="killed"),
        run_of([0.5], seed=3),
    ]
    assert circumstances_of(runs).failures == (
        Failure("branin", "random", (0,), "killed"),
        Failure("branin", "random", (1, 2), "ValueError: no", "first"),
    )


def test_what_is_missing_and_ignored_is_in_order():
    missing = [Key("branin", "tpe", 3), Key("branin", "gp", 4)]
    found = circumstances_of([], missing=missing, ignored=[(9, "no JSON"), (2, "cut short")])
    assert found.missing == (Key("branin", "gp", 4), Key("branin", "tpe", 3))
    assert found.ignored == (Ignored(2, "cut short"), Ignored(9, "no JSON"))
    assert (found.n_runs, found.began, found.spent) == (0, None, ())


def test_the_order_of_the_runs_does_not_matter():
    runs = [run_of([0.5], seed=seed, notes={"machine": f"m{seed % 2}"}, cpu_s=0.1 * seed) for seed in range(5)]
    assert circumstances_of(runs) == circumstances_of(runs[::-1])


@pytest.mark.parametrize("started", ["yesterday", None])
def test_notes_of_another_kind_than_expected_do_no_harm(started):
    found = circumstances_of([run_of([0.5], notes={"started": started, "initial": "three", "command": 5})])
    assert (found.began, found.ended, found.initial) == (None, None, ())
    assert found.commands == (Told("5", 1),)
    assert msgspec.json.encode(found)

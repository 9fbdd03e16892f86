from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tuning_fakes import ScriptedScheduler

from rung.commands import ChangeSearcher, EditSpace, Enqueue, Note
from rung.errors import RungError, SettingError, SpaceError
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.searchers.tpe import TPESearcher
from rung.space import Choice, Constant, Float, Int, Ordinal, Space, at_least, forbid, linear, loguniform
from rung.space.priors import Prior
from rung.store import MemoryStore
from rung.tuner import Tuner
from rung.tuning.steering import (
    ask_for_edit,
    plan_edit,
    plan_hand_over,
    searcher_to_come,
    space_to_come,
)  # fmt: skip
from rung.types import Config

SPACE = Space(
    {"lr": Float(1e-4, 1.0, log=True), "opt": Choice(["adam", "sgd"]), "units": Int(8, 64, step=8), "seed": 5},
    priors={"lr": "~1e-2"},
)
POINTS = [
    {"lr": 0.5, "opt": "sgd", "units": 8, "seed": 5},
    {"lr": 0.01, "opt": "adam", "units": 64, "seed": 5},
    {"lr": 0.001, "opt": "sgd", "units": 16, "seed": 5},
]


def begun(space: Any = SPACE, *, trials: int = 1, points: Any = ()) -> MemoryStore:
    """A store with the study ``s``, which nobody runs."""
    store = MemoryStore()
    scheduler = BasicScheduler(RandomSearcher(space, points_to_evaluate=points))
    with Tuner(lambda **_: 0.5, scheduler, store=store, study="s", seed=0) as tuner:
        tuner.run(trials)
    return store


@pytest.fixture
def store() -> MemoryStore:
    return begun()


def edit(store: MemoryStore, *given: Any, **wishes: Any) -> str:
    """Ask for an edit; returns what changes."""
    return str(ask_for_edit(store, plan_edit(store, "s", *given, **wishes)))


def come(store: MemoryStore) -> Space:
    return space_to_come(store, store.tables.study("s"))


def run(store: MemoryStore, trials: int, *, points: Any = ()) -> list[Config]:
    """Go on for so many trials; returns their configurations."""
    scheduler = BasicScheduler(RandomSearcher(SPACE, points_to_evaluate=points))
    with Tuner(None, scheduler, store=store, study="s") as tuner:
        asked = tuner.ask(trials)
        for trial in asked:
            tuner.tell(trial, 0.5)
    return [trial.config for trial in asked]


# ---- what an edit changes


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (
            {"domains": {"lr": loguniform(1e-3, 1e-1)}},
            "lr: Float(0.0001, 1.0, log=True) -> Float(0.001, 0.1, log=True)",
        ),
        ({"domains": {"units": Int(8, 128, step=8)}}, "units: Int(8, 64, step=8) -> Int(8, 128, step=8)"),
        (
            {"domains": {"opt": ["adam", "sgd", "lion"]}},
            "opt: Choice(['adam', 'sgd']) -> Choice(['adam', 'sgd', 'lion'])",
        ),
        ({"domains": {"seed": 6}}, "seed: pinned to 5 -> pinned to 6"),
        ({"domains": {"seed": Int(1, 9)}}, "seed: pinned to 5 -> Int(1, 9)"),
        ({"domains": {"opt": "adam"}}, "opt: Choice(['adam', 'sgd']) -> pinned to 'adam'"),
        ({"pin": {"opt": "adam"}}, "opt: Choice(['adam', 'sgd']) -> pinned to 'adam'"),
        ({"pin": {"units": 16.0}}, "units: Int(8, 64, step=8) -> pinned to 16"),
        ({"pin": {"lr": 0.1}}, "lr: Float(0.0001, 1.0, log=True) -> pinned to 0.1, prior ~0.01 -> none"),
        ({"pin": {"lr": 0.01}}, "lr: Float(0.0001, 1.0, log=True) -> pinned to 0.01"),
        ({"priors": {"lr": ("~1e-3", "high")}}, "lr: prior ~0.01 -> ~0.001 (high confidence)"),
        ({"priors": {"lr": None}}, "lr: prior ~0.01 -> none"),
        ({"priors": {"opt": "~sgd:low"}}, "opt: prior none -> ~sgd (low confidence)"),
        (
            {"domains": {"lr": Float(0.1, 1.0, log=True)}},
            "lr: Float(0.0001, 1.0, log=True) -> Float(0.1, 1.0, log=True), prior ~0.01 -> none",
        ),
        (
            {"domains": {"lr": Float(0.1, 1.0, log=True)}, "pin": {"opt": "sgd"}, "priors": {"lr": 0.2, "units": 8}},
            (
                "lr: Float(0.0001, 1.0, log=True) -> Float(0.1, 1.0, log=True), prior ~0.01 -> ~0.2\n"
                "opt: Choice(['adam', 'sgd']) -> pinned to 'sgd'\n"
                "units: prior none -> ~8"
            ),
        ),
    ],
)
def test_what_an_edit_changes(store: MemoryStore, wishes: dict[str, Any], words: str) -> None:
    plan = plan_edit(store, "s", **wishes)
    assert str(plan) == words
    assert list(store.tables.pending("s")) == [], "a plan asks for nothing"
    asked = ask_for_edit(store, plan)
    assert (asked.command, asked.after) == (1, plan.after)
    assert store.tables.pending("s") == [(1, EditSpace(plan.after.to_json()))]
    run(store, 1)
    assert Space.from_json(store.tables.study("s").space) == plan.after
    assert store.tables.pending("s") == []


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"domains": {"lr": loguniform(1e-4, 1)}},
        {"pin": {"seed": 5}},
        {"priors": {"lr": Prior(0.01)}},
        {"domains": {"seed": 5}},
    ],
)
def test_where_nothing_changes_nothing_is_asked_for(store: MemoryStore, wishes: dict[str, Any]) -> None:
    plan = ask_for_edit(store, plan_edit(store, "s", **wishes))
    assert (plan.changes, str(plan), plan.command) == ([], "nothing changes", None)
    assert store.tables.pending("s") == []


def test_conditions_and_constraints_stay() -> None:
    space = Space(
        {"opt": ["adam", "sgd"], "momentum": Float(0.0, 1.0), "a": Int(0, 9), "b": Int(0, 9)},
        conditions={"momentum": ("opt", "sgd")},
        constraints=[linear({"a": 1, "b": 1}, at_most=9)],
    )
    after = plan_edit(begun(space), "s", {"a": Int(0, 4)}, pin={"opt": "adam"}).after
    assert after.conditions == space.conditions
    assert [str(each) for each in after.constraints] == ["a + b <= 9"]
    assert "momentum" not in after.sample(np.random.default_rng(0))


# ---- edits that build on each other


def test_what_was_pinned_is_reopened_as_it_was_last(store: MemoryStore) -> None:
    edit(store, {"lr": loguniform(1e-3, 1.0)})
    edit(store, pin={"lr": 0.1})
    assert edit(store, reopen=["lr"]) == "lr: pinned to 0.1 -> Float(0.001, 1.0, log=True)"
    run(store, 1)
    edit(store, pin={"lr": 0.1})
    run(store, 1)
    edit(store, pin={"opt": "adam"})
    assert edit(store, {"units": Int(8, 16, step=8)}, reopen=["opt", "lr"]).splitlines() == [
        "lr: pinned to 0.1 -> Float(0.001, 1.0, log=True)",
        "opt: pinned to 'adam' -> Choice(['adam', 'sgd'])",
        "units: Int(8, 64, step=8) -> Int(8, 16, step=8)",
    ]


@pytest.mark.parametrize("single", [Choice(["adam"]), Constant("adam"), Ordinal(["adam"])])
def test_what_was_left_with_a_single_value_is_reopened_as_what_is_pinned(store: MemoryStore, single: Any) -> None:
    edit(store, {"opt": single})
    edit(store, pin={"opt": "sgd"})
    edit(store, {"opt": single})
    edit(store, reopen=["opt"])
    assert come(store)["opt"] == SPACE["opt"]


def test_a_pinned_dimension_can_be_pinned_elsewhere_within_what_it_was(store: MemoryStore) -> None:
    edit(store, pin={"lr": 0.1})
    assert edit(store, pin={"lr": 0.2}) == "lr: pinned to 0.1 -> pinned to 0.2"
    assert edit(store, {"lr": 0.3}) == "lr: pinned to 0.2 -> pinned to 0.3"
    with pytest.raises(SpaceError, match=r"lr: 2\.0 is not between 0\.0001 and 1\.0"):
        edit(store, pin={"lr": 2.0})


def test_edits_build_on_those_that_nobody_has_carried_out_yet(store: MemoryStore) -> None:
    edit(store, {"lr": loguniform(1e-3, 1e-1)})
    store.post("s", Note("something else"))
    edit(store, {"opt": ["adam", "sgd", "lion"]})
    edit(store, pin={"opt": "lion"})
    assert come(store)["lr"] == Float(1e-3, 1e-1, log=True)
    assert come(store)["opt"] == Constant("lion")
    assert Space.from_json(store.tables.study("s").space) == SPACE
    assert [config["opt"] for config in run(store, 3)] == ["lion"] * 3
    assert Space.from_json(store.tables.study("s").space) == come(store)


# ---- what waits to be tried


def test_what_the_new_space_does_not_have_is_dropped() -> None:
    store = begun(points=POINTS)
    idea = {"lr": 0.9, "opt": "adam", "units": 32, "seed": 5}
    store.post("s", Enqueue(idea))
    plan = plan_edit(store, "s", {"lr": loguniform(1e-4, 0.5)}, pin={"opt": "adam"})
    assert list(plan.dropped) == [POINTS[2], idea], "the first point is a trial, the second one stays"
    ask_for_edit(store, plan)
    assert list(plan_edit(store, "s", {"lr": loguniform(0.1, 0.5)}).dropped) == [POINTS[1]]
    assert run(store, 2, points=POINTS)[0] == POINTS[1]


def test_what_a_study_waits_for_follows_from_its_log(store: MemoryStore) -> None:
    for idea in POINTS:
        store.post("s", Enqueue(idea))
    assert run(store, 1) == POINTS[:1]
    store.post("s", Enqueue(POINTS[0]))
    assert list(plan_edit(store, "s", pin={"opt": "adam"}).dropped) == [POINTS[2], POINTS[0]]


# ---- what can't be had


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (
            {"domains": {"lrr": loguniform(1e-3, 1.0)}},
            "the space of 's' has no dimension 'lrr'. Did you mean 'lr'\\? There are lr, opt, units",
        ),
        ({"pin": {"rl": 1}}, "has no dimension 'rl'"),
        ({"reopen": ["op"]}, "has no dimension 'op'. Did you mean 'opt'\\? There are lr, opt"),
        ({"pin": {"lr": 0.01}, "priors": {"lr": "~0.02"}}, r"lr is pinned to 0\.01, so a prior for it makes no sense"),
        ({"priors": {"seed": 5}}, "seed is pinned to 5, so a prior for it makes no sense. Leave out one"),
        ({"reopen": ["momentum"]}, "has no dimension 'momentum'.*belongs into a new study"),
        ({"priors": {"dropout": 0.5}}, "has no dimension 'dropout'"),
        ({"priors": {"dropout": None}}, "has no dimension 'dropout'"),
        ({"domains": {"lr": [0.1, 0.2]}, "pin": {"lr": 0.1}}, "lr: a domain and a pinned value contradict each other"),
        ({"pin": {"lr": 0.1}, "reopen": ["lr"]}, "lr: a pinned value and re-opening it contradict each other"),
        ({"domains": {"lr": [0.1, 0.2]}, "reopen": ["lr"]}, "lr: a domain and re-opening it contradict"),
        ({"pin": {"lr": 2.0}}, r"lr: 2\.0 is not between 0\.0001 and 1\.0\. Give it a domain with this value first"),
        ({"pin": {"opt": "lion"}}, "opt: 'lion' is not one of 'adam', 'sgd'"),
        ({"domains": {"opt": "lion"}}, "opt: 'lion' is not one of 'adam', 'sgd'"),
        ({"pin": {"units": 12}}, "units: 12 is not 8 plus a multiple of 8"),
        ({"pin": {"seed": 6}}, "seed: 6 is not 5"),
        ({"reopen": ["lr"]}, r"lr is not pinned: it is Float\(0\.0001, 1\.0, log=True\)"),
        ({"reopen": ["seed"]}, r"seed has been Constant\(5\) from the beginning\. Give it a domain instead"),
        ({"priors": {"opt": None}}, "opt has no prior that could be dropped"),
        ({"priors": {"lr": "~5"}}, r"the prior of 'lr': 5\.0 is not between"),
        ({"priors": {"lr": "~0.1:sure"}}, "the prior of 'lr' has the confidence 'sure'"),
        ({"domains": {"lr": Float(0.1, 1.0)}, "priors": {"lr": 0.01}}, r"the prior of 'lr': 0\.01 is not between"),
        ({"pin": {"lr": 0.1}, "priors": {"lr": 0.2}}, r"lr is pinned to 0\.1, so a prior"),
        ({"domains": {"lr": {"low": 0}}}, "a dict is not a domain"),
        ({"domains": ["lr"]}, r"domains=\['lr'\] is no mapping from names"),
        ({"pin": ["opt"]}, r"pin=\['opt'\] is no mapping from names. Give pin={name: …}"),
        ({"priors": "~0.1"}, "priors='~0.1' is no mapping from names"),
        ({"reopen": "opt"}, r"reopen='opt' is no list of names. Give reopen=\['opt'\]"),
    ],
)
def test_what_can_not_be_had_is_told_and_nothing_is_asked_for(
    store: MemoryStore, wishes: dict[str, Any], words: str
) -> None:
    with pytest.raises(SpaceError, match=words):
        edit(store, **wishes)
    assert store.tables.pending("s") == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"a": Int(0, 3), "b": Int(0, 3)}, r"no config that keeps to the constraints came up.*a \+ b >= 8"),
        (
            {"a": Choice(["few", "many"])},
            r"there is the constraint a \+ b >= 8, so a can't be Choice\(\['few', 'many'\]\)",
        ),
        ({"b": Ordinal(["few", "many"])}, r"not \(b >= 9.*\), so b can't be Ordinal"),
        ({"c": Choice(["few", "many"])}, r"d depends on c >= 0\.5, so c can't be Choice"),
    ],
)
def test_a_space_in_which_nothing_could_be_suggested(given: Any, words: str) -> None:
    space = Space(
        {"a": Int(0, 9), "b": Int(0, 9), "c": Float(0.0, 1.0), "d": Float(0.0, 1.0)},
        conditions={"d": ("c", at_least(0.5))},
        constraints=[forbid({"b": at_least(9)}), linear({"a": 1, "b": 1}, at_least=8)],
    )
    if "b" in given and "a" not in given:
        space = Space(dict(space), constraints=space.constraints[:1])
    store = begun(space)
    with pytest.raises(SpaceError, match=words):
        edit(store, given)
    assert store.tables.pending("s") == []


def test_runs_by_hand_have_no_space() -> None:
    store = begun(Space({}))
    with pytest.raises(SettingError, match="the study 's' keeps runs by hand; there is no space in it to be searched"):
        edit(store, {"lr": [1, 2]})
    with pytest.raises(SettingError, match="keeps runs by hand"):
        plan_hand_over(store, "s", "tpe")


def test_a_study_that_is_not_there(store: MemoryStore) -> None:
    with pytest.raises(RungError, match="no study 't'"):
        plan_edit(store, "t", pin={"lr": 0.1})
    with pytest.raises(RungError, match="no study 't'"):
        plan_hand_over(store, "t", "tpe")


# ---- handing over


@pytest.mark.parametrize(
    ("searcher", "form"),
    [
        ("tpe", {"name": "tpe"}),
        (" gp( acquisition = ei ) ", {"name": "gp", "acquisition": "ei"}),
        ({"name": "tpe", "gamma": 0.3}, {"name": "tpe", "gamma": 0.3}),
        (RandomSearcher(SPACE), {"name": "random"}),
        (TPESearcher(SPACE, gamma=0.2), dict(TPESearcher(SPACE, gamma=0.2).spec())),
        ("rung.searchers.random:RandomSearcher", {"name": "rung.searchers.random:RandomSearcher"}),
    ],
)
def test_who_is_to_take_over(store: MemoryStore, searcher: Any, form: dict[str, Any]) -> None:
    assert searcher_to_come(store, store.tables.study("s")) == {"name": "random"}
    command = plan_hand_over(store, "s", searcher)
    assert command == ChangeSearcher(form)
    store.post("s", command)
    assert searcher_to_come(store, store.tables.study("s")) == form
    run(store, 1)
    assert store.tables.pending("s") == []
    name = str(form["name"]).rpartition(":")[2].removesuffix("Searcher").lower()
    assert store.tables.study("s").searcher["name"] == name
    assert searcher_to_come(store, store.tables.study("s"))["name"] == name


@pytest.mark.parametrize(
    ("searcher", "words"),
    [
        ("bayes", "There is no searcher named 'bayes'"),
        ("asha", "'asha' is not a searcher alone. Give one of .*gp.*possibly with"),
        ("basic", "'basic' is not a searcher alone"),
        ("asha+tpe", "'asha\\+tpe' is not a searcher alone"),
        ("basic(x=1)+tpe", "is not a searcher alone"),
        ("basic + tpe", "'basic \\+ tpe' is not a searcher alone"),
        ("rung.schedulers.asha:ASHA", "is not a searcher alone"),
        ("tpe(gama=1)", "'tpe' can't be made with these options"),
        ("gp(acquisition=best)", "acquisition must be one of"),
        ('random(initial_config={"lr": 0.1})', "can't bring points of its own. Enqueue them"),
        ({"name": "random", "points_to_evaluate": POINTS}, "can't bring points of its own"),
        (RandomSearcher(SPACE, points_to_evaluate=POINTS), "can't bring points of its own"),
        ({"opaque": "book:Searcher", "class": "some.module:Opaque"}, "book:Searcher draws from generators of its own"),
        (TPESearcher, "is no searcher"),
        (None, 'None is no searcher. Give its name, such as "tpe"'),
        (ASHA(RandomSearcher(SPACE), max_t=9), "There is no searcher named 'asha'"),
    ],
)
def test_who_can_not_take_over_is_told_at_once(store: MemoryStore, searcher: Any, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        plan_hand_over(store, "s", searcher)
    assert store.tables.pending("s") == []


@pytest.mark.filterwarnings("ignore:GridSearcher covers the whole space evenly:rung.errors.RungWarning")
def test_who_takes_over_must_take_the_space_to_come(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.searchers.grid._MOST_POINTS", 100)
    edit(store, {"seed": Int(1, 1000), "units": Int(8, 64)})
    with pytest.raises(SettingError, match="more than 100 combinations"):
        plan_hand_over(store, "s", "grid(points=9)")
    assert plan_hand_over(store, "s", "grid(points=2)").searcher == {"name": "grid", "points": 2}
    assert plan_hand_over(store, "s", "grid(points=9)", space=Space({"lr": Float(0.0, 1.0)})).searcher["points"] == 9


def test_a_scheduler_that_can_not_be_made_again_keeps_its_searcher() -> None:
    class Book(ScriptedScheduler):
        def spec(self) -> dict[str, Any]:
            return {"class": "some.module:Opaque", "opaque": "book:Scheduler"}

    store = MemoryStore()
    with Tuner(None, Book(), store=store, study="s") as tuner:
        tuner.tell(tuner.ask(), 0.5)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="book:Scheduler draws from generators of its own"):
        plan_hand_over(store, "s", "tpe")

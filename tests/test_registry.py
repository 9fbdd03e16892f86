from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rung import registry
from rung.errors import SettingError
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.grid import GridSearcher
from rung.searchers.random import RandomSearcher
from rung.searchers.sobol import SobolSearcher
from rung.space import Float, Space

SPACE = Space({"x": Float(0, 1)})


class Foreign:
    """A searcher that no entry point leads to."""

    def __init__(self, space: Space, *, alpha: float = 1.0) -> None:
        self.space = space
        self.alpha = alpha

    def spec(self) -> Mapping[str, Any]:
        return registry.describe(self, alpha=self.alpha, beta=None)


@pytest.mark.parametrize(
    ("name", "kind"), [("random", RandomSearcher), ("grid", GridSearcher), ("sobol", SobolSearcher)]
)
def test_searchers_by_name(name: str, kind: type) -> None:
    made = registry.searcher(name, SPACE, points_to_evaluate=[{"x": 0.5}])
    assert type(made) is kind
    assert made.spec()["name"] == name
    assert made.spec()["points_to_evaluate"] == [{"x": 0.5}]
    assert made.space is SPACE


@pytest.mark.parametrize(("name", "kind", "options"), [("basic", BasicScheduler, {}), ("asha", ASHA, {"max_t": 9})])
def test_schedulers_by_name(name: str, kind: type, options: dict[str, Any]) -> None:
    inner = RandomSearcher(SPACE)
    made = registry.scheduler(name, inner, **options)
    assert type(made) is kind
    assert made.searcher is inner
    assert made.spec() == {"name": name, "searcher": {"name": "random"}, **(ASHA_DEFAULTS if options else {})}


ASHA_DEFAULTS = {"max_t": 9, "grace_period": "auto", "reduction_factor": 3, "variant": "stopping"}


def test_options_may_stand_in_the_name() -> None:
    form = {"name": "grid", "points": 7}
    assert registry.form_of("searchers", " grid(points=7)") == form
    first = {"points_to_evaluate": [{"x": 0.5}]}
    inner = registry.searcher("grid(points=7)", SPACE, **first)
    assert inner.spec() == {**form, **first}
    made = registry.scheduler("asha(max_t=9)", inner, variant="promotion")
    assert made.spec() == {"name": "asha", **ASHA_DEFAULTS, "variant": "promotion", "searcher": inner.spec()}
    with pytest.raises(SettingError, match=r"'grid' has points twice\. Say it once"):
        registry.searcher("grid(points=7)", SPACE, points=8)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("searchers", "asha(max_t=9)"),
        ("searchers", "asha(max_t=9)+grid"),
        ("searchers", "rung.schedulers.asha:ASHA"),
        ("schedulers", "grid(points=7)"),
        ("schedulers", "asha+grid"),
    ],
)
def test_a_searcher_and_a_scheduler_are_read_apart(kind: Any, text: str) -> None:
    with pytest.raises(SettingError, match=rf"is not a {kind[:-1]} alone\. Give one of .*, possibly with options"):
        registry.form_of(kind, text)


def test_forms_build_equal_parts() -> None:
    scheduler = ASHA(GridSearcher(SPACE, points=7, initial_config={"x": 0.5}), max_t=9, variant="promotion")
    again = registry.build_scheduler(json.loads(json.dumps(scheduler.spec())), SPACE)
    assert again.spec() == scheduler.spec()
    assert again.spec()["searcher"] == {"name": "grid", "points": 7, "points_to_evaluate": [{"x": 0.5}]}


def test_a_class_without_an_entry_point_goes_by_its_own_name() -> None:
    spec = Foreign(SPACE, alpha=2.0).spec()
    assert spec == {"class": f"{__name__}:Foreign", "alpha": 2.0}
    again = registry.build_searcher(spec, SPACE)
    assert type(again) is Foreign
    assert again.alpha == 2.0
    assert type(registry.searcher(f"{__name__}:Foreign", SPACE)) is Foreign


def test_unknown_names_are_answered_with_the_nearest_and_all() -> None:
    with pytest.raises(
        SettingError,
        match=r"no searcher named 'randm'\. Did you mean 'random'\? There are: .*gp, grid,.* random, sobol, tpe",
    ):
        registry.searcher("randm", SPACE)
    with pytest.raises(SettingError, match=r"no scheduler named 'zzz'\. There are: asha, basic.*module:Class"):
        registry.scheduler("zzz", RandomSearcher(SPACE))


@pytest.mark.parametrize(
    "path", ["no_such_module_here:Class", f"{__name__}:NoSuchClass", "test_registry:Foreign.no_part"]
)
def test_classes_that_cannot_be_imported(path: str) -> None:
    with pytest.raises(SettingError, match=rf"'{path}' can't be imported: .*top of a module"):
        registry.searcher(path, SPACE)


def test_unknown_options_are_answered_with_the_known_ones() -> None:
    with pytest.raises(
        SettingError, match=r"'grid' can't be made .*'pionts'.*points, initial_config, points_to_evaluate"
    ):
        registry.searcher("grid", SPACE, pionts=3)
    with pytest.raises(SettingError, match=r"'asha' can't be made .*'max_t'.*It has: max_t, grace_period"):
        registry.scheduler("asha", RandomSearcher(SPACE))
    with pytest.raises(SettingError, match=r"'basic' can't be made .*It has: none"):
        registry.scheduler("basic", RandomSearcher(SPACE), max_t=3)


def test_forms_that_are_none() -> None:
    with pytest.raises(SettingError, match=r"neither 'name' nor 'class'"):
        registry.build_searcher({"points": 3}, SPACE)
    with pytest.raises(SettingError, match=r"The form of scheduler 'basic' has no searcher"):
        registry.build_scheduler({"name": "basic"}, SPACE)


def test_what_draws_from_generators_of_its_own_is_not_built() -> None:
    form = {"class": "rung.integrations.d2l.adapt:OpaqueSearcher", "opaque": "mine:Walk"}
    message = (
        r"mine:Walk draws from generators of its own, so it can't be made again from a log\. Go on from the program"
    )
    with pytest.raises(SettingError, match=message):
        registry.build_searcher(form, SPACE)
    with pytest.raises(SettingError, match=message):
        registry.build_scheduler({"name": "asha", "max_t": 3, "searcher": form}, SPACE)
    with pytest.raises(SettingError, match=message):
        registry.build_scheduler({"class": "x:OpaqueScheduler", "opaque": "mine:Walk"}, SPACE)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("random", {"name": "basic", "searcher": {"name": "random"}}),
        ("asha", {"name": "asha", "max_t": 9, "searcher": {"name": "random"}}),
        (" asha + sobol ", {"name": "asha", "max_t": 9, "searcher": {"name": "sobol"}}),
        (
            'asha(max_t=27, variant=promotion)+random(points_to_evaluate=[{"x": 0.5}, {"x": 1}])',
            {
                "name": "asha",
                "max_t": 27,
                "variant": "promotion",
                "searcher": {"name": "random", "points_to_evaluate": [{"x": 0.5}, {"x": 1}]},
            },
        ),
        (
            "test_registry:Foreign(alpha=2)",
            {"name": "basic", "searcher": {"name": "test_registry:Foreign", "alpha": 2}},
        ),
    ],
)
def test_methods_in_a_line(text: str, form: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    assert registry.method_spec(text, max_t=9) == form
    assert registry.build_scheduler(form, SPACE).space == SPACE


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rando", "There is no method named 'rando'. Did you mean 'random'?"),
        ("basic+rando", "There is no searcher named 'rando'. Did you mean 'random'?"),
        ("ahsa+random", "There is no scheduler named 'ahsa'. Did you mean 'asha'?"),
        ("sobol+asha", "'sobol+asha' has its parts the wrong way round. Write asha+sobol."),
        ("asha", "'asha' needs to know the length of a full training. Write asha(max_t=27)."),
        ("asha+random+sobol", "'asha+random+sobol' has more than two parts."),
        ("asha(max_t)", "The method 'asha(max_t)' has the option 'max_t' without a value."),
        ("asha(max_t=3", "The method 'asha(max_t=3' can't be read at 'asha(max_t=3'."),
        ("", "The method '' can't be read at ''."),
        ("nowhere:Searcher", "'nowhere:Searcher' can't be imported"),
        ("os:sep", "'os:sep' is no class: it is '/'."),
        ("random(name=sobol)", "The method 'random(name=sobol)' has an option 'name', which is no option."),
        ("asha(max_t=3, searcher=sobol)", "has an option 'searcher', which is no option. The name stands before"),
        ("asha(max_t=3, factor=2)+random", "'asha' can't be made with these options: got an unexpected keyword"),
        ("random(seed=2)", "'random' can't be made with these options: got an unexpected keyword argument 'seed'."),
    ],
)
def test_methods_that_are_none(text: str, sentence: str) -> None:
    with pytest.raises(SettingError, match=re.escape(sentence)):
        registry.method_spec(text)


def test_a_list_of_methods() -> None:
    assert registry.split_methods("random, asha(max_t=9,variant=promotion)+random,,optuna:tpe") == [
        "random",
        "asha(max_t=9,variant=promotion)+random",
        "optuna:tpe",
    ]


def test_the_points_with_which_a_searcher_begins() -> None:
    points = [{"x": 0.5}]
    form = registry.method_spec("random")
    assert registry.with_points(form, points)["searcher"] == {"name": "random", "points_to_evaluate": points}
    assert registry.with_points(form, []) is form
    own = registry.method_spec('random(initial_config={"x": 1})')
    assert registry.with_points(own, points) is own


def test_a_searcher_without_a_word_for_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    form = registry.method_spec("test_registry:Foreign")
    assert registry.with_points(form, [{"x": 0.5}]) is form


POINTS = [{"x": 0.5}, {"x": 0.25}]


def form_with(searcher: Any) -> dict[str, Any]:
    return {"name": "basic", "searcher": searcher}


def test_who_takes_over_has_the_points_that_were_given_at_first() -> None:
    begun = form_with({"name": "random", "points_to_evaluate": POINTS})
    sobol = registry.handed_over(begun, {"name": "sobol", "seed": 3})
    assert sobol == {"name": "sobol", "seed": 3, "points_to_evaluate": POINTS}
    assert registry.handed_over(form_with(sobol), {"name": "random"}) == begun["searcher"]
    assert registry.handed_over(form_with({"name": "random"}), {"name": "sobol"}) == {"name": "sobol"}
    one = form_with({"class": "my:Own", "initial_config": {"x": 0.5}})
    assert registry.handed_over(one, {"name": "random"})["points_to_evaluate"] == [{"x": 0.5}]


def test_who_can_take_over_from_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    begun = form_with({"name": "random", "points_to_evaluate": POINTS})
    without_points = {"class": "test_registry:Foreign", "alpha": 2.0}
    assert registry.handed_over(begun, without_points) == without_points
    opaque = {"class": "some.module:Opaque", "opaque": "book:Searcher"}
    assert registry.handed_over(form_with(opaque), {"name": "random"}) == {"name": "random"}
    assert registry.handed_over({"name": "basic"}, {"name": "random"}) == {"name": "random"}


@pytest.mark.parametrize(
    ("searcher", "words"),
    [
        ({"name": "random", "points_to_evaluate": POINTS}, "can't bring points of its own. Enqueue them."),
        ({"name": "random", "initial_config": {"x": 0.5}}, "can't bring points of its own"),
        ({"name": "randm"}, "There is no searcher named 'randm'"),
        ({"name": "asha", "max_t": 9}, "There is no searcher named 'asha'"),
        ({"alpha": 2.0}, "has neither 'name' nor 'class'"),
        ({"opaque": "book:Searcher", "class": "some.module:Opaque"}, "book:Searcher draws from generators of its own"),
        (None, "None is no searcher's form"),
        (["random"], r"['random'] is no searcher's form"),
    ],
)
def test_who_can_not_take_over(searcher: Any, words: str) -> None:
    with pytest.raises(SettingError, match=re.escape(words)):
        registry.handed_over(form_with({"name": "random"}), searcher)


def test_a_scheduler_that_can_not_be_made_again_keeps_its_searcher() -> None:
    with pytest.raises(SettingError, match="book:Scheduler draws from generators of its own"):
        registry.handed_over({"class": "some.module:Opaque", "opaque": "book:Scheduler"}, {"name": "random"})


@pytest.mark.parametrize("name", ["successive-halving", "SuccessiveHalving", "successive_halving", "haling"])
def test_the_name_of_a_class_leads_to_that_of_its_entry_point(name: str) -> None:
    for make in (lambda: registry.scheduler(name, RandomSearcher(SPACE)), lambda: registry.method_spec(name)):
        with pytest.raises(SettingError, match=r"There is no (scheduler|method) named") as caught:
            make()
        assert (caught.value.hint or "").startswith("Did you mean 'halving'? There are")


def test_what_can_not_be_made_without() -> None:
    assert registry.required_options("schedulers", "asha") == {"max_t"}
    assert registry.required_options("schedulers", "early") == {"criterion"}
    assert registry.required_options("searchers", "tpe") == set()

from __future__ import annotations

import pickle
import re
from typing import Any

import pytest

from rung import errors
from rung.errors import MissingExtraError, RungError, StoreError, TrialStopped

CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, RungError)]


def test_the_hint_stands_behind_the_sentence() -> None:
    error = RungError("the disk is full.", hint="Free some space.")
    assert str(error) == "the disk is full. Free some space."
    assert error.sentence == "the disk is full."
    assert error.hint == "Free some space."


def test_without_a_hint() -> None:
    assert str(RungError("so it is.")) == "so it is."
    assert RungError("so it is.").hint == ""


def test_a_missing_extra_names_the_command() -> None:
    error = MissingExtraError("Plotting", "plot")
    assert isinstance(error, ImportError)
    assert str(error) == "Plotting needs an optional package. pip install 'rung[plot]'"


def drawn_tree() -> dict[str, tuple[str, str]]:
    """Class -> (parent, what stands beside it), as drawn in the module's docstring."""
    found: dict[str, tuple[str, str]] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^(?P<lead>[│├└─ ]*)(?P<name>[A-Z]\w*Error)\b(?P<words>.*)$", line)
        if match:
            depth = len(match["lead"]) // 4
            path[depth:] = [match["name"]]
            found[match["name"]] = (path[depth - 1] if depth else "", match["words"])
    return found


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_drawn_tree_is_true(kind: type[RungError]) -> None:
    parent, words = drawn_tree()[kind.__name__]
    if kind is RungError:
        return
    assert kind.__bases__[0].__name__ == parent
    also = re.search(r"\(also an? (\w+)\)", words)
    assert [base.__name__ for base in kind.__bases__[1:]] == ([also[1]] if also else [])


def test_the_drawn_tree_has_nothing_else() -> None:
    assert set(drawn_tree()) == {kind.__name__ for kind in CLASSES}
    assert sum(issubclass(kind, StoreError) for kind in CLASSES) == 9


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_errors_come_back_from_other_processes(kind: Any) -> None:
    error = kind("Plotting", "plot") if kind is MissingExtraError else kind("it broke.", hint="Mend it.")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert (str(back), back.hint, back.sentence) == (str(error), error.hint, error.sentence)


def test_a_stop_slips_through_except_exception() -> None:
    swallowed = False
    try:
        try:
            raise TrialStopped
        except Exception:  # noqa: BLE001
            swallowed = True
    except TrialStopped:
        pass
    assert not swallowed


def test_a_warning_has_a_sentence_and_a_hint() -> None:
    warning = errors.RungWarning("This is big.", hint="Take less.")
    assert isinstance(warning, UserWarning)
    assert (warning.sentence, warning.hint, str(warning)) == ("This is big.", "Take less.", "This is big. Take less.")

from __future__ import annotations

import gc
import pickle
import threading
from weakref import WeakValueDictionary

import cloudpickle
import pytest

from rung.errors import SettingError
from rung.runtime import preload as module
from rung.runtime.preload import Preloaded, preload

CALLS = []


@preload
def numbers():
    """Some numbers."""
    CALLS.append("numbers")
    return [1, 2, 3]


@pytest.fixture(autouse=True)
def _nothing_is_loaded(monkeypatch):
    CALLS.clear()
    numbers.forget()
    monkeypatch.setattr(module, "_known", WeakValueDictionary({0: numbers}))


def test_it_is_called_once_and_gives_the_same_value():
    assert CALLS == []
    assert numbers() is numbers()
    assert CALLS == ["numbers"]


def test_it_looks_like_the_function():
    assert isinstance(numbers, Preloaded)
    assert numbers.__name__ == "numbers"
    assert numbers.__doc__ == "Some numbers."


def test_threads_do_not_load_it_twice():
    entered, go_on = threading.Event(), threading.Event()

    def slow():
        CALLS.append("slow")
        entered.set()
        assert go_on.wait(10)
        return object()

    loaded, values = preload(slow), []
    threads = [threading.Thread(target=lambda: values.append(loaded())) for _ in range(2)]
    threads[0].start()
    assert entered.wait(10)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join()
    assert CALLS == ["slow"]
    assert values[0] is values[1]


def test_what_it_raises_is_not_kept():
    answers = iter([ValueError("not yet"), 7])

    def fickle():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    loaded = preload(fickle)
    with pytest.raises(ValueError, match="not yet"):
        loaded()
    assert loaded() == loaded() == 7


def test_all_are_loaded_in_the_order_of_their_definition():
    def make(name):
        def function():
            CALLS.append(name)

        return preload(function)

    second, third = make("second"), make("third")
    module.load_all()
    assert CALLS == ["numbers", "second", "third"]
    second.forget()
    del third
    gc.collect()
    module.load_all()
    assert CALLS == ["numbers", "second", "third", "second"]


def test_one_that_can_be_imported_goes_by_name():
    numbers()
    assert pickle.loads(pickle.dumps(numbers)) is numbers
    assert cloudpickle.loads(cloudpickle.dumps(numbers)) is numbers


def pickled_with_its_data():
    def local():
        CALLS.append("local")
        return "kept out of it"

    loaded = preload(local)
    loaded()
    return cloudpickle.dumps(lambda x: (loaded(), loaded, x))


def test_another_one_goes_with_its_function_and_without_its_value_and_is_known_where_it_arrives():
    pickled = pickled_with_its_data()
    gc.collect()
    arrived = cloudpickle.loads(pickled)
    assert len(list(module._known)) == 2
    module.load_all()
    assert CALLS == ["local", "numbers"]  # what has arrived has a list of calls of its own
    value, twin, _ = arrived(1)
    assert value == "kept out of it"
    assert twin() is value


def takes_one(x=1):
    return x


def yields():
    yield 1


async def waits():
    return 1


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (takes_one, "takes_one takes arguments"),
        (yields, "What yields returns can be used only once"),
        (waits, "What waits returns can be used only once"),
        (dict, "preload got dict"),
        (3, "preload got 3"),
        (numbers, "preload got numbers"),
    ],
)
def test_what_cannot_be_preloaded_is_refused(target, says):
    with pytest.raises(SettingError, match=says):
        preload(target)

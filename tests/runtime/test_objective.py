from __future__ import annotations

import functools
import subprocess
import sys
import threading

import pytest

from rung.errors import ObjectiveError
from rung.runtime.objective import Kind, as_objective, load, pack, unpack
from rung.testing.objectives import curve_function, curve_generator, curve_trial


class Callable:
    def __call__(self, rate, max_epochs=3):
        return rate


class Silent:
    __signature__ = "not a signature"

    def __call__(self, rate):
        return rate


class Yielding:
    def __call__(self, rate):
        yield rate

    def method(self, rate):
        return rate


def by_position(rate, /):
    return rate


async def asynchronous(rate):
    return rate


def some(rate, depth=2, *ignored):
    return rate


def everything(**hyperparameters):
    return 0.0


def nothing():
    return 0.0


def only_limit(max_epochs=3):
    return 0.0


def limited(rate, max_epochs):
    return 0.0


def with_trial(trial, rate):
    return 0.0


INSTANCE = Callable()


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (curve_function, Kind.FUNCTION),
        (curve_trial, Kind.TRIAL),
        (curve_generator, Kind.GENERATOR),
        (lambda rate: rate, Kind.FUNCTION),
        (functools.partial(some, depth=1), Kind.FUNCTION),
        (functools.partial(curve_generator), Kind.GENERATOR),
        (INSTANCE, Kind.FUNCTION),
        (Yielding(), Kind.GENERATOR),
        (Yielding().method, Kind.FUNCTION),
        ("rung.testing.objectives:curve_trial", Kind.TRIAL),
        (["python", "train.py"], Kind.SCRIPT),
        (("sh", "-c", "true"), Kind.SCRIPT),
    ],
)
def test_the_kind_is_recognised(target, kind):
    recognised = as_objective(target)
    assert recognised.kind is kind
    assert as_objective(recognised) is recognised


def test_a_function_is_taken_apart():
    recognised = as_objective(limited)
    assert recognised.limit == "max_epochs"
    assert recognised.parameters == recognised.required == {"rate", "max_epochs"}
    assert not recognised.wants_trial
    assert not recognised.takes_any
    recognised = as_objective(with_trial)
    assert recognised.wants_trial
    assert recognised.parameters == {"rate"}
    assert recognised.limit is None
    assert recognised.name == "with_trial"
    assert as_objective(["python", "train.py"]).name == "python train.py"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (3, "3 can't be trained"),
        (None, "None can't be trained"),
        ([], "can't be trained"),
        (["python", 3], "can't be trained"),
        (by_position, "takes rate by position only"),
        (asynchronous, "asynchronous is asynchronous"),
        (Silent(), "does not tell its parameters.*Wrap it"),
        ("train.py", "does not name a function.*list of words"),
        (":f", "does not name a function"),
        ("module:", "does not name a function"),
        ("rung.nowhere:f", "can't be imported.*rung.nowhere"),
        ("nowhere/at_all.py:f", "can't be imported.*FileNotFoundError"),
        ("rung.testing.objectives:curve_functio", "no function 'curve_functio'.*Did you mean 'curve_function'"),
        ("rung.testing.objectives:STEPS", "no function 'STEPS'"),
        ("rung.testing.objectives:zzzzzz", "no function 'zzzzzz'.*Check"),
    ],
)
def test_what_cannot_be_trained_says_why(target, words):
    with pytest.raises(ObjectiveError, match=words):
        as_objective(target)


@pytest.mark.parametrize(
    ("target", "config", "until", "given"),
    [
        (some, {"rate": 1}, None, {"rate": 1}),
        (some, {"rate": 1, "depth": 3}, None, {"rate": 1, "depth": 3}),
        (everything, {"rate": 1, "x": None}, 4, {"rate": 1, "x": None}),
        (nothing, {"rate": 1}, 4, {}),
        (only_limit, {"rate": 1}, None, {}),
        (only_limit, {"rate": 1}, 4, {"max_epochs": 4}),
        (limited, {"rate": 1}, 4, {"rate": 1, "max_epochs": 4}),
        (limited, {"rate": 1, "max_epochs": 9}, None, {"rate": 1, "max_epochs": 9}),
        (limited, {"rate": 1, "max_epochs": 9}, 4, {"rate": 1, "max_epochs": 4}),
        (limited, {"rate": 1, "max_epochs": 3}, 4, {"rate": 1, "max_epochs": 3}),
        (with_trial, {"rate": 1, "x": 2}, 4, {"rate": 1}),
    ],
)
def test_the_parameters_decide_what_is_given(target, config, until, given):
    before = dict(config)
    assert as_objective(target).arguments(config, until) == given
    assert config == before


@pytest.mark.parametrize(
    ("target", "config", "until", "words"),
    [
        (some, {"depth": 1}, None, "some needs rate, but the configuration has depth.*Add rate to the space"),
        (with_trial, {}, None, "with_trial needs rate, but the configuration has nothing"),
        (some, {"rate": 1, "width": 2, "area": 3}, None, "some takes depth, rate, but .* also has area, width"),
        (limited, {"rate": 1}, None, "limited needs max_epochs"),
    ],
)
def test_names_that_do_not_fit_are_told(target, config, until, words):
    with pytest.raises(ObjectiveError, match=words):
        as_objective(target).arguments(config, until)


def test_references_name_what_can_be_imported():
    assert as_objective(curve_function).reference == "rung.testing.objectives:curve_function"
    assert as_objective(Yielding.method).reference == f"{__name__}:Yielding.method"
    for unnamed in (lambda rate: rate, functools.partial(some), INSTANCE, Yielding().method):
        assert as_objective(unnamed).reference is None


def test_a_replaced_function_is_not_taken_for_the_original():
    def some(rate):
        return rate

    some.__qualname__, some.__module__ = "some", __name__
    assert as_objective(some).reference is None


def test_a_file_is_imported_once_and_finds_its_neighbours(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "neighbour_of_train.py").write_text("FACTOR = 3\n")
    (tmp_path / "train.py").write_text(
        "from neighbour_of_train import FACTOR\nimports = [1]\ndef f(rate):\n    return FACTOR * rate\n"
    )
    monkeypatch.chdir(tmp_path)
    recognised = as_objective("train.py:f")
    assert recognised.reference == f"{tmp_path / 'train.py'}:f"
    assert recognised.target(rate=2) == 6
    assert load(recognised.reference) is recognised.target
    assert as_objective(recognised.target).reference == recognised.reference
    assert "train" not in sys.modules


def test_a_file_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    broken = tmp_path / "broken.py"
    broken.write_text("raise RuntimeError('not today')\n")
    before = set(sys.modules)
    with pytest.raises(ObjectiveError, match="RuntimeError: not today"):
        load(f"{broken}:f")
    assert set(sys.modules) == before
    broken.write_text("def f(rate): return rate\n")
    assert load(f"{broken}:f")(1) == 1


@pytest.mark.parametrize(
    "target", [curve_function, ["python", "train.py", "--ö"], "rung.testing.objectives:curve_generator"]
)
def test_packing_and_unpacking_gives_the_same(target):
    assert unpack(pack(as_objective(target))) == as_objective(target)


def test_a_closure_travels_by_value():
    factor = 3

    def closure(rate, max_epochs=2):
        return factor * rate

    travelled = unpack(pack(as_objective(closure)))
    assert travelled.target(rate=2) == 6
    assert travelled.limit == "max_epochs"
    assert travelled.reference is None


def test_what_cannot_travel_says_so():
    lock = threading.Lock()

    def closure(rate):
        return lock.locked() + rate

    with pytest.raises(ObjectiveError, match=r"closure can't be sent to another process.*inline"):
        pack(as_objective(closure))


def test_a_broken_payload_says_so():
    payload = pack(as_objective(lambda rate: rate))
    with pytest.raises(ObjectiveError, match="can't be loaded here"):
        unpack(payload[: payload.index(b"\n") + 20])


SCRIPT = """
import sys
from pathlib import Path
from rung.runtime.objective import as_objective, pack

def f(rate, max_epochs=2):
    return (__name__, 2 * rate)

class Deep:
    @staticmethod
    def g(rate):
        return helper(rate)

def helper(rate):
    return 5 * rate

print("running as", __name__)
if __name__ == "__main__":
    Path("f").write_bytes(pack(as_objective(f)))
    Path("g").write_bytes(pack(as_objective(Deep.g)))
    Path("h").write_bytes(pack(as_objective(lambda rate: helper(rate) + 1)))
"""


def run(folder, *words):
    return subprocess.run([sys.executable, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_functions_of_a_script_reach_another_process(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    run(tmp_path, "script.py")
    read = "open(sys.argv[1], 'rb').read()"
    code = f"import sys; from rung.runtime.objective import unpack; print(unpack({read}).target(rate=1))"
    other = tmp_path / "elsewhere"
    other.mkdir()
    ran, answer = run(other, "-c", code, "../f").splitlines()
    assert ran.startswith("running as rung_file_script")
    assert answer.endswith(", 2)")
    assert run(other, "-c", code, "../g").splitlines()[-1] == "5"
    assert run(other, "-c", code, "../h").splitlines() == ["6"]


def test_a_module_run_with_m_is_named_by_its_name(tmp_path):
    package = tmp_path / "pack_age"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "mod.py").write_text(
        "from rung.runtime.objective import as_objective\ndef f(rate): return 1\nprint(as_objective(f).reference)\n"
    )
    assert run(tmp_path, "-m", "pack_age.mod") == "pack_age.mod:f\n"


def test_a_function_typed_in_is_not_named(tmp_path):
    code = "from rung.runtime.objective import as_objective\ndef f(rate): return 1\nprint(as_objective(f).reference)"
    assert run(tmp_path, "-c", code) == "None\n"


def test_the_running_script_is_not_imported_again(tmp_path):
    (tmp_path / "own.py").write_text(
        "from rung.runtime.objective import load\ndef f(rate): return 1\nassert load('own.py:f') is f\nprint('once')\n"
    )
    assert run(tmp_path, "own.py") == "once\n"


def test_functions_from_standard_input_travel_by_value(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom rung.runtime.objective import as_objective, pack\n"
        "def f(rate):\n    return rate + 1\n"
        "objective = as_objective(f)\nassert objective.reference is None\nPath('packed').write_bytes(pack(objective))\n"
    )
    subprocess.run([sys.executable, "-"], input=code, cwd=tmp_path, text=True, check=True, timeout=60)
    assert unpack((tmp_path / "packed").read_bytes()).target(rate=1) == 2


def test_names_are_checked_before_anything_runs():
    def plain(rate, size=3, max_epochs=5):
        return rate

    def with_trial(trial, rate):
        return rate

    as_objective(plain).check(["rate", "size"])
    as_objective(plain).check([])
    as_objective(with_trial).check(["rate", "anything"])
    as_objective(lambda **names: 0.0).check(["anything"])
    as_objective(["python", "train.py"]).check(["anything"])
    with pytest.raises(ObjectiveError, match="takes max_epochs, rate, size, but the configuration also has momentum"):
        as_objective(plain).check(["rate", "momentum"])
    with pytest.raises(ObjectiveError, match="needs rate, but the configuration has size"):
        as_objective(plain).check(["size"])


def test_functions_without_a_name_are_called_something_readable():
    assert as_objective(lambda rate: rate).name == "lambda"


def test_a_module_that_ends_the_program_when_imported(tmp_path):
    (tmp_path / "parses.py").write_text("import sys\nsys.exit(2)\n")
    with pytest.raises(ObjectiveError, match=r"it ends the program \(exit code 2\)\. Put what parses arguments"):
        load(f"{tmp_path}/parses.py:train")

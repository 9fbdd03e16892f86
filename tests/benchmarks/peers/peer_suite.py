"""What every peer has to do right, whatever package is behind it."""

from __future__ import annotations

import importlib
import json
import os
import random
import subprocess
import sys
from abc import ABC
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest
import threadpoolctl
from scipy import stats

from rung.benchmarks.method import Task
from rung.benchmarks.peers import _flat
from rung.benchmarks.peers.foreign import Foreign
from rung.errors import SettingError
from rung.space import Choice, Constant, Distribution, Float, Int, Normal, Ordinal, Space, at_least, forbid, linear
from rung.testing.play import Course, Played, play
from rung.types import Action, TrialState

if TYPE_CHECKING:
    from types import ModuleType

    from rung.types import Config

SEED = 3
N_STEPS = 9

MIXED = Space(
    {
        "rate": Float(1e-5, 1.0, log=True),
        "share": Float(0.1, 0.9, step=0.2),
        "layers": Int(-2, 5),
        "units": Int(8, 512, log=True),
        "batch": Int(10, 100, step=30),
        "width": Int(32, 512, log=True, step=32),
        "size": Ordinal([16, 32, 0.5]),
        "kind": Choice(["a", None, [1, 2], True, 1]),
        "shift": Normal(1.0, 10.0),
        "spread": Distribution("gamma", args=(2.0,)),
        "only": Int(3, 3),
        "fixed": Constant([None]),
    }
)

CONDITIONAL = Space(
    {
        "nesterov": Choice([False, True]),
        "optimizer": Choice(["sgd", "adam", "lion"]),
        "momentum": Float(0, 1),
        "beta": Float(0.8, 0.999),
        "rounds": Int(1, 4),
        "decay": Float(1e-6, 1e-2, log=True),
        "both": Ordinal([1, 2, 3]),
        "constant": Constant("only with adam"),
    },
    conditions={
        "momentum": ("optimizer", "sgd"),
        "nesterov": ("momentum", at_least(0.5)),
        "beta": ("optimizer", ["adam", "lion"]),
        "decay": ("rounds", at_least(3)),
        "both": [("optimizer", ["sgd", "lion"]), ("rounds", [1, 4])],
        "constant": ("optimizer", "adam"),
    },
)

CONSTRAINED = Space(
    {"a": Int(0, 9), "b": Int(0, 9), "kind": Choice(["x", "y"])},
    constraints=[linear({"a": 1, "b": 1}, at_most=9), forbid({"kind": "x", "a": at_least(5)})],
)

FEW_POINTS = Space({"kind": Choice(["x", "y", "z"]), "deep": Choice([False, True])})

SPACES = {"mixed": MIXED, "conditional": CONDITIONAL, "constrained": CONSTRAINED, "few points": FEW_POINTS}

IMPOSSIBLE = Space({"a": Int(0, 9), "b": Int(0, 9)}, constraints=[linear({"a": 1, "b": 1}, at_least=19)])


class PeerSuite(ABC):
    """Subclass it in a test file, as ``class TestMine(PeerSuite)``, and pytest finds the tests, for every algorithm.

    peer: the module. imports: the name of the package that it must not import before an algorithm is made.
    n_trials: enough for a model to be at work. fewer: algorithm -> trials, for those that are slow.
    blind: algorithms that take no notice of losses.
    """

    peer: ClassVar[ModuleType]
    imports: ClassVar[str]
    n_trials: ClassVar[int] = 24
    fewer: ClassVar[Mapping[str, int]] = {}
    blind: ClassVar[frozenset[str]] = frozenset({"random"})

    @pytest.fixture(autouse=True)
    def one_thread(self) -> Iterator[None]:
        """On cores that others use as well, torch and xgboost take ten times as long with several."""
        with threadpoolctl.threadpool_limits(1):
            yield

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "algorithm" in metafunc.fixturenames:
            metafunc.parametrize("algorithm", sorted(self.peer.ALGORITHMS))

    def test_configs_are_as_the_space_gives_them(self, algorithm: str) -> None:
        for name, space in SPACES.items():
            played = self.play(algorithm, space, Course(steps=range(1, N_STEPS + 1), failures={1: 1, 4: 3}))
            configs = played.configs()
            assert len(configs) == self.n(algorithm) or played.why.startswith(algorithm), f"{name}: it ends too early"
            for config in configs:
                assert text(config) == text(space.validate(config)), f"{name}: {config}"

    def test_every_part_of_a_conditional_space_is_visited(self, algorithm: str) -> None:
        configs = self.play(algorithm, CONDITIONAL, n_trials=10 if algorithm in self.fewer else 40).configs()
        assert {config["optimizer"] for config in configs} == {"sgd", "adam", "lion"}
        assert {"momentum", "beta", "decay"} <= {name for config in configs for name in config}

    def test_the_points_come_first(self, algorithm: str) -> None:
        for name, space in SPACES.items():
            points = sampled(space, 5)
            configs = self.play(algorithm, space, points=points, n_trials=6).configs()
            assert text(configs[:5]) == text(points), f"{name}: the points don't come first"
            assert len(configs) > 5, f"{name}: nothing comes after them"

    def test_it_learns_from_the_points(self, algorithm: str) -> None:
        space = Space({name: MIXED[name] for name in ("rate", "share")})
        points = sampled(space, 24)
        ups, downs = Course(loss=rate_loss), Course(loss=lambda config, step: -rate_loss(config, step))
        n = 26 if algorithm in self.fewer else 30
        up, down = (self.play(algorithm, space, way, points=points, n_trials=n).configs() for way in (ups, downs))
        assert text(up[:24]) == text(down[:24])
        assert (text(up) == text(down)) == (algorithm in self.blind)

    def test_the_seed_decides(self, algorithm: str) -> None:
        first = self.play(algorithm, MIXED, several_steps())
        np.random.random(3)  # noqa: NPY002  a peer that draws from global generators would give others now
        random.random()
        before = global_states()
        second = self.play(algorithm, MIXED, several_steps())
        assert global_states() == before, "it has changed a global generator"
        assert text(first.configs()) == text(second.configs())
        assert first.decisions == second.decisions
        others = self.play(algorithm, MIXED, several_steps(), seed=SEED + 1).configs()
        assert text(others) != text(first.configs()), "the seed makes no difference"

    def test_two_at_once_do_not_disturb_each_other(self, algorithm: str) -> None:
        two = [self.make(algorithm, MIXED), self.make(algorithm, MIXED)]
        told: list[list[Config]] = [[], []]
        for _ in range(5):
            for each, configs in zip(two, told, strict=True):
                configs.extend(play(each, new_trials=1, workers=1).configs())
        alone = self.play(algorithm, MIXED, n_trials=5, workers=1).configs()
        assert text(told[0]) == text(told[1]) == text(alone)

    def test_random_configs_follow_the_scales(self) -> None:
        """In the unit cube they are even, whatever a dimension's scale."""
        if "random" not in self.peer.ALGORITHMS:
            pytest.skip("it has no random search")
        configs = self.play("random", MIXED, n_trials=300).configs()
        for name, column in zip(MIXED.names, MIXED.encode(configs).T, strict=True):
            assert abs(column.mean() - 0.5) < 4.5 / np.sqrt(12 * 300), f"{name} is not even"
            if MIXED[name].size == np.inf:
                assert stats.kstest(column, "uniform").pvalue > 1e-4, f"{name} is not even"

    def test_failed_trials_do_no_harm(self, algorithm: str) -> None:
        n = self.n(algorithm)
        for failures in (
            dict.fromkeys(range(100), 1),
            dict.fromkeys(range(100), 2),
            dict.fromkeys(range(0, 100, 2), 2),
        ):
            played = self.play(algorithm, MIXED, Course(steps=range(1, 4), failures=failures))
            assert len(played.configs()) == n
            assert set(played.states()) == set(range(n))

    def test_many_may_be_pending(self, algorithm: str) -> None:
        played = self.play(algorithm, MIXED, several_steps(), workers=self.n(algorithm) - 3)
        assert len(played.configs()) == self.n(algorithm)

    def test_odd_losses_do_no_harm(self, algorithm: str) -> None:
        odd = {
            "equal": lambda _config, _step: 0.5,
            "extreme": lambda config, _step: (-1) ** len(text(config)) * 1e30,
            "hardly different": lambda config, _step: 1.0 + 1e-15 * len(text(config)),
        }
        for name, loss in odd.items():
            configs = self.play(algorithm, MIXED, Course(steps=range(1, 4), loss=loss)).configs()
            assert len(configs) == self.n(algorithm), name

    def test_bad_curves_are_stopped_by_those_who_stop(self, algorithm: str) -> None:
        course = Course(steps=range(1, N_STEPS + 1), loss=lambda config, step: rate_loss(config, step) + 1 / step)
        points = sampled(MIXED, 30)  # so that later ones are not better, whatever it has learned
        played = self.play(algorithm, MIXED, course, points=points, n_trials=30)
        stopped = {decision.trial for _, decision in played.decisions if decision.action is Action.STOP}
        assert all(decision.action is Action.STOP for _, decision in played.decisions)
        if self.peer.ALGORITHMS[algorithm](task(MIXED)).report is None:
            assert not stopped
            return
        losses = [rate_loss(config, 1) for config in points]
        finished = [losses[trial] for trial, state in played.states().items() if state is TrialState.COMPLETED]
        assert stopped, "nothing is stopped"
        assert finished, "nothing is trained to the end"
        assert np.median(finished) < np.median([losses[trial] for trial in stopped]), "the good ones are stopped"
        last = [index for index, decision in played.decisions if played.log[index].step == N_STEPS]  # type: ignore[union-attr]
        assert not last, "it stops what ends by itself"

    def test_constraints_that_nothing_keeps_are_an_error(self, algorithm: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_flat, "MOST_ASKS", 20)
        with pytest.raises(SettingError, match="none of them keeps to the constraints: a \\+ b >= 19"):
            self.play(algorithm, IMPOSSIBLE, n_trials=3)

    def test_another_process_gives_the_same_in_silence(self, tmp_path: Path) -> None:
        """Under another order of sets, in an empty folder, with nothing on its standard error."""
        counts = {algorithm: min(self.n(algorithm), 14) for algorithm in self.peer.ALGORITHMS}
        done = subprocess.run(
            [sys.executable, __file__, self.peer.__name__, self.imports, json.dumps(counts)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert not done.stderr
        assert json.loads(done.stdout) == configs_of(self.peer, counts)
        assert not list(tmp_path.iterdir()), "it has left files behind"

    def n(self, algorithm: str) -> int:
        return self.fewer.get(algorithm, self.n_trials)

    def make(self, algorithm: str, space: Space, points: tuple[Config, ...] = (), seed: int = SEED) -> Foreign:
        return Foreign(algorithm, self.peer.ALGORITHMS[algorithm](task(space, points, seed)), space)

    def play(
        self,
        algorithm: str,
        space: Space,
        course: Course | None = None,
        *,
        points: tuple[Config, ...] = (),
        n_trials: int | None = None,
        workers: int = 3,
        seed: int = SEED,
    ) -> Played:
        foreign = self.make(algorithm, space, points, seed)
        return play(foreign, course, new_trials=n_trials or self.n(algorithm), workers=workers)


def task(space: Space, points: tuple[Config, ...] = (), seed: int = SEED) -> Task:
    return Task(space, points, n_steps=N_STEPS, seed=seed, workers=3)


def sampled(space: Space, count: int) -> tuple[Config, ...]:
    rng = np.random.default_rng(SEED)
    return tuple(space.sample(rng) for _ in range(count))


def best_losses(peer: ModuleType, algorithm: str, *, n_trials: int, seeds: int) -> list[float]:
    """The lowest loss in the bowl, for each of so many seeds."""
    best = []
    for seed in range(seeds):
        foreign = Foreign(algorithm, peer.ALGORITHMS[algorithm](task(BOWL_SPACE, seed=seed)), BOWL_SPACE)
        played = play(foreign, Course(loss=bowl), new_trials=n_trials, workers=1)
        best.append(min(bowl(config, 1) for config in played.configs()))
    return best


def losses_after_points(
    peer: ModuleType, algorithm: str, *, n_points: int, n_more: int
) -> tuple[list[float], list[float]]:
    """The losses in the bowl of random points, and of what is suggested after these."""
    points = sampled(BOWL_SPACE, n_points)
    foreign = Foreign(algorithm, peer.ALGORITHMS[algorithm](task(BOWL_SPACE, points)), BOWL_SPACE)
    played = play(foreign, Course(loss=bowl), new_trials=n_points + n_more, workers=1)
    losses = [bowl(config, 1) for config in played.configs()]
    return losses[:n_points], losses[n_points:]


def rate_loss(config: Config, step: int) -> float:
    """Best at a rate of 1e-4; from 0 to 4."""
    del step
    return abs(float(np.log10(config["rate"])) + 4.0)


BOWL_SPACE = Space({"x": Float(-5, 5), "y": Float(1e-3, 1e3, log=True)})


def bowl(config: Config, step: int) -> float:
    """Smooth, with its minimum 0 at (1, 10)."""
    del step
    return (config["x"] - 1.0) ** 2 / 4.0 + (float(np.log10(config["y"])) - 1.0) ** 2


def several_steps() -> Course:
    return Course(steps=range(1, 4), failures={2: 2})


def text(value: object) -> str:
    """A text that two values share only if they are the same, by type and order, too."""
    return json.dumps(value)


def global_states() -> tuple[object, str]:
    return random.getstate(), str(np.random.get_state())  # noqa: NPY002


def configs_of(peer: ModuleType, counts: Mapping[str, int]) -> dict[str, str]:
    """What each algorithm suggests, in so many trials."""
    found = {}
    for algorithm, count in counts.items():
        foreign = Foreign(algorithm, peer.ALGORITHMS[algorithm](task(MIXED)), MIXED)
        found[algorithm] = text(play(foreign, several_steps(), new_trials=count, workers=3).configs())
    return found


def main() -> None:
    module, imports, counts = sys.argv[1:]
    peer = importlib.import_module(module)
    assert imports not in sys.modules, f"importing {module} imports {imports}"
    print(json.dumps(configs_of(peer, json.loads(counts))))


if __name__ == "__main__":
    main()

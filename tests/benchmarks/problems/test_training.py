import importlib.util
from itertools import islice

import pytest
import torch

from rung.benchmarks.problems import _networks
from rung.benchmarks.problems.training import lenet, mlp
from rung.errors import MissingExtraError, SettingError
from rung.integrations.d2l.idx import DataError
from rung.testing.problem_suite import ProblemSuite

SOLVER = {"learning_rate": 0.05, "momentum": 0.8, "weight_decay": 1e-5, "batch_size": 64}
MLP = {**SOLVER, "layers": 1, "units": 32}


@pytest.fixture
def small_fashion(write_images, tmp_path):
    """Fashion-MNIST's layout with few images of noise."""
    write_images()
    (tmp_path / "images").rename(tmp_path / "fashion-mnist")
    return tmp_path


class TestMlp(ProblemSuite):
    n_configs = 2
    has_real_costs = True

    @pytest.fixture(autouse=True)
    def take(self, small_fashion):
        self.data = small_fashion

    def make(self):
        return mlp("fashion-mnist", data_dir=self.data)


class TestLenet(TestMlp):
    n_configs = 1

    def make(self):
        return lenet("fashion-mnist", data_dir=self.data)


def values(steps):
    return [step.value for step in steps]


def test_digits_are_learnt():
    problem = mlp()
    assert (problem.name, problem.n_steps, problem.goal.metric) == ("mlp:digits", 27, "error")
    begun = problem.train(MLP, 0)
    first, *_, sixth = values(islice(begun, 6))
    assert sixth < 0.1
    assert sixth < first < 0.5


def test_a_convolutional_network_learns_digits():
    problem = lenet()
    assert problem.name == "lenet:digits"
    assert list(problem.space) == list(SOLVER)
    assert min(values(islice(problem.train({**SOLVER, "batch_size": 32}, 0), 4))) < 0.3


def test_digits_go_on_the_same_on_a_problem_made_anew():
    begun = mlp().train(MLP, 3)
    whole = values(islice(begun, 3))
    assert values(islice(mlp().train(MLP, 3, after=2), 1)) == whole[2:]


def test_the_seed_decides_and_no_global_state_is_used():
    before = torch.random.get_rng_state()
    one, again, other = (values(islice(mlp().train(MLP, seed), 2)) for seed in (0, 0, 1))
    assert one == again != other
    assert torch.equal(torch.random.get_rng_state(), before)


def test_divergence_is_a_bad_error_and_not_nan(small_fashion):
    wild = {**MLP, "learning_rate": 1.0, "momentum": 0.99, "layers": 3, "batch_size": 16}
    steps = list(mlp("fashion-mnist", data_dir=small_fashion).train(wild, 0))
    assert all(0.0 <= step.value <= 1.0 for step in steps)


def test_the_networks_have_the_layers_that_are_asked_for():
    widths = [
        layer.out_features for layer in _networks.mlp({"layers": 3, "units": 20}) if hasattr(layer, "out_features")
    ]
    assert widths == [20, 20, 20, 10]
    images = torch.zeros(2, 1, 28, 28)
    network = _networks.lenet({})
    _networks._draw_weights(network, torch.Generator().manual_seed(0))
    assert network(images).shape == (2, 10)
    assert sum(parameter.numel() for parameter in network.parameters()) == 61706  # as LeNet-5 with 28 x 28 pixels


@pytest.mark.parametrize("make", [mlp, lenet])
def test_other_images_are_refused(make):
    with pytest.raises(
        SettingError, match=f"{make.__name__} can't be trained on 'cifar'. There are {make.__name__}:digits"
    ):
        make("cifar")


def test_fashion_mnist_needs_its_folder(tmp_path):
    with pytest.raises(SettingError, match=r"mlp:fashion-mnist needs a folder with data. Name the folder that holds"):
        mlp("fashion-mnist")
    with pytest.raises(SettingError, match=r"There is no folder .*fashion-mnist"):
        mlp("fashion-mnist", data_dir=tmp_path)
    (tmp_path / "fashion-mnist").mkdir()
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz"):
        next(mlp("fashion-mnist", data_dir=tmp_path).train(MLP, 0))


@pytest.mark.parametrize("package", ["torch", "sklearn"])
def test_a_missing_package_is_named(monkeypatch, package):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "rung.benchmarks.problems.training.find_spec", lambda name: None if name == package else find(name)
    )
    with pytest.raises(MissingExtraError, match=rf"mlp:digits needs an optional package. .*rung\[{package}\]"):
        mlp()

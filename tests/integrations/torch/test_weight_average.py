from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import SGD, swa_utils

import rung
from rung.backends.inline import Inline
from rung.errors import SettingError
from rung.integrations.torch import ScheduleLR, WeightAverage
from rung.schedules import constant, cosine

EPOCHS = 4
X = torch.rand(32, 4, generator=torch.Generator().manual_seed(0))
Y = X.sum(dim=1, keepdim=True)


def network(seed: int = 0) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))


def states(model: nn.Module) -> list[Any]:
    return [each.tolist() for each in model.state_dict().values()]


def parameters(model: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(model.parameters()).detach().double()


def step(model: nn.Module, optimizer: torch.optim.Optimizer, batch: Any = slice(None)) -> None:
    optimizer.zero_grad()
    nn.functional.mse_loss(model(X[batch]), Y[batch]).backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def steps(average: WeightAverage, model: nn.Module, count: int) -> list[torch.Tensor]:
    """The weights after each step, each of which is averaged."""
    optimizer = SGD(model.parameters(), lr=0.1)
    seen = []
    for _ in range(count):
        step(model, optimizer)
        average.update()
        seen.append(parameters(model))
    return seen


def averaged(average: WeightAverage, model: nn.Module) -> torch.Tensor:
    with average.weights():
        return parameters(model)


@pytest.mark.parametrize("start", [0, 2])
def test_equal_weights_are_the_mean(start: int) -> None:
    model = network()
    average = WeightAverage(model, start=start)
    seen = steps(average, model, 5)
    assert average.n_averaged == 5 - start
    assert torch.allclose(averaged(average, model), torch.stack(seen[start:]).mean(dim=0), atol=1e-6)


@pytest.mark.parametrize("start", [0, 2])
def test_a_decay_forgets(start: int) -> None:
    model = network()
    average = WeightAverage(model, decay=0.7, start=start)
    seen = steps(average, model, 5)
    expected = seen[start]
    for each in seen[start + 1 :]:
        expected = 0.7 * expected + 0.3 * each
    assert torch.allclose(averaged(average, model), expected, atol=1e-6)


def test_the_models_own_weights_come_back() -> None:
    model = network()
    average = WeightAverage(model)
    steps(average, model, 3)
    own = states(model)
    with contextlib.suppress(KeyError), average.weights():
        assert states(model) != own
        raise KeyError
    assert states(model) == own


def test_before_the_first_one_there_is_no_average() -> None:
    model = network()
    average = WeightAverage(model, start=3)
    steps(average, model, 2)
    average.fit_batch_norm([X])
    own = states(model)
    assert average.n_averaged == 0
    with average.weights():
        assert states(model) == own


def test_batch_normalisation_fits_the_averaged_weights() -> None:
    model = network()
    norm: Any = model[1]
    average = WeightAverage(model)
    steps(average, model, 5)
    average.fit_batch_norm([(X, Y)], device="cpu")
    with average.weights():
        hidden = model[0](X).detach()
        assert torch.allclose(norm.running_mean, hidden.mean(dim=0), atol=1e-6)
        assert torch.allclose(norm.running_var, hidden.var(dim=0), atol=1e-6)
    assert not torch.allclose(norm.running_mean, hidden.mean(dim=0), atol=1e-3)
    before = states(model)
    average.fit_batch_norm([X])
    assert states(model) == before


@pytest.mark.parametrize("decay", [None, 0.9])
def test_a_state_goes_on_bit_for_bit(decay: float | None) -> None:
    model = network()
    average = WeightAverage(model, decay=decay, start=3)
    steps(average, model, 2)
    again = network(1)
    other = WeightAverage(again, decay=decay, start=3)
    other.load_state_dict(copy.deepcopy(average.state_dict()))
    again.load_state_dict(model.state_dict())
    for each, one in ((average, model), (other, again)):
        steps(each, one, 4)
    assert other.n_averaged == average.n_averaged == 3
    with average.weights(), other.weights():
        assert states(again) == states(model)


PAUSING = "asha(max_t=4, grace_period=2, reduction_factor=2, variant=promotion)"


@pytest.mark.parametrize("decay", [None, 0.8])
def test_a_paused_training_is_the_one_that_was_never_paused(decay: float | None) -> None:
    """SWA: the rate is annealed to a constant, from where on the weights of all epochs count the same."""

    def search(scheduler: str) -> tuple[dict[str, list[Any]], rung.Study]:
        ends: dict[str, list[Any]] = {}

        def train(trial: rung.Trial) -> None:
            torch.manual_seed(trial.seed)  # what a backend with processes does
            model = network(trial.seed)
            optimizer = SGD(model.parameters(), lr=0.1)
            schedule = ScheduleLR(optimizer, cosine(2, end=0.5).then(constant(0.5)))
            average = WeightAverage(model, decay=decay, start=1)
            for epoch in trial.epochs(EPOCHS, model=model, optimizer=optimizer, schedule=schedule, average=average):
                model.train()
                for batch in torch.split(torch.randperm(len(X)), 8):
                    step(model, optimizer, batch)
                schedule.step()
                average.update()
                average.fit_batch_norm(torch.split(X, 8))
                model.eval()
                with average.weights(), torch.no_grad():
                    trial.report(error=trial.config["scale"] * nn.functional.mse_loss(model(X), Y).item())
                    ends[f"{trial.config['scale']} {epoch}"] = [*states(model), average.n_averaged]

        given: dict[str, Any] = {
            "metric": "error",
            "store": "memory",
            "seed": 0,
            "progress": "off",
            "backend": Inline(),
        }
        return ends, rung.tune(train, {"scale": [1.0, 1e9]}, searcher="grid", scheduler=scheduler, **given)

    (whole, _), (paused, study) = search("basic"), search(PAUSING)
    assert [trial.last_step for trial in study.trials] == [4, 2]
    assert study.curve(0)[-1][0] == EPOCHS
    assert [paused[f"1.0 {epoch}"] for epoch in (1, 2, 3, 4)] == [whole[f"1.0 {epoch}"] for epoch in (1, 2, 3, 4)]


def test_what_torch_calls_swalr_is_a_schedule() -> None:
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    torchs = swa_utils.SWALR(optimizer, swa_lr=0.02, anneal_epochs=5)
    ours = 0.1 * cosine(5, end=0.2)
    for t in range(12):
        assert optimizer.param_groups[0]["lr"] == pytest.approx(ours(t), abs=1e-16)
        optimizer.step()
        torchs.step()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"decay": 1}, "decay must be a number, above 0 and below 1, not 1"),
        ({"decay": 0.0}, r"decay must be .* not 0\.0"),
        ({"start": -1}, "start must be a whole number, at least 0, not -1"),
        ({"start": 0.5}, r"start must be .* not 0\.5"),
        ({"start": True}, "start must be .* not True"),
    ],
    ids=str,
)
def test_what_is_no_average(options: Any, why: str) -> None:
    with pytest.raises(SettingError, match=why):
        WeightAverage(network(), **options)


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")
def test_a_model_without_sizes() -> None:
    with pytest.raises(SettingError, match=r"the weights of this LazyLinear have no sizes yet\. Call it on a batch"):
        WeightAverage(nn.LazyLinear(3))

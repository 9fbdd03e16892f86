import functools
from dataclasses import dataclass, field
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from lenet import train as training  # noqa: E402 - needs torch
from lenet.model import new_lenet  # noqa: E402 - needs torch

from rung.integrations.d2l.data import Part, load  # noqa: E402 - needs torch
from rung.runtime.objective import Kind, as_objective  # noqa: E402 - sorted with the above

EASY = {"learning_rate": 0.1, "batch_size": 8}


@dataclass
class RecordingTrial:
    """Runs a training function to a given step, from a state that an earlier one has left."""

    config: dict[str, Any]
    first: int = 1
    last: int = 10
    state: dict[str, Any] | None = None
    changes: dict[int, dict[str, Any]] = field(default_factory=dict)
    reports: list[dict[str, float]] = field(default_factory=list)

    def epochs(self, count, *, model, optimizer):
        if self.state is not None:
            model.load_state_dict(self.state["model"])
            optimizer.load_state_dict(self.state["optimizer"])
        for epoch in range(self.first, min(count, self.last) + 1):
            yield epoch
            self.config = {**self.config, **self.changes.get(epoch, {})}
        self.rates = [group["lr"] for group in optimizer.param_groups]
        self.state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}

    def report(self, **metrics):
        self.reports.append(metrics)


def errors(reports):
    return [report["error"] for report in reports]


def test_a_trial_learns_and_reports_every_epoch(write_images):
    trial = RecordingTrial(EASY)
    training.train(trial, folder=str(write_images(training=200)))
    assert len(trial.reports) == training.MAX_EPOCHS
    assert trial.reports[0].keys() == {"error", "training_loss"}
    assert trial.reports[-1]["error"] < 0.1 < trial.reports[0]["error"]
    assert trial.reports[-1]["training_loss"] < trial.reports[0]["training_loss"]


def test_a_trial_that_goes_on_ends_where_one_without_a_pause_does(write_images):
    folder = str(write_images())
    through = RecordingTrial(EASY, last=4)
    training.train(through, folder=folder)
    begun = RecordingTrial(EASY, last=2)
    training.train(begun, folder=folder)
    continued = RecordingTrial(EASY, first=3, last=4, state=begun.state)
    training.train(continued, folder=folder)
    assert begun.reports + continued.reports == through.reports
    for name, weight in through.state["model"].items():
        assert torch.equal(continued.state["model"][name], weight)


def test_changed_hyperparameters_count_from_the_next_epoch(write_images, monkeypatch):
    seen = []
    fit = training.fit_one_epoch

    def watch(model, optimizer, part, *, batch_size, epoch):
        seen.append((epoch, optimizer.param_groups[0]["lr"], batch_size))
        return fit(model, optimizer, part, batch_size=batch_size, epoch=epoch)

    monkeypatch.setattr(training, "fit_one_epoch", watch)
    trial = RecordingTrial(EASY, last=3, changes={2: {"learning_rate": 0.01, "batch_size": 5}})
    training.train(trial, folder=str(write_images()))
    assert seen == [(1, 0.1, 8), (2, 0.1, 8), (3, 0.01, 5)]


def test_a_copied_checkpoint_does_not_bring_its_learning_rate(write_images):
    folder = str(write_images())
    parent = RecordingTrial(EASY, last=1)
    training.train(parent, folder=folder)
    child = RecordingTrial({"learning_rate": 0.02, "batch_size": 8}, first=2, last=2, state=parent.state)
    training.train(child, folder=folder)
    assert child.rates == [0.02]


def test_the_plain_function_reports_the_same_and_returns_the_last_error(write_images, monkeypatch):
    folder = str(write_images())
    trial = RecordingTrial(EASY, last=3)
    training.train(trial, folder=folder)
    reports = []
    monkeypatch.setattr("rung.report", lambda **metrics: reports.append(metrics), raising=False)
    error = training.lenet(0.1, 8, max_epochs=3, folder=folder)
    assert reports == trial.reports
    assert error == errors(reports)[-1]


def test_one_epoch_against_a_slow_second_writing(write_images):
    part = load(write_images(training=60)).training  # 48 images: batches of 20, 20 and 8
    model, slow = new_lenet(0), new_lenet(0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss = training.fit_one_epoch(model, optimizer, part, batch_size=20, epoch=3)
    order = torch.randperm(48, generator=torch.Generator().manual_seed(training.SEED + 3))
    summed = 0.0
    for begin, end in [(0, 20), (20, 40), (40, 48)]:
        chosen = order[begin:end]
        logits = slow(part.images[chosen])
        picked = logits[range(end - begin), part.labels[chosen]]
        losses = torch.logsumexp(logits, dim=1) - picked
        summed += losses.sum().item()
        gradients = torch.autograd.grad(losses.mean(), list(slow.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(slow.parameters(), gradients, strict=True):
                parameter.sub_(0.1 * gradient)
    assert loss == pytest.approx(summed / 48, rel=1e-5)
    for fast_weight, slow_weight in zip(model.parameters(), slow.parameters(), strict=True):
        torch.testing.assert_close(fast_weight, slow_weight)


def test_each_epoch_has_its_own_order_and_uses_every_image_once():
    class Watch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(10))
            self.seen = []

        def forward(self, images):
            self.seen += images[:, 0, 0, 0].tolist()
            return self.weight.expand(len(images), 10)

    images = torch.arange(23, dtype=torch.float32).reshape(-1, 1, 1, 1)
    part = Part(images, torch.zeros(23, dtype=torch.int64))
    orders = []
    for epoch in (1, 2, 2):
        model = Watch()
        training.fit_one_epoch(model, torch.optim.SGD(model.parameters(), lr=0.1), part, batch_size=4, epoch=epoch)
        assert sorted(model.seen) == list(range(23))
        orders.append(model.seen)
    assert orders[0] != orders[1] == orders[2]


def test_classification_error_counts_wrong_ones(monkeypatch):
    monkeypatch.setattr(training, "EVALUATION_BATCH", 4)
    logits = torch.eye(10)[[0, 1, 2, 3, 4, 5, 6, 7, 8]]
    part = Part(logits, torch.tensor([0, 1, 2, 3, 9, 9, 6, 7, 9]))
    model = torch.nn.Identity()
    assert training.classification_error(model, part) == pytest.approx(3 / 9)
    assert not model.training


def test_test_error_is_that_of_the_test_images(write_images):
    folder = write_images(training=200, test=30)
    trial = RecordingTrial(EASY, last=4)
    training.train(trial, folder=str(folder))
    found = training.test_error(trial.state["model"], folder=str(folder), limit=None)
    model = new_lenet(5)
    model.load_state_dict(trial.state["model"])
    test = load(folder).test
    wrong = [int(model(image[None]).argmax()) != int(label) for image, label in zip(*test, strict=True)]
    assert found == sum(wrong) / 30


def test_a_diverging_rate_still_reports_an_error(write_images):
    trial = RecordingTrial({"learning_rate": 1e6, "batch_size": 8}, last=2)
    training.train(trial, folder=str(write_images()))
    assert all(0.5 <= error <= 1 for error in errors(trial.reports))


def test_images_are_read_once(write_images):
    folder = str(write_images())
    assert training.load_once(folder, None) is training.load_once(folder, None)
    assert len(training.load_once(folder, 20).training.labels) == 16


def test_an_epoch_of_digits_is_long_enough_to_learn_from():
    pytest.importorskip("sklearn")
    digits = training.load_once(None, None)
    assert 9_000 < len(digits.training.labels) <= 10_000
    assert len(digits.validation.labels) == 287
    model = new_lenet(training.SEED)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    training.fit_one_epoch(model, optimizer, digits.training, batch_size=64, epoch=1)
    assert training.classification_error(model, digits.validation) < 0.3


def test_both_forms_are_known_to_rung_and_take_folder_and_limit():
    plain = as_objective(functools.partial(training.lenet, folder="here", limit=100))
    assert plain.kind is Kind.FUNCTION
    assert plain.limit == "max_epochs"
    assert plain.arguments(EASY, 4) == {**EASY, "max_epochs": 4}
    whole = as_objective(training.train)
    assert whole.reference == "lenet.train:train"
    assert whole.kind is Kind.TRIAL
    given = whole.arguments({**EASY, "folder": "here", "limit": 100}, 4)
    assert given == {"folder": "here", "limit": 100, "max_epochs": 4}

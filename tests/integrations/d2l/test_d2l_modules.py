from types import SimpleNamespace

import pytest
import torch
from torch import nn

from rung.integrations.d2l.modules import Classifier, Module

LOGITS = torch.tensor([[2.0, 1.0, 0.0], [0.0, 3.0, 0.0], [5.0, 0.0, 0.0]])
LABELS = torch.tensor([0, 1, 2])


def test_accuracy_and_loss_of_a_classifier():
    model = Classifier()
    assert model.accuracy(LOGITS, LABELS).item() == pytest.approx(2 / 3)
    assert model.accuracy(LOGITS, LABELS, averaged=False).tolist() == [1, 1, 0]
    by_hand = -torch.log(torch.softmax(LOGITS, dim=1)[range(3), LABELS])
    torch.testing.assert_close(model.loss(LOGITS, LABELS, averaged=False), by_hand)
    torch.testing.assert_close(model.loss(LOGITS, LABELS), by_hand.mean())


def test_the_optimizer_has_the_rate():
    class Line(Classifier):
        def __init__(self, lr):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Linear(1, 2)

    optimizer = Line(0.25).configure_optimizers()
    assert isinstance(optimizer, torch.optim.SGD)
    assert optimizer.param_groups[0]["lr"] == 0.25


def test_steps_are_drawn_as_often_as_asked():
    class Passing(Classifier):
        def forward(self, inputs):
            return inputs

    model = Passing(plot_train_per_epoch=2, plot_valid_per_epoch=1)
    model.trainer = SimpleNamespace(train_batch_idx=0, num_train_batches=4, epoch=0, num_val_batches=2, max_epochs=1)
    for batch in range(4):
        model.trainer.train_batch_idx = batch
        loss = model.training_step((LOGITS.requires_grad_(), LABELS))
    for _ in range(2):
        model.validation_step((LOGITS, LABELS))
    lines = {line.get_label(): line.get_xydata().tolist() for line in model.board.axes.get_lines()}
    at = loss.item()
    assert lines.keys() == {"train_loss", "val_loss", "val_acc"}
    assert lines["train_loss"] == [[0.125, pytest.approx(at)], [0.625, pytest.approx(at)]]
    assert lines["val_acc"] == [[1, pytest.approx(2 / 3)]]
    assert loss.requires_grad


def test_a_module_validates_by_its_loss_alone():
    class Difference(Module):
        def loss(self, y_hat, y):
            return (y_hat - y).abs().mean()

    model = Difference()
    model.net = nn.Identity()
    model.trainer = SimpleNamespace(epoch=2, num_val_batches=1)
    model.validation_step((torch.tensor([1.0, 2.0]), torch.tensor([0.0, 0.0])))
    (line,) = model.board.axes.get_lines()
    assert (line.get_label(), line.get_xydata().tolist()) == ("val_loss", [[3, 1.5]])


def test_lazy_layers_and_initial_weights():
    model = Module()
    model.net = nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.LazyLinear(2))
    seen = []
    model.apply_init([torch.zeros(5, 4)], seen.append)
    assert model.net[0].weight.shape == (3, 4)
    assert [type(layer).__name__ for layer in seen] == ["Linear", "ReLU", "Linear", "Sequential"]
    model.apply_init([torch.zeros(1, 4)])


def test_what_is_not_defined_is_named():
    with pytest.raises(NotImplementedError, match=r"Module has no loss\(\)"):
        Module().loss(LOGITS, LABELS)
    with pytest.raises(NotImplementedError, match=r"Module has no configure_optimizers\(\)"):
        Module().configure_optimizers()

import math

import pytest
import torch

from rung.integrations import d2l
from rung.integrations.d2l.trainer import HPOTrainer, Trainer


class Points(d2l.DataModule):
    """Points on a line; the class is the sign. The last batch is smaller than the others."""

    def __init__(self, batch_size=4, count=18):
        super().__init__()
        self.save_hyperparameters()
        x = torch.linspace(-1, 1, count)[:, None]
        self.tensors = (x, (x[:, 0] > 0).long())

    def get_dataloader(self, train):
        return self.get_tensorloader(self.tensors, train, slice(0, None) if train else slice(8, 17))


@pytest.fixture
def model():
    torch.manual_seed(0)
    return d2l.SoftmaxRegression(num_outputs=2, lr=1.0)


def test_training_learns_and_draws(model):
    trainer = HPOTrainer(max_epochs=20)
    trainer.fit(model=model, data=Points())
    assert (trainer.epoch, trainer.train_batch_idx, trainer.val_batch_idx) == (19, 20 * 5, 20 * 3)
    lines = {line.get_label(): line.get_ydata() for line in model.board.axes.get_lines()}
    assert lines["train_loss"][-1] < lines["train_loss"][0]
    assert len(lines["val_acc"]) == 20
    assert model.board.axes.get_xlim() == (0, 20)


def test_the_error_counts_wrong_examples_not_batches(model):
    trainer = HPOTrainer(max_epochs=0)
    trainer.fit(model, Points())
    with torch.no_grad():
        model(torch.zeros(1, 1))
        model.net[1].weight.copy_(torch.tensor([[-1.0], [1.0]]))
        model.net[1].bias.copy_(torch.tensor([0.6, 0.0]))  # class 1 only from x = 0.3 on
    points, labels = (tensor[8:17] for tensor in Points().tensors)
    wrong = sum((float(x) > 0.3) != bool(y) for x, y in zip(points[:, 0], labels, strict=True))
    error = trainer.validation_error()
    assert 0 < wrong < 9
    assert error.shape == ()
    assert float(d2l.numpy(error.cpu())) == pytest.approx(wrong / 9)
    assert not model.training


def test_gradients_are_clipped(model):
    trainer = Trainer(max_epochs=1, gradient_clip_val=1e-6)
    model(torch.zeros(1, 1))
    before = [parameter.detach().clone() for parameter in model.parameters()]
    trainer.fit(model, Points())
    moved = math.sqrt(
        sum(float(((a - b.detach()) ** 2).sum()) for a, b in zip(before, model.parameters(), strict=True))
    )
    assert 0 < moved <= 5 * 1e-6 * 1.01


def test_without_gpus_the_model_stays(model, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert Trainer(max_epochs=1, num_gpus=1).gpus == []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert Trainer(max_epochs=1, num_gpus=1).gpus == [torch.device("cuda", 0)]
    assert Trainer(max_epochs=1).gpus == []


def test_batches_go_where_the_model_is(model):
    trainer = Trainer(max_epochs=1)
    trainer.gpus = [torch.device("meta")]  # stands for a GPU: tensors can be moved there
    model(torch.zeros(1, 1))
    trainer.prepare_model(model)
    assert {parameter.device.type for parameter in model.parameters()} == {"meta"}
    assert [part.device.type for part in trainer.prepare_batch((torch.zeros(2), torch.ones(2)))] == ["meta", "meta"]


def test_data_without_validation(model):
    class Training(Points):
        def val_dataloader(self):
            return None

    trainer = Trainer(max_epochs=1)
    trainer.fit(model, Training())
    assert trainer.num_val_batches == 0
    assert trainer.val_batch_idx == 0

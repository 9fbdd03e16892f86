import re

import pytest
import torch
from torch import nn

from rung import schedules
from rung.errors import SettingError
from rung.integrations import d2l
from rung.integrations.torch import ScheduleLR


class Recording(torch.optim.SGD):
    """Keeps the learning rate of each of its steps."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.rates = []

    def step(self, closure=None):
        self.rates.append(self.param_groups[0]["lr"])
        return super().step(closure)


def points(batch_size=8, count=80):
    x = torch.linspace(-1, 1, count)[:, None]
    y = (x[:, 0] > 0).long()
    return [(x[i : i + batch_size], y[i : i + batch_size]) for i in range(0, count, batch_size)]


def rates_of_epochs(scheduler_for, *, lr=0.3, epochs=5, capsys=None):
    """The rate of each epoch, ten batches each."""
    torch.manual_seed(0)
    net = nn.Linear(1, 2)
    trainer = Recording(net.parameters(), lr=lr)
    batches = points()
    d2l.train(net, batches, batches, epochs, nn.CrossEntropyLoss(), trainer, d2l.cpu(), scheduler_for(trainer))
    assert len(trainer.rates) == 10 * epochs
    assert all(len(set(trainer.rates[10 * e : 10 * e + 10])) == 1 for e in range(epochs))
    return trainer.rates[::10]


def test_without_a_scheduler_the_rate_stays(capsys):
    assert rates_of_epochs(lambda _: None) == [0.3] * 5
    assert re.fullmatch(r"train loss \d\.\d{3}, train acc [01]\.\d{3}, test acc [01]\.\d{3}\n", capsys.readouterr().out)


def test_one_of_torch_is_stepped(capsys):
    expected = [0.3, 0.3, 0.15, 0.15, 0.075]
    assert rates_of_epochs(lambda opt: torch.optim.lr_scheduler.MultiStepLR(opt, [2, 4], 0.5)) == expected
    assert rates_of_epochs(lambda opt: ScheduleLR(opt, schedules.multi_factor([2, 4], 0.5))) == expected


def test_anything_else_is_called_with_the_epoch_that_is_over(capsys):
    assert rates_of_epochs(lambda _: lambda epoch: 1 / (1 + epoch)) == [0.3, 1, 1 / 2, 1 / 3, 1 / 4]
    rate = 0.3 * schedules.linear(4)
    assert rates_of_epochs(lambda _: rate) == [0.3, *(rate(epoch) for epoch in range(4))]
    assert rates_of_epochs(lambda _: d2l.SquareRootScheduler(lr=0.1)) == [
        0.3,
        *(d2l.SquareRootScheduler(lr=0.1)(epoch) for epoch in range(4)),
    ]


def test_a_factor_is_refused_before_anything_is_trained():
    net = nn.Linear(1, 2)
    trainer = Recording(net.parameters(), lr=0.3)
    with pytest.raises(
        SettingError, match=r"gives factors, and a learning rate is needed. Multiply it by one: 0\.3 \*"
    ):
        d2l.train(net, points(), points(), 1, nn.CrossEntropyLoss(), trainer, d2l.cpu(), schedules.cosine(5))
    assert trainer.rates == []


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_it_learns_and_draws(capsys, reduction):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(1, 2), nn.Dropout(0.0))
    batches = points(batch_size=1, count=100)
    trainer = torch.optim.SGD(net.parameters(), lr=0.3)
    animator = d2l.train(net, batches, points(), 6, nn.CrossEntropyLoss(reduction=reduction), trainer, d2l.try_gpu())
    lines = {line.get_label(): line for line in animator.board.axes.get_lines()}
    assert list(lines["train loss"].get_xdata()) == [0.5 * n for n in range(1, 13)]
    assert list(lines["test acc"].get_xdata()) == [1, 2, 3, 4, 5, 6]
    losses = lines["train loss"].get_ydata()
    assert lines["test acc"].get_ydata()[-1] > 0.9
    assert losses[-1] < losses[0]
    said = [float(each) for each in re.findall(r"\d\.\d+", capsys.readouterr().out)]
    assert said == pytest.approx(
        [losses[-1], lines["train acc"].get_ydata()[-1], lines["test acc"].get_ydata()[-1]], abs=5e-4
    )
    assert not net.training


def test_the_mean_counts_examples_not_batches(capsys):
    """A batch of one and a batch of three."""
    net = nn.Linear(1, 2)
    with torch.no_grad():
        net.weight.zero_()
        net.bias.copy_(torch.tensor([1.0, 0.0]))
    x, y = torch.zeros(4, 1), torch.tensor([1, 0, 0, 0])
    trainer = torch.optim.SGD(net.parameters(), lr=0.0)
    d2l.train(net, [(x[:1], y[:1]), (x[1:], y[1:])], [(x, y)], 1, nn.CrossEntropyLoss(), trainer, d2l.cpu())
    loss = float(nn.functional.cross_entropy(net(x), y).detach())
    assert capsys.readouterr().out == f"train loss {loss:.3f}, train acc 0.750, test acc 0.750\n"


def test_accumulator():
    sums = d2l.Accumulator(2)
    sums.add(1, torch.tensor(2.5))
    sums.add(2, 3)
    assert (sums[0], sums[1]) == (3.0, 5.5)
    sums.reset()
    assert sums.data == [0.0, 0.0]
    with pytest.raises(ValueError, match="zip"):
        sums.add(1)


def test_accuracy_counts():
    y = torch.tensor([0, 1, 1])
    assert d2l.accuracy(torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), y) == 2
    assert d2l.accuracy(torch.tensor([0.0, 1.0, 1.0]), y) == 3


def test_accuracy_of_a_net():
    net = nn.Sequential(nn.Linear(1, 2), nn.Dropout(0.9))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[-1.0], [1.0]]))
        net[0].bias.zero_()
    net.train()
    assert d2l.evaluate_accuracy_gpu(net, points()) == 1.0
    assert d2l.evaluate_accuracy_gpu(net, points(), torch.device("cpu")) == 1.0

import numpy as np
import torch

from rung.integrations.d2l import devices


def test_processors(monkeypatch):
    assert devices.cpu() == torch.device("cpu")
    assert devices.gpu(2) == torch.device("cuda", 2)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert devices.num_gpus() == 1
    assert devices.try_gpu() == torch.device("cuda", 0)
    assert devices.try_gpu(1) == torch.device("cpu")


def test_values_of_a_tensor_with_gradients():
    values = devices.numpy(torch.tensor([1.0, 2.0], requires_grad=True))
    assert isinstance(values, np.ndarray)
    assert values.tolist() == [1.0, 2.0]
    assert float(devices.numpy(torch.tensor(0.25))) == 0.25

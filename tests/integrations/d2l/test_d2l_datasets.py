import warnings

import pytest
import torch

from rung.integrations.d2l import datasets
from rung.integrations.d2l.datasets import DataModule, FashionMNIST
from rung.integrations.d2l.idx import DataError


@pytest.fixture(autouse=True)
def nothing_at_home(tmp_path, monkeypatch):
    monkeypatch.delenv("RUNG_DATA", raising=False)
    monkeypatch.setattr(datasets, "default_cache", lambda: tmp_path / "cache")
    datasets._images.cache_clear()


def test_images_come_in_batches(write_images):
    data = FashionMNIST(batch_size=10, root=write_images(training=60))
    assert len(data.get_dataloader(True)) == 5
    assert len(data.get_dataloader(False)) == 2
    images, labels = next(iter(data.train_dataloader()))
    assert images.shape == (10, 1, 28, 28)
    assert labels.shape == (10,)
    seen = torch.cat([images for images, _ in data.val_dataloader()])
    assert torch.equal(seen, data.val.images)
    assert [len(labels) for _, labels in data.train_dataloader()] == [10, 10, 10, 10, 8]


def test_training_batches_are_shuffled_and_hold_every_image_once(write_images):
    data = FashionMNIST(batch_size=7, root=write_images())
    orders = [torch.cat([images for images, _ in data.train_dataloader()]) for _ in range(2)]
    assert not torch.equal(orders[0], orders[1])
    sums = [sorted(images.sum(dim=(1, 2, 3)).tolist()) for images in (*orders, data.train.images)]
    assert sums[0] == sums[1] == sums[2]


def test_images_can_be_resized(write_images):
    data = FashionMNIST(resize=(32, 16), root=write_images())
    assert data.train.images.shape[1:] == (1, 32, 16)
    assert data.val.images.shape[1:] == (1, 32, 16)


def test_where_images_come_from(write_images, tmp_path, monkeypatch):
    folder = write_images()
    monkeypatch.setenv("RUNG_DATA", str(folder))
    assert str(folder) in FashionMNIST().name
    assert FashionMNIST().train.images is FashionMNIST().train.images, "read once"
    monkeypatch.delenv("RUNG_DATA")
    folder.rename(tmp_path / "cache")
    assert str(tmp_path / "cache") in FashionMNIST().name


def test_digits_stand_in_and_say_so_once():
    with pytest.warns(UserWarning, match=r"digits of scikit-learn stand in for it\. Set RUNG_DATA") as caught:
        data = FashionMNIST(batch_size=256)
    assert caught[0].filename == __file__
    assert "handwritten digits" in data.name
    assert data.name.endswith("all 1,438 training images, each 41 times in an epoch")
    assert len(data.train.labels) == 41 * 1151, "nearly the 48,000 of Fashion-MNIST"
    assert len(data.val.labels) == 287
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FashionMNIST()


def test_a_folder_without_images(tmp_path):
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: expected a gzipped idx file"):
        FashionMNIST(root=tmp_path)


def test_labels_in_words(write_images):
    assert FashionMNIST(root=write_images()).text_labels(torch.tensor([0, 9])) == ["t-shirt", "ankle boot"]


def test_a_module_without_loader():
    with pytest.raises(NotImplementedError, match=r"DataModule has no get_dataloader\(\)"):
        DataModule().train_dataloader()


def test_the_books_function_gives_all_training_images_and_the_test_images(write_images, monkeypatch):
    monkeypatch.setenv("RUNG_DATA", str(write_images(training=60, test=20)))
    train, test = datasets.load_data_fashion_mnist(batch_size=25)
    assert [len(labels) for _, labels in train] == [25, 25, 10]
    assert [len(labels) for _, labels in test] == [20]
    module = FashionMNIST()
    seen = torch.cat([images for images, _ in train]).sum(dim=(1, 2, 3)).sort().values
    known = torch.cat([module.train.images, module.val.images]).sum(dim=(1, 2, 3)).sort().values
    assert torch.equal(seen, known)
    assert datasets.load_data_fashion_mnist(25, resize=14)[1].dataset.tensors[0].shape == (20, 1, 14, 14)

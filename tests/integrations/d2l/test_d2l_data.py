import gzip

import numpy as np
import pytest

from idx_files import idx_gz, small_files

torch = pytest.importorskip("torch")

from rung.errors import MissingExtraError  # noqa: E402 - sorted with the above
from rung.integrations.d2l.data import load, repeated  # noqa: E402 - needs torch
from rung.integrations.d2l.idx import DataError  # noqa: E402 - needs torch


def rows(images):
    return sorted(image.numpy().tobytes() for image in images)


def test_files_become_three_parts(write_images):
    data = load(write_images(training=60, test=20))
    assert data.training.images.shape == (48, 1, 28, 28)
    assert data.validation.images.shape == (12, 1, 28, 28)
    assert data.test.images.shape == (20, 1, 28, 28)
    for part in (data.training, data.validation, data.test):
        assert part.images.dtype == torch.float32
        assert part.labels.dtype == torch.int64
        assert part.images.min() >= 0
        assert part.images.max() == 1


def test_training_and_validation_are_the_training_images_each_once(write_images):
    data = load(write_images(training=60, test=20))
    arrays = small_files(training=60, test=20)
    expected = arrays["train-images-idx3-ubyte.gz"].astype(np.float32)[:, None] / 255
    found = torch.cat([data.training.images, data.validation.images])
    assert rows(found) == rows(torch.tensor(expected))
    np.testing.assert_array_equal(data.test.images[:, 0] * 255, arrays["t10k-images-idx3-ubyte.gz"])
    np.testing.assert_array_equal(data.test.labels, arrays["t10k-labels-idx1-ubyte.gz"])


def test_labels_stay_with_their_images(write_images):
    data = load(write_images())
    for part in (data.training, data.validation, data.test):
        brightest = part.images[:, 0, 4:24, 4:24].sum(dim=2).reshape(len(part.labels), 10, 2).sum(dim=2).argmax(dim=1)
        assert torch.equal(brightest, part.labels)


def test_the_split_is_the_same_every_time(write_images):
    folder = write_images()
    first, second = load(folder), load(folder)
    assert torch.equal(first.validation.images, second.validation.images)
    assert torch.equal(first.training.labels, second.training.labels)


def test_a_limit_takes_the_first_training_images_and_all_test_images(write_images):
    data = load(write_images(training=60, test=20), limit=20)
    assert [len(part.labels) for part in (data.training, data.validation, data.test)] == [16, 4, 20]
    expected = small_files(training=60, test=20)["train-images-idx3-ubyte.gz"][:20].astype(np.float32)[:, None] / 255
    assert rows(torch.cat([data.training.images, data.validation.images])) == rows(torch.tensor(expected))


def test_a_quick_look_gives_the_same_but_finds_less_damage(write_images):
    folder = write_images(training=60, test=20)
    whole, quick = load(folder, limit=20), load(folder, limit=20, thorough=False)
    assert quick.summary == whole.summary
    for part, same in [
        (quick.training, whole.training),
        (quick.validation, whole.validation),
        (quick.test, whole.test),
    ]:
        assert torch.equal(part.images, same.images)
        assert torch.equal(part.labels, same.labels)
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])
    assert load(folder, limit=20, thorough=False).summary == whole.summary
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: expected a whole gzip file"):
        load(folder, limit=20)


def test_says_which_images_and_how_many(write_images):
    folder = write_images(training=60, test=20)
    assert load(folder, limit=20).name == f"images in {folder}, first 20 of 60 training images"
    assert load(folder).name == f"images in {folder}, all 60 training images"
    assert load(folder, limit=60).name.endswith("all 60 training images")
    assert load(folder, limit=20).summary.endswith(": 16 to train, 4 to validate; 20 to test")


def test_the_real_files(fashion_mnist):
    data = load(fashion_mnist, limit=10_000)
    assert data.summary == (
        "Fashion-MNIST, first 10,000 of 60,000 training images: 8,000 to train, 2,000 to validate; 10,000 to test"
    )
    assert torch.bincount(data.test.labels).tolist() == [1_000] * 10


def test_too_small_a_limit(write_images):
    with pytest.raises(DataError, match=r"limit=9 training images are too few\. Ask for 10 at least"):
        load(write_images(), limit=9)


@pytest.mark.parametrize("name", sorted(small_files()))
def test_a_missing_file_is_named(write_images, name):
    folder = write_images()
    (folder / name).unlink()
    with pytest.raises(DataError, match=rf"{name}: expected a gzipped idx file, but .*No such file"):
        load(folder)


@pytest.mark.parametrize("name", sorted(small_files()))
def test_a_torn_file_is_named(write_images, name):
    folder = write_images()
    path = folder / name
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=rf"{name}: expected a whole gzip file"):
        load(folder)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("train-labels-idx1-ubyte.gz", np.zeros(59), "expected 60 labels, one for each image, found 59"),
        ("t10k-labels-idx1-ubyte.gz", np.full(20, 10), "expected labels 0 to 9, found 10"),
        (
            "t10k-images-idx3-ubyte.gz",
            np.zeros((20, 27, 28)),
            r"expected entries of shape \(28, 28\), found \(27, 28\)",
        ),
    ],
)
def test_a_file_that_does_not_fit_is_named(write_images, name, array, message):
    folder = write_images(training=60, test=20)
    (folder / name).write_bytes(idx_gz(array))
    with pytest.raises(DataError, match=rf"{name}: {message}"):
        load(folder)


def test_too_few_images(write_images):
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte\.gz: expected 10 labels at least, found 9"):
        load(write_images(training=9))


def test_digits_where_there_are_no_files():
    pytest.importorskip("sklearn")
    data = load(None)
    assert data.name == "handwritten digits of scikit-learn (8x8, resized to 28x28), all 1,438 training images"
    assert [len(part.labels) for part in (data.training, data.validation, data.test)] == [1151, 287, 359]
    assert data.training.images.shape[1:] == (1, 28, 28)
    assert data.training.images.min() >= 0
    assert 0.9 < data.training.images.max() <= 1
    everything = rows(torch.cat([data.training.images, data.validation.images, data.test.images]))
    assert len(everything) == 1_797


def test_limited_digits_keep_the_same_test_images():
    pytest.importorskip("sklearn")
    limited = load(None, limit=100)
    assert limited.name.endswith("first 100 of 1,438 training images")
    assert [len(part.labels) for part in (limited.training, limited.validation)] == [80, 20]
    assert torch.equal(limited.test.images, load(None).test.images)


def test_few_images_are_repeated_whole():
    pytest.importorskip("sklearn")
    data = load(None, limit=100)
    often = repeated(data, 399)
    assert often.name == f"{data.name}, each 4 times in an epoch"
    assert len(often.training.images) == len(often.training.labels) == 320
    for start in range(0, 320, 80):
        assert torch.equal(often.training.images[start : start + 80], data.training.images)
        assert torch.equal(often.training.labels[start : start + 80], data.training.labels)
    assert often.validation is data.validation
    once = repeated(data, 79)
    assert (once.name, len(once.training.labels)) == (data.name, 80)


def test_digits_are_resized_as_bilinear_interpolation_says():
    """By hand: pixel i of the large image lies at (i + 0.5) * 8 / 28 - 0.5 in the small one, clamped to its edge."""
    datasets = pytest.importorskip("sklearn.datasets")
    position = np.clip((np.arange(28) + 0.5) * 8 / 28 - 0.5, 0, 7)
    weights = np.maximum(0, 1 - np.abs(position[:, None] - np.arange(8)))  # (28, 8): hat functions
    expected = weights @ (datasets.load_digits().images / 16) @ weights.T
    for image in load(None).training.images[:10, 0].double().numpy():
        assert np.abs(expected - image).max(axis=(1, 2)).min() < 1e-6


def test_digits_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'rung\[sklearn\]'"):
        load(None)


def test_download_fills_the_folder_first(tmp_path, monkeypatch):
    asked = []

    def fetch(folder, *, mirrors):
        asked.append((folder, mirrors))
        for name, array in small_files().items():
            (folder / name).write_bytes(gzip.compress(gzip.decompress(idx_gz(array))))
        return folder

    monkeypatch.setattr("rung.integrations.d2l.data.fetch", fetch)
    data = load(tmp_path, download=True, mirrors=["http://mirror"])
    assert asked == [(tmp_path, ["http://mirror"])]
    assert len(data.test.labels) == 20

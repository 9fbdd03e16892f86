"""The example on schedulers, on few images and for few epochs."""

import importlib.util
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "d2l" / "schedulers.py"


def test_it_compares_all_schedulers(write_images, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("RUNG_DATA", str(write_images(training=200, test=50)))
    spec = importlib.util.spec_from_file_location("d2l_schedulers", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    monkeypatch.setattr(example, "BATCH_SIZE", 50)
    picture = tmp_path / "schedulers.png"
    accuracies = example.main(["--epochs", "2", "--picture", str(picture)])
    printed = capsys.readouterr().out
    assert list(accuracies) == list(example.SCHEDULERS)
    assert all(0 <= each <= 1 for each in accuracies.values())
    assert printed.count("train loss") == len(accuracies)
    assert f"| cosine | {accuracies['cosine']:.3f} |" in printed
    assert picture.stat().st_size > 0

"""The example that compares schedules, on few images and for few epochs."""

import importlib.util
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "schedules" / "compare.py"


def test_it_compares_all_schedules(write_images, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("RUNG_DATA", str(write_images(training=200, test=50)))
    spec = importlib.util.spec_from_file_location("schedules_compare", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    monkeypatch.setattr(example, "BATCH_SIZE", 50)
    picture = tmp_path / "schedules.png"
    options = ["--images", "100", "--epochs", "2", "--seeds", "2", "--picture", str(picture)]
    curves = example.main(options)
    printed = capsys.readouterr().out
    assert list(curves) == list(example.SCHEDULES)
    assert all(len(run) == 2 and 0 <= min(run) <= max(run) <= 1 for runs in curves.values() for run in runs)
    assert printed.startswith(
        f"images in {tmp_path / 'images'}, first 100 of 200 training images; 50 to test; 2 epochs"
    )
    assert printed.count("seed 1, ") == len(curves)
    last = [run[-1] for run in curves["cosine"]]
    assert f"| cosine | {sum(last) / 2:.4f} |" in printed
    assert picture.stat().st_size > 0
    again = example.accuracies(example.SCHEDULES["constant"], *example.images(100)[1:], epochs=1, seed=1)
    assert again == curves["constant"][1][:1]

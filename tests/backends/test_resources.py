from __future__ import annotations

import msgspec
import pytest

from rung.backends import _gpus
from rung.backends.resources import Resources, as_bytes, assignments, most_slots
from rung.errors import SettingError

LISTING = """GPU 0: NVIDIA H200 (UUID: GPU-5f1c0f36-aaaa-bbbb-cccc-111111111111)
GPU 1: NVIDIA H200 (UUID: GPU-5f1c0f36-aaaa-bbbb-cccc-222222222222)
  MIG 1g.18gb     Device  0: (UUID: MIG-0d1e)
  MIG 1g.18gb     Device  1: (UUID: MIG-0d2e)
GPU 2: NVIDIA H200 (UUID: GPU-5f1c0f36-aaaa-bbbb-cccc-333333333333)
"""


@pytest.mark.parametrize(
    ("gpus", "share", "slots", "expected"),
    [
        (["0", "1"], 1, 2, ("0", "1")),
        ([0, 1], 1, 1, ("0",)),
        ("0, 1", 0.5, 3, ("0", "1", "0")),
        (["0"], 0.25, 4, ("0", "0", "0", "0")),
        (["0"], 0.33, 3, ("0", "0", "0")),
        (["0", "1", "2", "3", "4"], 2, 2, ("0,1", "2,3")),
        (["GPU-1", "MIG-2/0/1"], 1.0, 2, ("GPU-1", "MIG-2/0/1")),
        (None, 1, 7, ()),
    ],
)
def test_workers_get_their_gpus(gpus, share, slots, expected):
    assert assignments(Resources(gpus=gpus, gpus_per_trial=share), slots) == expected


@pytest.mark.parametrize(
    ("gpus", "share", "most"),
    [(["0", "1"], 0.5, 4), (["0", "1"], 0.33, 6), (["0", "1", "2"], 2, 1), (["0"], 2, 0), (None, 1, None)],
)
def test_how_many_fit(gpus, share, most):
    assert most_slots(Resources(gpus=gpus, gpus_per_trial=share)) == most


@pytest.mark.parametrize(
    ("gpus", "share", "slots", "says"),
    [
        (["0"], 0.5, 4, r"4 workers need 2 GPUs at 0.5 GPU each; 1 given \(0\)\. At most 2 workers fit\."),
        (["0", "3"], 2, 2, r"2 workers need 4 GPUs at 2 GPUs each; 2 given \(0, 3\)\. At most 1 worker fits\."),
        (["0"], 2, 1, r"1 worker needs 2 GPUs at 2 GPUs each; 1 given \(0\)\. Give more GPUs"),
    ],
)
def test_too_many_workers_are_refused_with_the_numbers(gpus, share, slots, says):
    with pytest.raises(SettingError, match=says):
        assignments(Resources(gpus=gpus, gpus_per_trial=share), slots)


@pytest.mark.parametrize("gpus", [2, [], "", "0,,1", ["0", "0"], [0, "0"], [-1], [True], [1.0], "0;rm", ["a b"]])
def test_what_are_no_gpus_is_refused(gpus):
    with pytest.raises(SettingError, match="are no GPUs"):
        Resources(gpus=gpus)


@pytest.mark.parametrize("share", [0, -1, 1.5, 0.3, 0.7, 2.5, float("nan"), float("inf"), True, "1", None])
def test_a_share_that_does_not_divide_is_refused(share):
    with pytest.raises(SettingError, match=r"gpus_per_trial=.*0\.5, 0\.33, 0\.25"):
        Resources(gpus=["0"], gpus_per_trial=share)


def test_several_mig_devices_for_a_trial_are_refused():
    with pytest.raises(SettingError, match="only one of them"):
        Resources(gpus=["MIG-1", "MIG-2"], gpus_per_trial=2)


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ("8GB", 8 * 10**9),
        ("512MiB", 512 * 2**20),
        ("1.5 gb", 1_500_000_000),
        ("2TiB", 2**41),
        ("5000kB", 5_000_000),
        ("2000000B", 2_000_000),
        ("8G", 8 * 10**9),
        ("8Gi", 8 * 2**30),
        ("1.5 t", 1_500_000_000_000),
        ("500M", 500_000_000),
        ("5000k", 5_000_000),
        ("2000000", 2_000_000),
        (10**6, 10**6),
    ],
)
def test_sizes_of_memory(given, size):
    assert as_bytes(given) == size
    assert Resources(memory=given).memory == size


@pytest.mark.parametrize("given", ["8", "8X", "8GBB", "GB", "-1GB", "2000000i", "8iB", "much", 8, -1, True, 1.5e9, ""])
def test_what_is_no_memory_is_refused(given):
    with pytest.raises(SettingError, match=r"Write 8GB \(or 8G, 10\^9 bytes each\), 512MiB"):
        Resources(memory=given)


@pytest.mark.parametrize(
    "resources", [Resources(), Resources(gpus="all"), Resources(gpus=[0], gpus_per_trial=0.5, memory="8GB")]
)
def test_the_form_in_the_log_makes_an_equal_one(resources):
    assert Resources(**msgspec.json.decode(msgspec.json.encode(resources.to_json()))) == resources


def test_the_form_in_the_log_says_no_more_than_was_set():
    assert Resources().to_json() == {}
    assert Resources(memory="1GB").to_json() == {"memory": 10**9}
    assert Resources(gpus="0").to_json() == {"gpus": ["0"], "gpus_per_trial": 1.0}


def test_all_gpus_are_found_by_nvidia_smi(tmp_path, monkeypatch):
    command = tmp_path / "nvidia-smi"
    command.write_text(f"#!/bin/sh\n[ $1 = -L ] && cat <<'END'\n{LISTING}END\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert Resources(gpus="all").on_this_machine({}).gpus == ("0", "MIG-0d1e", "MIG-0d2e", "2")
    command.write_text("#!/bin/sh\nexit 9\n")
    with pytest.raises(SettingError, match="nvidia-smi lists none"):
        Resources(gpus="all").on_this_machine({})


def test_no_gpus_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingError, match="there is no command nvidia-smi"):
        Resources(gpus="all").on_this_machine({})


def test_what_a_cluster_allows_is_respected():
    allowed = {"CUDA_VISIBLE_DEVICES": "2,GPU-7"}
    assert Resources(gpus="all").on_this_machine(allowed).gpus == ("2", "GPU-7")
    assert Resources(gpus=["2"]).on_this_machine(allowed).gpus == ("2",)
    assert Resources().on_this_machine(allowed) == Resources()
    with pytest.raises(SettingError, match="GPU 0 is not among those of CUDA_VISIBLE_DEVICES=2,GPU-7"):
        Resources(gpus=["2", "0"]).on_this_machine(allowed)
    for nothing in ("", "-1", "NoDevFiles"):
        with pytest.raises(SettingError, match="allows none"):
            Resources(gpus="all").on_this_machine({"CUDA_VISIBLE_DEVICES": nothing})


def test_a_listing_that_nobody_understands_has_no_gpus():
    assert _gpus.gpus_in("NVIDIA-SMI has failed\n") == ()

from __future__ import annotations

import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim.lr_scheduler import ReduceLROnPlateau

from rung.errors import SettingError
from rung.schedules import Plateau, PlateauState

options = st.fixed_dictionaries(
    {
        "factor": st.sampled_from([0.5, 0.1]),
        "patience": st.integers(0, 3),
        "threshold": st.sampled_from([0.0, 0.01, 0.2]),
        "is_relative": st.booleans(),
        "cooldown": st.integers(0, 3),
        "floor": st.sampled_from([0.0, 0.2]),
    }
)


@settings(deadline=None, derandomize=True)
@given(options, st.lists(st.sampled_from([0.5, 0.9, 0.95, 0.99, 1.0, 2.0, math.nan]), max_size=40))
def test_it_does_what_torch_does(options: dict[str, float], losses: list[float]) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    theirs = ReduceLROnPlateau(
        optimizer,
        factor=options["factor"],
        patience=int(options["patience"]),
        threshold=options["threshold"],
        threshold_mode="rel" if options["is_relative"] else "abs",
        cooldown=int(options["cooldown"]),
        min_lr=options["floor"],
        eps=0,
    )
    plateau, state = Plateau(**options), PlateauState()  # type: ignore[arg-type]
    for loss in losses:
        theirs.step(loss)
        state = plateau.after(state, loss)
        assert state.value == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-15)


def test_a_state_goes_on_after_json() -> None:
    plateau = Plateau(factor=0.5, patience=1, cooldown=2)
    state = PlateauState()
    for loss in (1.0, 1.0, 1.0, 1.0):
        state = plateau.after(state, loss)
        assert PlateauState.from_json(json.loads(json.dumps(state.to_json()))) == state
    assert state == PlateauState(0.5, 1.0, 0, 1)


def test_the_former_state_stays_as_it_was() -> None:
    state = PlateauState()
    assert Plateau(patience=0).after(Plateau(patience=0).after(state, 1.0), 1.0).value == 0.1
    assert state == PlateauState()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Plateau(factor=1.0), "make no rate fall"),
        (lambda: Plateau(floor=2.0), "make no rate fall"),
        (lambda: Plateau(patience=-1), "are no limits"),
        (lambda: Plateau(threshold=math.nan), "are no limits"),
        (lambda: PlateauState.from_json({"rate": 1}), "not the state of a plateau"),
    ],
)
def test_what_is_no_plateau(make, why) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SettingError, match=why):
        make()

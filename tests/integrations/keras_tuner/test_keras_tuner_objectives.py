import pytest

from rung.errors import SettingError
from rung.integrations.keras_tuner import Objective
from rung.integrations.keras_tuner.objectives import goal_of
from rung.types import Goal


@pytest.mark.parametrize(
    ("objective", "goal"),
    [
        ("val_accuracy", Goal("val_accuracy", "max")),
        ("val_loss", Goal("val_loss", "min")),
        ("mean_absolute_error", Goal("mean_absolute_error", "min")),
        ("val_auc", Goal("val_auc", "max")),
        (Objective("reward", "max"), Goal("reward", "max")),
    ],
)
def test_directions(objective, goal):
    assert goal_of(objective) == goal


def test_a_direction_that_is_none():
    with pytest.raises(SettingError, match="Use 'min' or 'max'"):
        goal_of(Objective("reward", "up"))

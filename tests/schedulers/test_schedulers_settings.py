from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rung.errors import SettingError
from rung.schedulers._settings import training_lengths, whole_number


@pytest.mark.parametrize("value", [True, 2.0, "2", None, 0, -1, np.float64(2)])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(SettingError, match=r"width must be a whole number, at least 1, not .* width=5"):
        whole_number("width", value, at_least=1, example=5)


def test_anything_with_an_index_will_do() -> None:
    assert type(whole_number("width", np.int64(4), at_least=4, example=5)) is int


def test_lengths_come_back_as_ints() -> None:
    assert training_lengths(np.int64(9), 1, np.int8(3)) == (9, 1, 3)
    with pytest.raises(SettingError, match=r"max_t=3 is below grace_period=4.*Use grace_period <= 3"):
        training_lengths(3, 4, 3)

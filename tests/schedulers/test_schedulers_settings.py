from __future__ import annotations

import numpy as np
import pytest

from rung.errors import SettingError
from rung.schedulers._settings import training_lengths


def test_lengths_come_back_as_ints() -> None:
    assert training_lengths(np.int64(9), 1, np.int8(3)) == (9, 1, 3)
    with pytest.raises(SettingError, match=r"max_t=3 is below grace_period=4.*Use grace_period <= 3"):
        training_lengths(3, 4, 3)

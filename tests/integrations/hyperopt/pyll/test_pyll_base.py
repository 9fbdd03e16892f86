import pytest

from rung.errors import SettingError
from rung.integrations.hyperopt import hp, space_eval
from rung.integrations.hyperopt.pyll.base import scope


def test_what_is_drawn_becomes_another_kind():
    point = space_eval([scope.int(hp.quniform("n", 1, 9, 1)), scope.float(hp.randint("m", 3))], {"n": 3.0, "m": 2})
    assert point == (3, 2.0)
    assert [type(each) for each in point] == [int, float]


def test_functions_of_ones_own_belong_into_the_objective():
    with pytest.raises(SettingError, match="Call it at the top of the objective"):

        @scope.define
        def doubled(x: float) -> float:
            return 2 * x

"""hyperopt's ``pyll``: as much of its language as scripts use, ``scope.int`` and ``stochastic.sample``."""

from rung.integrations.hyperopt.pyll import stochastic
from rung.integrations.hyperopt.pyll.base import scope

__all__ = ["scope", "stochastic"]

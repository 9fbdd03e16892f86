"""The search space: domains, conditions, constraints."""

from rung.space.categories import Choice, Constant, Ordinal
from rung.space.conditions import When
from rung.space.constraints import Constraint, Forbidden, Linear, forbid, linear
from rung.space.convert import as_domain
from rung.space.distribution import Distribution
from rung.space.domain import Domain
from rung.space.integers import Int
from rung.space.reals import Float, Normal
from rung.space.sets import Between, In, at_least, at_most
from rung.space.shorthand import choice, lograndint, loguniform, normal, ordinal, quniform, randint, uniform
from rung.space.space import Space, as_space

__all__ = [
    "Between",
    "Choice",
    "Constant",
    "Constraint",
    "Distribution",
    "Domain",
    "Float",
    "Forbidden",
    "In",
    "Int",
    "Linear",
    "Normal",
    "Ordinal",
    "Space",
    "When",
    "as_domain",
    "as_space",
    "at_least",
    "at_most",
    "choice",
    "forbid",
    "linear",
    "lograndint",
    "loguniform",
    "normal",
    "ordinal",
    "quniform",
    "randint",
    "uniform",
]

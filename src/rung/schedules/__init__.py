"""Learning-rate schedules: pure functions of the number of updates done, which combine and have a JSON form.

    schedule = 0.3 * warmup(500).then(cosine(end=0.01)).resolve(10_000)
    schedule(0), schedule(range(10_000))

A schedule gives factors, at most 1 as a rule, until a number times it makes it a rate. Lengths are updates (500), a
fraction of the training (0.05), epochs (``Epochs(5)``), or left out: what the other parts leave.
"""

from rung.schedules.cycles import cyclic, one_cycle, repeat, restarts
from rung.schedules.decays import exponential, factor, inverse_sqrt, inverse_time, noam, square_root
from rung.schedules.domains import ScheduleDomain, domain, from_config, from_trial
from rung.schedules.forms import from_json
from rung.schedules.functions import function
from rung.schedules.lengths import Epochs, Fraction
from rung.schedules.plateau import Plateau, PlateauState
from rung.schedules.plotting import plot
from rung.schedules.ramps import (
    constant,
    cosine,
    linear,
    one_minus_sqrt,
    polynomial,
    ramp,
    rex,
    tanh,
    warmup,
    warmup_stable_decay,
)
from rung.schedules.schedule import Schedule
from rung.schedules.tables import multi_factor, table

__all__ = [
    "Epochs",
    "Fraction",
    "Plateau",
    "PlateauState",
    "Schedule",
    "ScheduleDomain",
    "constant",
    "cosine",
    "cyclic",
    "domain",
    "exponential",
    "factor",
    "from_config",
    "from_json",
    "from_trial",
    "function",
    "inverse_sqrt",
    "inverse_time",
    "linear",
    "multi_factor",
    "noam",
    "one_cycle",
    "one_minus_sqrt",
    "plot",
    "polynomial",
    "ramp",
    "repeat",
    "restarts",
    "rex",
    "square_root",
    "table",
    "tanh",
    "warmup",
    "warmup_stable_decay",
]

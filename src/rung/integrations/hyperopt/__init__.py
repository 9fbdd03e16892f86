"""hyperopt's shape on rung's engine: ``fmin``, ``hp``, ``Trials`` and what its scripts import besides.

    from rung.integrations.hyperopt import STATUS_OK, Trials, fmin, hp, space_eval, tpe

takes the place of ``from hyperopt import …``. The points are rung's own; the shapes of what goes in and comes out are
those of hyperopt 0.3.
"""

from rung.integrations.hyperopt import early_stop, hp, pyll, rand, tpe
from rung.integrations.hyperopt._elsewhere import MongoTrials, SparkTrials, anneal, atpe
from rung.integrations.hyperopt._minimising import fmin
from rung.integrations.hyperopt._results import (
    JOB_STATE_DONE,
    STATUS_FAIL,
    STATUS_OK,
    STATUS_STRINGS,
    AllTrialsFailed,
)
from rung.integrations.hyperopt._spaces import space_eval
from rung.integrations.hyperopt._trials import Trials

__all__ = [
    "JOB_STATE_DONE",
    "STATUS_FAIL",
    "STATUS_OK",
    "STATUS_STRINGS",
    "AllTrialsFailed",
    "MongoTrials",
    "SparkTrials",
    "Trials",
    "anneal",
    "atpe",
    "early_stop",
    "fmin",
    "hp",
    "pyll",
    "rand",
    "space_eval",
    "tpe",
]

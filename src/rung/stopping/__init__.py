"""When a study ends, and when a trial is stopped: criteria that combine by ``|`` (any of them) and ``&`` (all of them).

``trials(100) | reached(0.1)`` in code is ``--stop trials:100 --stop reached:0.1`` on the command line, and
``trials(20) & patience(10)`` is ``--stop trials:20,patience:10``. What stops single trials stands in ``stop_trials`` of
``rung.tune`` and in ``--stop-trial``.

========================================== ======= =======
criterion                                  studies trials
========================================== ======= =======
epochs, seconds, cost, reached, patience   yes     yes
trials, stalled, gain_below                yes
diverged, median, percentile, unpromising          yes
========================================== ======= =======
"""

from rung.stopping._criterion import Criterion, Curve, Halt, Record, Scope, Standing, checked_scope
from rung.stopping._for_both import cost, epochs, patience, reached, seconds
from rung.stopping._for_studies import gain_below, stalled, trials
from rung.stopping._for_trials import diverged, median, percentile, unpromising
from rung.stopping._forms import as_criterion, criterion_from_json, criterion_from_text

__all__ = [
    "Criterion", "Curve", "Halt", "Record", "Scope", "Standing", "as_criterion", "checked_scope", "cost",
    "criterion_from_json", "criterion_from_text", "diverged", "epochs", "gain_below", "median", "patience",
    "percentile", "reached", "seconds", "stalled", "trials", "unpromising",
]  # fmt: skip

"""Stop criteria on the command line: ``--stop trials:100 --stop reached:0.1``, ``--stop-trial patience:5``."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

from rung.cli._options import UsageProblem
from rung.errors import SettingError
from rung.stopping import Criterion, Scope, criterion_from_text


def parse_stop(texts: Sequence[str], *, option: str = "--stop", scope: Scope = Scope.STUDY) -> Criterion | None:
    """Any of these criteria, where those with commas between them must be met together; None without texts.

    UsageProblem says which one is wrong, and what would be right.
    """
    found: list[Criterion] = []
    for text in texts:
        try:
            found.append(criterion_from_text(text, scope))
        except SettingError as error:
            raise UsageProblem(f"{option} {text!r}: {error.sentence}", hint=error.hint) from error
    return functools.reduce(operator.or_, found) if found else None

"""Placeholders in a command line: one that names no hyperparameter, but nearly one, is a slip."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence

from rung.cli._options import UsageProblem

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][\w.-]*)\}")
_NEAR = 0.7
"""How like a hyperparameter a name must be: ``lrr`` is like ``lr``; other braces are the program's own."""


def check_placeholders(argv: Sequence[str], names: Collection[str]) -> None:
    """UsageProblem for a ``{name}`` that would reach the program as it stands, and is nearly a hyperparameter's."""
    for argument in argv:
        for name in _PLACEHOLDER.findall(argument):
            near = [] if name in names else difflib.get_close_matches(name, names, n=1, cutoff=_NEAR)
            if near:
                raise UsageProblem(
                    f"{{{name}}} in the command line is no hyperparameter.", hint=f"Did you mean {{{near[0]}}}?"
                )

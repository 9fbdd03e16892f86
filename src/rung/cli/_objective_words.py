"""What stands on a command line to be tuned: a function, or a script with its words."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rung.cli._options import UsageProblem
from rung.cli.main import tell

if TYPE_CHECKING:
    from rung.runtime.objective import Objective

_REFERENCE = re.compile(r"[^\s:]+:[A-Za-z_][\w.]*")


def objective_words(words: list[str]) -> list[str] | str:
    """A reference to a function, or the argument list of a script."""
    if not words:
        raise UsageProblem(
            "nothing says what to run.", hint="End the line with -- python train.py, or with module:function."
        )
    if len(words) > 1 or (Path(words[0]).is_file() and not words[0].endswith(".py")):
        return words
    if _REFERENCE.fullmatch(words[0]):
        return words[0]
    if words[0].endswith(".py"):
        raise UsageProblem(
            f"{words[0]!r} is neither a program nor a function.",
            hint=f"Write -- python {words[0]} to run the file, or {words[0]}:function to call a function in it.",
        )
    return words


def point_out_other_python(objective: Objective) -> None:
    """A script may well run in another environment than rung's; but mostly that one has not been activated."""
    program = shutil.which(objective.argv[0]) if objective.argv else None
    if program is None or not Path(program).name.startswith("python"):
        return
    if Path(program).parent != Path(sys.executable).parent:
        tell(
            f"the script runs with {program}, but rung is installed for {sys.executable}.",
            "If its reports don't arrive, run it with that one.",
        )

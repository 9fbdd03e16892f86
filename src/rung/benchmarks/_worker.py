"""What happens in the process of one run."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import msgspec

from rung.benchmarks.one_run import Assignment, execute

if TYPE_CHECKING:
    from collections.abc import Callable

COST: Final = "cpu_s"
"""What a run reports as its value: it takes one."""


@final
class Worker:
    """Makes runs; wherever one is made, what the runs need has been imported.

    As an objective it goes to the fork-server, which imports all that once, and each run has it from there.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        self._modules = tuple(modules)
        for name in self._modules:
            with contextlib.suppress(Exception):  # it is only for speed: the run will say what is wrong with it
                import_module(name)

    def __call__(self, assignment: Sequence[Any], into: str) -> float:
        """Make the run, write its result as JSON into a file, and return the processor seconds that it took.

        Where it can't be written, as on a full disk, there is no file: that is no fault of the method.
        """
        run = execute(msgspec.convert(assignment, Assignment))
        part = Path(f"{into}.part")
        with contextlib.suppress(OSError):
            part.write_bytes(msgspec.json.encode(run))
            part.replace(into)
        return run.cpu_s

    def __reduce__(self) -> tuple[Callable[[Sequence[str]], Worker], tuple[Sequence[str]]]:
        return Worker, (self._modules,)

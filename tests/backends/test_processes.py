from __future__ import annotations

from rung.backends.processes import Processes
from rung.runtime.objective import Kind
from rung.testing.backend_suite import BackendSuite


class TestProcesses(BackendSuite):
    kinds = frozenset(Kind)

    def make(self) -> Processes:
        return Processes(2, grace_s=2.0)

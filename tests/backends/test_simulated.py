from __future__ import annotations

from rung.backends.simulated import Simulated
from rung.testing.backend_suite import BackendSuite


class TestSimulated(BackendSuite):
    def make(self) -> Simulated:
        return Simulated(2)

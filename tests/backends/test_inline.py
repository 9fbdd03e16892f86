from __future__ import annotations

from rung.backends.inline import Inline
from rung.testing.backend_suite import BackendSuite


class TestInline(BackendSuite):
    def make(self) -> Inline:
        return Inline()

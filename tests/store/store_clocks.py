"""A machine's clocks in the hands of a test."""

from __future__ import annotations

from rung.store.owner import Stamp


class FakeClock:
    def __init__(self, boot="boot-a", uptime=1000.0, unix=1.7e9):
        self.boot, self.uptime, self.unix = boot, uptime, unix
        self.slept = 0.0
        self.while_asleep = lambda: None

    def stamp(self):
        return Stamp(self.boot, self.uptime, self.unix)

    def advance(self, seconds):
        self.uptime += seconds
        self.unix += seconds

    def sleep(self, seconds):
        self.slept += seconds
        self.advance(seconds)
        self.while_asleep()

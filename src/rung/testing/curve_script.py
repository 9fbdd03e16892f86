"""The training of ``objectives.curve_trial`` as a script, which rung runs as a process of its own."""

from __future__ import annotations

import rung
from rung.testing.objectives import curve_trial

if __name__ == "__main__":
    curve_trial(rung.trial())

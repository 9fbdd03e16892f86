"""What reports are made of: a comparison of everyday size, and one whose names try to break out."""

from __future__ import annotations

import msgspec
from made_up_runs import made_up_runs, run_of

from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.report.circumstances import Circumstances, circumstances_of
from rung.analysis.comparison.result import Comparison
from rung.analysis.comparison.runs import Key, Run

EVIL = "<script>alert('x')</script>\" onload=\"y & | `co` *de* [a](b) $x$"
CAVEAT = "The surrogate is off."


def everyday_runs() -> list[Run]:
    """Three methods on three problems, one of which has a caveat, with all that runs may say of themselves."""
    changes = {
        "notes": {
            "command": "rung bench run --out results",
            "machine": "x86_64 Linux",
            "python": "3.12.1",
            "started": 1_700_000_000.0,
            "initial": 3,
            "gpu": "none",
        },
        "versions": {"rung": "0.1.0", "numpy": "2.2.1"},
    }
    runs = [msgspec.structs.replace(run, **changes) for run in made_up_runs(n_seeds=6, n_evaluations=12)]
    runs[0] = msgspec.structs.replace(
        runs[0], failed="ValueError: no", notes={"traceback": "Traceback …\nValueError: no"}
    )
    return [msgspec.structs.replace(run, caveat=CAVEAT) if run.problem == "rosenbrock" else run for run in runs]


def everyday() -> tuple[Comparison, Circumstances]:
    """The comparison of these runs, with a line that was ignored and runs that are missing."""
    runs = everyday_runs()
    circumstances = circumstances_of(
        runs,
        ignored=[(4, "cut short")],
        missing=[Key("branin", "gp", seed) for seed in (6, 7, 8)],
        source="results/runs.jsonl",
        command="rung bench report results --out report.html",
    )
    return compare_runs(runs, n_resamples=200), circumstances


def evil() -> tuple[Comparison, Circumstances]:
    """Every word that comes from outside is markup."""
    runs = [
        run_of(
            [0.5, 0.4 - 0.01 * seed],
            method=f"{EVIL}{number}",
            problem=EVIL,
            seed=seed,
            failed=EVIL,
            caveat=EVIL,
            goal=msgspec.structs.replace(run_of([0.5]).goal, metric=EVIL),
            versions={EVIL: EVIL},
            notes={"command": EVIL, "machine": EVIL, "traceback": EVIL, EVIL: EVIL},
        )
        for number in (0, 1)
        for seed in range(3)
    ]
    found = circumstances_of(runs, ignored=[(1, EVIL)], missing=[Key(EVIL, EVIL, 0)], source=EVIL, command=EVIL)
    return compare_runs(runs, n_resamples=100), found

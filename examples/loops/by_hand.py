"""Babysitting: a person looks at each result, notes a thought, and chooses what to try next.

python examples/loops/by_hand.py
"""

from __future__ import annotations

from training import train

import rung

TRIES = [
    ({"learning_rate": 0.01, "units": 64}, "the usual beginning"),
    ({"learning_rate": 0.1, "units": 64}, "it was still falling: ten times the rate"),
    ({"learning_rate": 3.0, "units": 64}, "how much does it bear?"),
    ({"learning_rate": 0.3, "units": 64}, "too much; in between, then"),
    ({"learning_rate": 0.3, "units": 128}, "and a wider network"),
]


def as_people_do() -> dict[str, float]:
    """A notebook page: the numbers stand next to the thoughts, and are lost with the page."""
    best_error, best = 1.0, {}
    for config, thought in TRIES:
        error = train(**config)
        print(f"  {config}: error {error:.3f}  # {thought}")
        if error < best_error:
            best_error, best = error, config
    return best


def with_rung() -> rung.Study:
    """The same configurations as trials of a study: with curves, times, code version, and the thoughts as notes.

    In a terminal: rung track -n by-hand lr=0.01 -- python train.py; rung note by-hand#0 "the usual beginning".
    """
    space = {"learning_rate": rung.loguniform(1e-4, 10), "units": rung.randint(16, 257)}
    tuner = rung.Tuner(train, rung.BasicScheduler(rung.RandomSearcher(space)), study="by-hand", seed=0)
    return tuner.run(0, given=[config for config, _ in TRIES])


if __name__ == "__main__":
    print("By hand:")
    print(f"best: {as_people_do()}")
    print(f"with rung: {dict(with_rung().incumbent)}")

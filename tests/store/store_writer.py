"""A process that writes to a study and says so: one line per acknowledged append, on its standard output.

Arguments: path of the store, seed of the log, events per append. It goes on where the log ends.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from rung.store import SqliteStore, current_owner
from rung.testing._store_samples import sample_log

N_EVENTS = 30_000


def main(path, seed, size):
    store = SqliteStore(Path(path), create=False)
    lease = store.acquire("lenet", current_owner(), ttl=60.0)
    done = sum(1 for _ in store.read("lenet")) - 1
    say(f"begin {done}")
    events = itertools.islice(sample_log(int(seed), N_EVENTS), done, None)
    while batch := list(itertools.islice(events, int(size))):
        say(f"{store.append(batch, lease=lease)}")


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])

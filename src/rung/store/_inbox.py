"""The inboxes of a SQLite store: the only rows that anybody but the tuner of a study writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from rung.commands import Command, UnknownCommand
from rung.store._database import Database
from rung.store._leases import Leases
from rung.store.codec import COMMANDS, decode_command
from rung.types import Lease

_NUMBER = "SELECT number FROM command WHERE study = ? AND key = ?"
SELECT_OPEN = "SELECT number, command FROM command WHERE study = ? AND command IS NOT NULL ORDER BY number"


@final
class Inbox:
    """Takes commands from any process and shows the open ones. ``study`` is a study's number in the file."""

    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases
        self._empty_at: dict[int, int] = {}

    def post(self, study: int, command: Command, *, key: str | None) -> int:
        """Add a command; returns its number. The same key twice gives the same number."""
        text = COMMANDS.encode(command)
        with self._database.write() as connection:
            found = connection.execute(
                "SELECT number FROM command WHERE study = ? AND key = ?", (study, key)
            ).fetchone()
            if found is not None:
                return int(found[0])
            (newest,) = connection.execute("SELECT max(number) FROM command WHERE study = ?", (study,)).fetchone()
            number = int(newest or 0) + 1
            connection.execute("INSERT INTO command VALUES (?, ?, ?, ?)", (study, number, key, text))
            self._empty_at.pop(study, None)
            return number

    def take(self, study: int, lease: Lease) -> Sequence[tuple[int, Command | UnknownCommand]]:
        """The commands that no event has answered yet, oldest first; FencedError when the lease has passed on.

        SQLite tells at no cost whether another connection has committed since the last look.
        """
        with self._database.connection() as connection:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            if self._empty_at.get(study) == version:
                return ()
            self._leases.check(connection, study, lease)
            rows = connection.execute(SELECT_OPEN, (study,)).fetchall()
            if not rows:
                self._empty_at[study] = version
            return [(number, decode_command(text)) for number, text in rows]

"""Where studies are kept: an event log each, the read tables that follow from it, a lease and an inbox."""

from rung.store.memory import MemoryStore
from rung.store.opening import open_store
from rung.store.owner import current_owner
from rung.store.sqlite import SqliteStore

__all__ = ["MemoryStore", "SqliteStore", "current_owner", "open_store"]

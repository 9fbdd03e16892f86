-- The store of rung, version 1. `event` is the truth; `head` (but for the lease), `trial`, `report` and `event_key`
-- follow from it and are written in the same transactions.

CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE study (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created TEXT NOT NULL            -- the StudyCreated event, with space and settings as they are now
);

CREATE TABLE head (                  -- what changes with every append: where the log stands, and who writes it
    study INTEGER PRIMARY KEY REFERENCES study (id),
    seq INTEGER NOT NULL DEFAULT 0,  -- of the newest event
    at REAL NOT NULL DEFAULT 0,
    sessions INTEGER NOT NULL DEFAULT 0,
    last_unix REAL NOT NULL DEFAULT 0,
    ended_why TEXT,
    counts TEXT NOT NULL DEFAULT '{}',
    best_trial INTEGER,
    best_step INTEGER,
    best_loss REAL,
    draws INTEGER NOT NULL DEFAULT 0,
    epoch INTEGER NOT NULL DEFAULT 0,
    holder TEXT,                     -- who has the lease: owner, ttl and since when; NULL when nobody has
    renewed_boot TEXT,
    renewed_uptime REAL,
    renewed_unix REAL
);

CREATE TABLE event (
    study INTEGER NOT NULL REFERENCES study (id),
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (study, seq)
) WITHOUT ROWID;

CREATE TABLE event_key (             -- the keys of all events but reports, whose key is that of their row in `report`
    study INTEGER NOT NULL REFERENCES study (id),
    key TEXT NOT NULL,
    PRIMARY KEY (study, key)
) WITHOUT ROWID;

CREATE TABLE trial (
    study INTEGER NOT NULL REFERENCES study (id),
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    worker INTEGER NOT NULL,
    until INTEGER,
    parent INTEGER,
    started_at REAL NOT NULL,
    ended_at REAL,
    launched_at REAL NOT NULL,
    runtime REAL NOT NULL,
    last_step INTEGER NOT NULL,
    last_loss REAL,
    last_at REAL NOT NULL,
    best_loss REAL,
    best_step INTEGER,
    reason TEXT NOT NULL,
    decided TEXT,
    host TEXT NOT NULL,
    pid INTEGER,
    session INTEGER NOT NULL,
    more TEXT NOT NULL,              -- config, decide_at, message, checkpoints
    PRIMARY KEY (study, number)
) WITHOUT ROWID;

CREATE TABLE report (                -- finds the events of the kind `observed`
    study INTEGER NOT NULL REFERENCES study (id),
    trial INTEGER NOT NULL,
    step INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (study, trial, step)
) WITHOUT ROWID;

CREATE TABLE command (               -- the inbox; a command that an event has answered keeps its number and key only
    study INTEGER NOT NULL REFERENCES study (id),
    number INTEGER NOT NULL,
    key TEXT,
    command TEXT,
    PRIMARY KEY (study, number),
    UNIQUE (study, key)
) WITHOUT ROWID;

CREATE INDEX command_open ON command (study, number) WHERE command IS NOT NULL;

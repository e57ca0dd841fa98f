-- Names are written once and meant by a small number everywhere else.
CREATE TABLE tenant (
    key  INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE service (
    key    INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL,
    name   TEXT NOT NULL,
    UNIQUE (tenant, name)
) STRICT;

-- What records are found and judged by. Narrow, so that all of it is read quickly at start.
CREATE TABLE callback (
    key      INTEGER PRIMARY KEY,
    id       BLOB NOT NULL,     -- 16 bytes
    tenant   INTEGER NOT NULL,
    service  INTEGER NOT NULL,
    number   INTEGER NOT NULL,  -- the digits after a leading 1
    desired  INTEGER NOT NULL,  -- UTC milliseconds, like all instants here
    version  INTEGER NOT NULL,
    state    INTEGER NOT NULL,  -- 0 SCHEDULED, 1 QUEUED, 2 ROUTING, 3 PROCESSING, 4 COMPLETED
    place    INTEGER NOT NULL,  -- 1 while it holds a place
    waiting  INTEGER NOT NULL,  -- 1 while SCHEDULED without a pending hand-over
    finished INTEGER NOT NULL,  -- 1 when COMPLETED
    wake     INTEGER,           -- when it needs attention by itself
    purge_at INTEGER            -- when it may be removed; only of finished ones
) STRICT;

CREATE UNIQUE INDEX callback_by_id ON callback (id, tenant);
CREATE INDEX callback_by_desired ON callback (tenant, desired, id, service);
CREATE INDEX callback_by_number ON callback (number, service, finished);
CREATE INDEX callback_active ON callback (tenant, desired, id) WHERE state IN (1, 2, 3);
CREATE INDEX callback_finished ON callback (purge_at) WHERE purge_at IS NOT NULL;

-- The record itself, as JSON: the truth of which the columns above are an extract. Its user data stands apart, because
-- most changes leave it as it is.
CREATE TABLE record (
    key  INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    data TEXT               -- the user data as JSON; NULL when there is none
) STRICT;

CREATE TABLE call_in_group (
    key     INTEGER PRIMARY KEY,
    tenant  TEXT NOT NULL,
    name    TEXT NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (tenant, name)
) STRICT;

CREATE TABLE call_in (
    key         INTEGER PRIMARY KEY,
    tenant      TEXT NOT NULL,
    id          BLOB NOT NULL,
    group_key   INTEGER NOT NULL,
    waiting     INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    body        TEXT NOT NULL,
    UNIQUE (id, tenant)
) STRICT;

CREATE INDEX call_in_waiting ON call_in (group_key) WHERE waiting = 1;
CREATE INDEX call_in_by_creation ON call_in (created);

CREATE TABLE settings (
    tenant  TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    body    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How often the file was opened.
CREATE TABLE opened (
    times INTEGER NOT NULL
) STRICT;

INSERT INTO opened (times) VALUES (0);

-- Written anew to see whether writing works; as many pages as a booking needs at most, ordinary user data assumed.
CREATE TABLE probe (
    filling BLOB NOT NULL
) STRICT;

INSERT INTO probe (filling) VALUES (randomblob(32768));

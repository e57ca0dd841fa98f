-- Everything lives in one schema; nothing here names it, the connection's search_path does. Here are the tables and what
-- belongs to them; the functions come with each release, in a schema of its own (api/postgres).
-- Instants are UTC milliseconds. 9223372036854775807 means "never", so that no column is NULL and rows stay short.

-- Which releases may work with these tables: those that know a version at least as new as this one. A migration that takes
-- away what releases before some version need raises it to that version.
CREATE TABLE schema_floor (
    version int4 NOT NULL
);
INSERT INTO schema_floor VALUES (1);

-- The schemas that hold functions of a release, and the version of these tables that the release knows.
CREATE TABLE api (
    name    text COLLATE "C" PRIMARY KEY,
    release text NOT NULL,
    version int4 NOT NULL
);

CREATE TYPE callback_state AS ENUM ('SCHEDULED', 'QUEUED', 'ROUTING', 'PROCESSING', 'COMPLETED');

-- Names are written once and meant by a small number everywhere else.
CREATE TABLE tenant (
    key  int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE
);

-- The row of a service is the lock under which its records are written, and carries their tally.
CREATE TABLE service (
    key        int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant     int4 NOT NULL REFERENCES tenant,
    name       text COLLATE "C" NOT NULL,
    scheduled  int8 NOT NULL DEFAULT 0,
    queued     int8 NOT NULL DEFAULT 0,
    routing    int8 NOT NULL DEFAULT 0,
    processing int8 NOT NULL DEFAULT 0,
    UNIQUE (tenant, name)
) WITH (fillfactor = 10);

-- Places taken, by the minute. A page holds few rows, so that a row and its newer versions stay together on it: it is
-- counted up a hundred times, and a version that leaves the page would leave an index entry at each.
CREATE TABLE place (
    service int4 NOT NULL,
    minute  int4 NOT NULL,
    taken   int4 NOT NULL,
    PRIMARY KEY (service, minute)
) WITH (fillfactor = 30);

-- The record as JSON, without the user data, and beside it what it is found and judged by. Indexes cover nothing that
-- changes in an ordinary life before its end, so most updates stay on their page and touch no index.
CREATE TABLE callback (
    id       uuid  NOT NULL,
    desired  int8  NOT NULL,
    number   int8  NOT NULL,              -- the digits after a leading 1
    version  int8  NOT NULL,
    tenant   int4  NOT NULL,
    service  int4  NOT NULL,
    state    callback_state NOT NULL,
    finished bool  NOT NULL,
    place    bool  NOT NULL,              -- whether it holds a place
    record   text  NOT NULL,
    data     bytea                        -- the user data, compressed; empty when there is none. NULL is never
                                          -- stored: in an update it says that the data stays
) WITH (toast_tuple_target = 768, autovacuum_vacuum_scale_factor = 0.05);
-- Compressed already, so it goes out of the row as it is; an update of the row leaves it where it lies.
ALTER TABLE callback ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE callback ALTER COLUMN record SET STORAGE MAIN;
ALTER TABLE callback ADD PRIMARY KEY (id, tenant);
-- A value that goes out of its row lies there in pieces of 1,996 bytes, four to a page; a short last piece would leave the
-- rest of its page empty. It lies here instead, with others of its kind.
CREATE TABLE tail (
    id     uuid  NOT NULL,
    tenant int4  NOT NULL,
    data   bytea NOT NULL,
    PRIMARY KEY (id, tenant)
);
CREATE INDEX callback_by_desired ON callback (tenant, desired, id);
CREATE INDEX callback_by_number ON callback (number, service);
CREATE INDEX callback_finished ON callback (desired) WHERE finished;

-- Who needs attention when, and who has it: one narrow row for each record with an instant of its own, that waits for
-- its time, or that is leased.
CREATE TABLE due (
    id          uuid NOT NULL,
    desired     int8 NOT NULL,
    version     int8 NOT NULL,
    wake        int8 NOT NULL,            -- as the engine said, or never
    due         int8 NOT NULL,            -- the same, or later when deferred
    lease_until int8 NOT NULL,            -- 0 when nobody has it
    fence       int8 NOT NULL,            -- 0 when nobody has it
    tenant      int4 NOT NULL,
    service     int4 NOT NULL,
    waiting     bool NOT NULL,            -- SCHEDULED without a pending hand-over
    owner       text COLLATE "C" NOT NULL -- empty when nobody has it
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE due ADD PRIMARY KEY (id, tenant);
CREATE INDEX due_free ON due (due) WHERE owner = '';
CREATE INDEX due_leased ON due (greatest(due, lease_until)) WHERE owner <> '';
CREATE INDEX due_waiting ON due (service, desired) WHERE waiting;

-- Logged ahead, and flushed by the commit of the lease that uses it: it never goes back, a crash included.
CREATE SEQUENCE fence;

CREATE TABLE call_in_group (
    key     int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant  text COLLATE "C" NOT NULL,
    name    text COLLATE "C" NOT NULL,
    version int8 NOT NULL,
    UNIQUE (tenant, name)
);

CREATE TABLE call_in (
    tenant    text COLLATE "C" NOT NULL,
    id        uuid NOT NULL,
    group_key int4 NOT NULL,
    waiting   bool NOT NULL,
    created   int8 NOT NULL,
    record    text NOT NULL,
    PRIMARY KEY (id, tenant)
);
CREATE INDEX call_in_waiting ON call_in (group_key) WHERE waiting;
CREATE INDEX call_in_by_creation ON call_in (created);

CREATE TABLE settings (
    tenant  text COLLATE "C" PRIMARY KEY,
    version int8 NOT NULL,
    body    text NOT NULL
);

-- The nodes that are there. Each has a seat and keeps its table locked (ROW EXCLUSIVE, in a transaction that does nothing
-- else) for as long as it lives; the next in the ring waits for that lock (SHARE). A lock of a table is waited for
-- without a snapshot, so the wait stands in nobody's way, and these modes let VACUUM and dumps pass.
CREATE TABLE node (
    seat    int4 PRIMARY KEY,
    name    text COLLATE "C" NOT NULL UNIQUE,
    started int8 NOT NULL
);
DO $$
BEGIN
    FOR seat IN 0..31 LOOP
        EXECUTE format('CREATE TABLE seat_%s ()', seat);
    END LOOP;
END $$;

-- Written to see whether writing works.
CREATE TABLE probe (
    times int8 NOT NULL
);
INSERT INTO probe VALUES (0);

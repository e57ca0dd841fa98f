-- What the other functions are written in: instants, and the types of their parameters and answers.
--
-- Plans are made once for each connection, often while the tables are small. So that each stays good for as long as it is
-- kept, what is looked up for a row of parameters stands in a LATERAL that cannot be pulled up (OFFSET 0, FOR UPDATE), on
-- the inner side of a LEFT JOIN or in an ON CONFLICT, and rows are deleted by their ctid: a plan that begins at the table
-- and not at the parameters is not possible then (docs/decisions/plans-that-stay.md).

CREATE FUNCTION clock() RETURNS int8 LANGUAGE sql VOLATILE AS
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8';

-- An instant that does not come.
CREATE FUNCTION never() RETURNS int8 LANGUAGE sql IMMUTABLE AS 'SELECT 9223372036854775807';

-- The minute in which a place of that desired time is counted. The first one also holds what came before 1970, the last
-- one what comes after the year 6053.
CREATE FUNCTION minute_of(p_desired int8) RETURNS int4 LANGUAGE sql IMMUTABLE AS
    'SELECT least(greatest(p_desired, 0) / 60000, 2147483647)::int4';

CREATE FUNCTION is_active(p_state callback_state) RETURNS bool LANGUAGE sql IMMUTABLE AS
    $$SELECT p_state IN ('QUEUED', 'ROUTING', 'PROCESSING')$$;

-- A record to be inserted.
CREATE TYPE booking AS (
    id      uuid,
    tenant  int4,
    service int4,
    version int8,
    desired int8,
    number  int8,
    state   callback_state,
    place   bool,
    waiting bool,
    wake    int8,                          -- NULL when it needs no attention by itself
    record  text,
    data    bytea
);

-- A record that takes the place of a former version of itself.
CREATE TYPE replacement AS (
    id         uuid,
    tenant     int4,
    service    int4,
    version    int8,
    desired    int8,
    number     int8,
    state      callback_state,
    place      bool,
    waiting    bool,
    wake       int8,                       -- NULL when it needs no attention by itself
    record     text,
    keeps_data bool,                       -- the user data stays as it is, and none is sent
    data       bytea,
    expected   int8,                       -- the version that was read
    fence      int8                        -- of the lease under which it is changed; NULL when under none
);

-- What became of a replacement.
CREATE TYPE verdict AS ENUM (
    'DONE',
    'MISSING',                             -- there is no such record
    'STALE',                               -- it has another version than the one that was read
    'FENCED',                              -- the lease is not the newest
    'DONE_BEFORE',                         -- it stands as it should already
    'REFUSED'                              -- a guard did not hold
);

-- What a guard counts, among the records of a service.
CREATE TYPE guard_kind AS ENUM (
    'MINUTES',                             -- those that hold a place of the minutes from low up to high
    'INSTANTS',                            -- those that hold a place and are desired from low up to high
    'NUMBER',                              -- unfinished ones of the number low, counted up to high
    'ACTIVE'                               -- those QUEUED, ROUTING or PROCESSING
);

CREATE TYPE guard AS (
    service int4,
    kind    guard_kind,
    low     int8,
    high    int8,
    room    int8                           -- it holds while fewer than this are counted
);

-- A record that begins (sign 1) or ceases (sign -1) to count in its service.
CREATE TYPE move AS (
    service int4,
    minute  int4,
    place   bool,
    state   callback_state,
    sign    int4
);

-- A lease given back.
CREATE TYPE returned AS (
    id         uuid,
    tenant     text,
    fence      int8,
    not_before int8
);

-- A lease that is believed to be held.
CREATE TYPE claim AS (
    id      uuid,
    tenant  text,
    fence   int8,
    version int8
);

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

CREATE FUNCTION ges_clock() RETURNS int8 LANGUAGE sql VOLATILE AS
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8';

-- How many bytes of the user data lie with the record; the others in the tail. Only where whole pieces lie with the
-- record, and nothing else, there can be others.
CREATE FUNCTION ges_cut(p_data bytea) RETURNS int4 LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN length(p_data) < 1996 OR length(p_data) % 1996 > 1300 THEN length(p_data)
                ELSE length(p_data) / 1996 * 1996 END
$$;

-- The keys of a tenant and a service, entered when they are unknown.
CREATE FUNCTION ges_names(p_tenant text, p_service text, OUT tenant int4, OUT service int4)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    t int4;
    s int4;
BEGIN
    SELECT key INTO t FROM tenant WHERE name = p_tenant;
    IF t IS NULL THEN
        INSERT INTO tenant (name) VALUES (p_tenant) ON CONFLICT (name) DO NOTHING;
        SELECT key INTO t FROM tenant WHERE name = p_tenant;
    END IF;
    SELECT key INTO s FROM service x WHERE x.tenant = t AND x.name = p_service;
    IF s IS NULL THEN
        INSERT INTO service (tenant, name) VALUES (t, p_service) ON CONFLICT (tenant, name) DO NOTHING;
        SELECT key INTO s FROM service x WHERE x.tenant = t AND x.name = p_service;
    END IF;
    tenant := t;
    service := s;
END $$;

-- Takes the locks under which records of these services are written, always in the same order.
CREATE FUNCTION ges_lock(p_services int4[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM service WHERE key = ANY (p_services) ORDER BY key FOR UPDATE;
END $$;

-- How many records count for each guard. Kinds: 0 places of the minutes [lo, hi), 1 places of the instants [lo, hi),
-- 2 unfinished records of the number lo, counted up to hi, 3 active records.
CREATE FUNCTION ges_counts(p_services int4[], p_kinds int2[], p_lo int8[], p_hi int8[]) RETURNS int8[]
LANGUAGE plpgsql AS $$
BEGIN
    RETURN coalesce((SELECT array_agg(CASE g.kind
        WHEN 0 THEN (SELECT coalesce(sum(p.taken), 0)::int8 FROM place p
                     WHERE p.service = g.service AND p.minute >= g.lo AND p.minute < g.hi)
        WHEN 1 THEN (SELECT count(*) FROM callback c
                     WHERE c.tenant = (SELECT s.tenant FROM service s WHERE s.key = g.service)
                       AND c.desired >= g.lo AND c.desired < g.hi AND c.service = g.service AND c.place)
        WHEN 2 THEN (SELECT count(*) FROM (SELECT 1 FROM callback c
                     WHERE c.number = g.lo AND c.service = g.service AND NOT c.finished LIMIT g.hi) known)
        ELSE (SELECT s.queued + s.routing + s.processing FROM service s WHERE s.key = g.service)
        END ORDER BY g.n)
        FROM unnest(p_services, p_kinds, p_lo, p_hi) WITH ORDINALITY g (service, kind, lo, hi, n)), '{}');
END $$;

-- Adds to places; what falls to nothing goes.
CREATE FUNCTION ges_places(p_services int4[], p_minutes int4[], p_deltas int4[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    empty tid[];
BEGIN
    INSERT INTO place AS p (service, minute, taken)
        SELECT d.service, d.minute, sum(d.delta) FROM unnest(p_services, p_minutes, p_deltas) d (service, minute, delta)
        GROUP BY d.service, d.minute HAVING sum(d.delta) <> 0
        ON CONFLICT (service, minute) DO UPDATE SET taken = p.taken + excluded.taken;
    IF 0 > ANY (p_deltas) THEN
        empty := ARRAY(SELECT p.ctid FROM unnest(p_services, p_minutes, p_deltas) d (service, minute, delta)
            CROSS JOIN LATERAL (SELECT p.ctid FROM place p
                WHERE p.service = d.service AND p.minute = d.minute AND p.taken <= 0 OFFSET 0) p
            WHERE d.delta < 0);
        DELETE FROM place p WHERE p.ctid = ANY (empty);
    END IF;
END $$;

-- Inserts all of these records, or none: none when one of them is known, or a guard has less room than they need. The
-- answer tells which are known and what the guards counted.
CREATE FUNCTION ges_book(
    p_ids uuid[], p_tenants int4[], p_services int4[], p_desired int8[], p_minutes int4[], p_numbers int8[],
    p_versions int8[], p_hashes int8[], p_states int2[], p_places bool[], p_waiting bool[], p_wakes int8[],
    p_records text[], p_data bytea[],
    g_services int4[], g_kinds int2[], g_lo int8[], g_hi int8[], g_rooms int8[],
    OUT written bool, OUT known bool[], OUT counts int8[], OUT clock int8)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ges_lock(p_services);
    counts := ges_counts(g_services, g_kinds, g_lo, g_hi);
    known := (SELECT array_agg(c.id IS NOT NULL ORDER BY b.n)
              FROM unnest(p_ids, p_tenants) WITH ORDINALITY b (id, tenant, n)
              LEFT JOIN callback c ON c.id = b.id AND c.tenant = b.tenant);
    written := NOT (true = ANY (known))
        AND NOT EXISTS (SELECT 1 FROM unnest(counts, g_rooms) g (counted, room) WHERE g.counted >= g.room);
    IF written THEN
        INSERT INTO callback (id, desired, number, version, hash, tenant, service, state, finished, place, record, data)
            SELECT b.id, b.desired, b.number, b.version, b.hash, b.tenant, b.service, b.state, b.state = 4, b.place,
                   b.record, substr(b.data, 1, ges_cut(b.data))
            FROM unnest(p_ids, p_desired, p_numbers, p_versions, p_hashes, p_tenants, p_services, p_states, p_places,
                        p_records, p_data)
                 b (id, desired, number, version, hash, tenant, service, state, place, record, data);
        INSERT INTO tail (id, tenant, data)
            SELECT b.id, b.tenant, substr(b.data, ges_cut(b.data) + 1)
            FROM unnest(p_ids, p_tenants, p_data) b (id, tenant, data) WHERE length(b.data) > ges_cut(b.data);
        INSERT INTO due (id, desired, version, wake, due, lease_until, fence, tenant, service, waiting, owner)
            SELECT b.id, b.desired, b.version, b.wake, b.wake, 0, 0, b.tenant, b.service, b.waiting, ''
            FROM unnest(p_ids, p_desired, p_versions, p_wakes, p_tenants, p_services, p_waiting)
                 b (id, desired, version, wake, tenant, service, waiting)
            WHERE b.waiting OR b.wake < 9223372036854775807;
        INSERT INTO place AS p (service, minute, taken)
            SELECT b.service, b.minute, count(*) FROM unnest(p_services, p_minutes, p_places) b (service, minute, place)
            WHERE b.place GROUP BY b.service, b.minute
            ON CONFLICT (service, minute) DO UPDATE SET taken = p.taken + excluded.taken;
        UPDATE service s SET scheduled = s.scheduled + d.scheduled, queued = s.queued + d.queued,
                             routing = s.routing + d.routing, processing = s.processing + d.processing
            FROM (SELECT b.service, count(*) FILTER (WHERE b.state = 0) AS scheduled,
                         count(*) FILTER (WHERE b.state = 1) AS queued, count(*) FILTER (WHERE b.state = 2) AS routing,
                         count(*) FILTER (WHERE b.state = 3) AS processing
                  FROM unnest(p_services, p_states) b (service, state) WHERE b.state < 4 GROUP BY b.service) d
            WHERE s.key = d.service;
    END IF;
    clock := ges_clock();
END $$;

-- Replaces records that differ in id, each by itself. Verdicts: 0 done, 1 missing, 2 stale, 3 fenced, 4 done before,
-- 5 the user data is needed (then nothing was done), 10 and up: the guard with that number did not hold. Guards may
-- come only with a single change; its own record does not count for them.
CREATE FUNCTION ges_change(
    p_ids uuid[], p_tenants int4[], p_services int4[], p_expected int8[], p_versions int8[], p_fences int8[],
    p_desired int8[], p_minutes int4[], p_numbers int8[], p_hashes int8[], p_states int2[], p_places bool[],
    p_waiting bool[], p_wakes int8[], p_records text[], p_sent bool[], p_data bytea[],
    g_services int4[], g_kinds int2[], g_lo int8[], g_hi int8[], g_limits int8[],
    OUT verdicts int2[], OUT clock int8)
LANGUAGE plpgsql AS $$
DECLARE
    locked int4[] := ARRAY(SELECT DISTINCT unnest(p_services));
    other int4[];
    -- As the records are before it.
    services int4[];
    minutes int4[];
    places bool[];
    states int2[];
    hashes int8[];
    gone tid[];
    broken int8;
    moves record;
BEGIN
    PERFORM ges_lock(locked);
    LOOP
        -- Who changes a record holds its service, and who leases it holds its row in due: those rows are locked in the
        -- order in which they are given.
        SELECT array_agg(x.verdict), array_agg(x.service), array_agg(x.minute), array_agg(x.place), array_agg(x.state),
               array_agg(x.hash)
            INTO verdicts, services, minutes, places, states, hashes
            FROM (SELECT CASE
                    WHEN c.id IS NULL THEN 1
                    WHEN c.version <> b.expected THEN
                        CASE WHEN c.version = b.version AND c.hash = b.hash AND c.record = b.record THEN 4 ELSE 2 END
                    WHEN b.fence <> 0 AND (d.owner IS NULL OR d.owner = '' OR d.fence <> b.fence) THEN 3
                    WHEN c.hash <> b.hash AND NOT b.sent THEN 5
                    ELSE 0 END::int2 AS verdict,
                    c.service, least(greatest(c.desired, 0) / 60000, 2147483647)::int4 AS minute, c.place, c.state, c.hash
                FROM unnest(p_ids, p_tenants, p_expected, p_versions, p_fences, p_hashes, p_records, p_sent) WITH ORDINALITY
                     b (id, tenant, expected, version, fence, hash, record, sent, n)
                LEFT JOIN callback c ON c.id = b.id AND c.tenant = b.tenant
                LEFT JOIN LATERAL (SELECT d.owner, d.fence FROM due d WHERE d.id = b.id AND d.tenant = b.tenant FOR UPDATE) d
                     ON true
                ORDER BY b.n) x;
        -- A record may come from another service, whose row has to be locked too before the record is read.
        other := ARRAY(SELECT DISTINCT s.key FROM unnest(services) s (key) WHERE s.key <> ALL (locked));
        EXIT WHEN cardinality(other) = 0;
        PERFORM ges_lock(other);
        locked := locked || other;
    END LOOP;
    IF cardinality(g_services) > 0 AND verdicts[1] IN (0, 5) THEN
        SELECT min(g.n) INTO broken
            FROM unnest(ges_counts(g_services, g_kinds, g_lo, g_hi), g_services, g_kinds, g_lo, g_hi, g_limits)
                 WITH ORDINALITY g (counted, service, kind, lo, hi, most, n)
            JOIN callback c ON c.id = p_ids[1] AND c.tenant = p_tenants[1]
            WHERE g.counted - (c.service = g.service AND CASE g.kind
                    WHEN 0 THEN c.place AND c.desired >= g.lo * 60000 AND c.desired < g.hi * 60000
                    WHEN 1 THEN c.place AND c.desired >= g.lo AND c.desired < g.hi
                    WHEN 2 THEN NOT c.finished AND c.number = g.lo
                    ELSE c.state BETWEEN 1 AND 3 END)::int >= g.most;
        IF broken IS NOT NULL THEN
            verdicts[1] := 9 + broken;
        END IF;
    END IF;
    clock := ges_clock();
    IF 5 = ANY (verdicts) OR NOT (0 = ANY (verdicts)) THEN
        RETURN;
    END IF;

    SELECT array_agg(m.service) AS services, array_agg(m.minute) AS minutes, array_agg(m.delta) AS deltas INTO moves
        FROM (SELECT m.service, m.minute, sum(m.delta)::int4 AS delta
              FROM (SELECT b.service, b.minute, b.place, b.next_service, b.next_minute, b.next_place
                    FROM unnest(services, minutes, places, p_services, p_minutes, p_places, verdicts)
                         b (service, minute, place, next_service, next_minute, next_place, verdict)
                    WHERE b.verdict = 0 AND (b.place OR b.next_place)
                      AND (b.service, b.minute, b.place) <> (b.next_service, b.next_minute, b.next_place)) b,
                   LATERAL (VALUES (b.service, b.minute, b.place, -1), (b.next_service, b.next_minute, b.next_place, 1))
                       m (service, minute, place, delta)
              WHERE m.place GROUP BY m.service, m.minute HAVING sum(m.delta) <> 0) m;
    IF moves.services IS NOT NULL THEN
        PERFORM ges_places(moves.services, moves.minutes, moves.deltas);
    END IF;
    UPDATE service s SET scheduled = s.scheduled + d.scheduled, queued = s.queued + d.queued,
                         routing = s.routing + d.routing, processing = s.processing + d.processing
        FROM (SELECT t.service,
                     sum(CASE t.state WHEN 0 THEN t.delta ELSE 0 END) AS scheduled,
                     sum(CASE t.state WHEN 1 THEN t.delta ELSE 0 END) AS queued,
                     sum(CASE t.state WHEN 2 THEN t.delta ELSE 0 END) AS routing,
                     sum(CASE t.state WHEN 3 THEN t.delta ELSE 0 END) AS processing
              FROM (SELECT b.service, b.state, b.next_service, b.next_state
                    FROM unnest(services, states, p_services, p_states, verdicts)
                         b (service, state, next_service, next_state, verdict)
                    WHERE b.verdict = 0 AND (b.service, b.state) <> (b.next_service, b.next_state)) b,
                   LATERAL (VALUES (b.service, b.state, -1), (b.next_service, b.next_state, 1)) t (service, state, delta)
              GROUP BY t.service) d
        WHERE s.key = d.service;
    IF true = ANY (p_sent) THEN
        gone := ARRAY(SELECT t.ctid
            FROM unnest(p_ids, p_tenants, p_sent, p_hashes, hashes, verdicts) b (id, tenant, sent, hash, was, verdict)
            CROSS JOIN LATERAL (SELECT t.ctid FROM tail t WHERE t.id = b.id AND t.tenant = b.tenant OFFSET 0) t
            WHERE b.verdict = 0 AND b.sent AND b.was <> b.hash);
        DELETE FROM tail t WHERE t.ctid = ANY (gone);
        INSERT INTO tail (id, tenant, data)
            SELECT b.id, b.tenant, substr(b.data, ges_cut(b.data) + 1)
            FROM unnest(p_ids, p_tenants, p_sent, p_hashes, hashes, p_data, verdicts)
                 b (id, tenant, sent, hash, was, data, verdict)
            WHERE b.verdict = 0 AND b.sent AND b.was <> b.hash AND length(b.data) > ges_cut(b.data);
    END IF;
    -- Each is there, so each is the update of a conflict.
    INSERT INTO callback AS c (id, desired, number, version, hash, tenant, service, state, finished, place, record, data)
        SELECT b.id, b.desired, b.number, b.version, b.hash, b.tenant, b.service, b.state, b.state = 4, b.place, b.record,
               CASE WHEN b.sent THEN substr(b.data, 1, ges_cut(b.data)) ELSE '' END
        FROM unnest(p_ids, p_desired, p_numbers, p_versions, p_hashes, p_tenants, p_services, p_states, p_places,
                    p_records, p_sent, p_data, verdicts)
             b (id, desired, number, version, hash, tenant, service, state, place, record, sent, data, verdict)
        WHERE b.verdict = 0
        ON CONFLICT (id, tenant) DO UPDATE SET
            desired = excluded.desired, number = excluded.number, version = excluded.version, hash = excluded.hash,
            service = excluded.service, state = excluded.state, finished = excluded.finished, place = excluded.place,
            record = excluded.record, data = CASE WHEN c.hash = excluded.hash THEN c.data ELSE excluded.data END;
    gone := ARRAY(SELECT d.ctid
        FROM unnest(p_ids, p_tenants, p_waiting, p_wakes, p_fences, verdicts)
             b (id, tenant, waiting, wake, fence, verdict)
        CROSS JOIN LATERAL (SELECT d.ctid FROM due d WHERE d.id = b.id AND d.tenant = b.tenant OFFSET 0) d
        WHERE b.verdict = 0 AND b.fence = 0 AND NOT b.waiting AND b.wake = 9223372036854775807);
    DELETE FROM due d WHERE d.ctid = ANY (gone);
    INSERT INTO due AS d (id, desired, version, wake, due, lease_until, fence, tenant, service, waiting, owner)
        SELECT b.id, b.desired, b.version, b.wake, b.wake, 0, b.fence, b.tenant, b.service, b.waiting, ''
        FROM unnest(p_ids, p_desired, p_versions, p_wakes, p_fences, p_tenants, p_services, p_waiting, verdicts)
             b (id, desired, version, wake, fence, tenant, service, waiting, verdict)
        WHERE b.verdict = 0 AND (b.fence <> 0 OR b.waiting OR b.wake < 9223372036854775807)
        ON CONFLICT (id, tenant) DO UPDATE SET
            desired = excluded.desired, version = excluded.version, wake = excluded.wake, due = excluded.due,
            service = excluded.service, waiting = excluded.waiting, fence = excluded.fence,
            lease_until = CASE WHEN excluded.fence = 0 THEN 0 ELSE d.lease_until END,
            owner = CASE WHEN excluded.fence = 0 THEN '' ELSE d.owner END;
END $$;

-- Leases what needs attention, earliest first.
CREATE FUNCTION ges_lease(
    p_owner text, p_now int8, p_until int8, p_expires int8, p_most int8, r_services int4[], r_before int8[])
RETURNS TABLE (id uuid, tenant int4, tenant_name text, version int8, fence int8, record text, data bytea, due int8)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    ids uuid[];
    tenants int4[];
    fences int8[];
    dues int8[];
BEGIN
    WITH free AS (
        SELECT d.id, d.tenant, d.due FROM due d
        WHERE d.owner = '' AND d.due <= p_until
        ORDER BY d.due LIMIT p_most FOR UPDATE SKIP LOCKED
    ), expired AS (
        SELECT d.id, d.tenant, d.due FROM due d
        WHERE d.owner <> '' AND greatest(d.due, d.lease_until) <= greatest(p_until, p_now)
          AND d.lease_until <= p_now AND d.due <= p_until
        ORDER BY d.due LIMIT p_most FOR UPDATE SKIP LOCKED
    ), raised AS (
        SELECT d.id, d.tenant, d.due FROM (SELECT r.service, max(r.before) AS before
              FROM unnest(r_services, r_before) r (service, before) GROUP BY r.service) r
        CROSS JOIN LATERAL (SELECT d.id, d.tenant, d.due FROM due d
              WHERE d.service = r.service AND d.desired < r.before AND d.waiting AND d.lease_until <= p_now
              ORDER BY d.due LIMIT p_most FOR UPDATE SKIP LOCKED) d
    )
    SELECT array_agg(c.id), array_agg(c.tenant) INTO ids, tenants
        FROM (SELECT * FROM free UNION SELECT * FROM expired UNION SELECT * FROM raised
              ORDER BY due, id, tenant LIMIT p_most) c;
    IF ids IS NOT NULL THEN
        -- Each is there, so each is the update of a conflict.
        WITH leased AS (
            INSERT INTO due AS d (id, desired, version, wake, due, lease_until, fence, tenant, service, waiting, owner)
                SELECT c.id, 0, 0, 0, 0, p_expires, nextval('fence'), c.tenant, 0, false, p_owner
                FROM unnest(ids, tenants) c (id, tenant)
                ON CONFLICT (id, tenant) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until,
                                                       fence = excluded.fence
                RETURNING d.id, d.tenant, d.fence, d.due
        )
        SELECT array_agg(l.id), array_agg(l.tenant), array_agg(l.fence), array_agg(l.due)
            INTO ids, tenants, fences, dues FROM leased l;
    END IF;
    -- Only now are the records read: who changes one has changed it before the lease or waits for it.
    RETURN QUERY SELECT c.id, c.tenant, t.name, c.version, l.fence, c.record, 
               CASE WHEN length(c.data) > 0 AND length(c.data) % 1996 = 0
                    THEN c.data || coalesce((SELECT r.data FROM tail r WHERE r.id = c.id AND r.tenant = c.tenant), '')
                    ELSE c.data END, l.due
        FROM unnest(ids, tenants, fences, dues) l (id, tenant, fence, due)
        CROSS JOIN LATERAL (SELECT * FROM callback c WHERE c.id = l.id AND c.tenant = l.tenant OFFSET 0) c
        CROSS JOIN LATERAL (SELECT t.name FROM tenant t WHERE t.key = l.tenant OFFSET 0) t
        ORDER BY l.due, l.id, l.tenant;
END $$;

-- Gives leases back. Not flushed to the disk by itself: a release that is lost costs a wait, nothing else.
CREATE FUNCTION ges_release(p_ids uuid[], p_tenants text[], p_fences int8[], p_not_before int8[]) RETURNS int8
LANGUAGE plpgsql AS $$
DECLARE
    ids uuid[];
    tenants int4[];
    dues int8[];
    kept bool[];
    gone tid[];
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    -- Locked in the order in which they are given.
    SELECT array_agg(d.id), array_agg(d.tenant), array_agg(greatest(d.wake, b.not_before)),
           array_agg(d.waiting OR d.wake < 9223372036854775807)
        INTO ids, tenants, dues, kept
        FROM unnest(p_ids, p_tenants, p_fences, p_not_before) b (id, tenant, fence, not_before)
        CROSS JOIN LATERAL (SELECT d.id, d.tenant, d.wake, d.waiting, d.fence FROM due d
              WHERE d.id = b.id AND d.tenant = (SELECT t.key FROM tenant t WHERE t.name = b.tenant) FOR UPDATE) d
        WHERE d.fence = b.fence AND b.fence <> 0;
    gone := ARRAY(SELECT d.ctid FROM unnest(ids, tenants, kept) b (id, tenant, kept)
        CROSS JOIN LATERAL (SELECT d.ctid FROM due d WHERE d.id = b.id AND d.tenant = b.tenant OFFSET 0) d
        WHERE NOT b.kept);
    DELETE FROM due d WHERE d.ctid = ANY (gone);
    -- Each is there, so each is the update of a conflict.
    INSERT INTO due AS d (id, desired, version, wake, due, lease_until, fence, tenant, service, waiting, owner)
        SELECT b.id, 0, 0, 0, b.due, 0, 0, b.tenant, 0, false, ''
        FROM unnest(ids, tenants, dues, kept) b (id, tenant, due, kept) WHERE b.kept
        ON CONFLICT (id, tenant) DO UPDATE SET owner = '', lease_until = 0, fence = 0, due = excluded.due;
    RETURN ges_clock();
END $$;

-- Ends all leases of a node.
CREATE FUNCTION ges_end_leases(p_owner text, OUT ended int8, OUT clock int8) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM due d WHERE d.owner <> '' AND d.owner = p_owner ORDER BY d.id, d.tenant FOR UPDATE;
    GET DIAGNOSTICS ended = ROW_COUNT;
    DELETE FROM due d WHERE d.owner <> '' AND d.owner = p_owner AND NOT d.waiting AND d.wake = 9223372036854775807;
    UPDATE due d SET owner = '', lease_until = 0, fence = 0 WHERE d.owner <> '' AND d.owner = p_owner;
    clock := ges_clock();
END $$;

-- Whether each lease is the newest, unexpired, and of the newest version.
CREATE FUNCTION ges_held(
    p_ids uuid[], p_tenants text[], p_fences int8[], p_versions int8[], p_now int8, OUT held bool[], OUT clock int8)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    held := coalesce((SELECT array_agg(d.id IS NOT NULL ORDER BY b.n)
        FROM unnest(p_ids, p_tenants, p_fences, p_versions) WITH ORDINALITY b (id, tenant, fence, version, n)
        LEFT JOIN LATERAL (SELECT t.key FROM tenant t WHERE t.name = b.tenant OFFSET 0) t ON true
        LEFT JOIN LATERAL (SELECT * FROM due d WHERE d.id = b.id AND d.tenant = t.key OFFSET 0) d
            ON d.fence = b.fence AND d.version = b.version AND d.lease_until > p_now), '{}');
    clock := ges_clock();
END $$;

-- The earliest instant at which something can be leased by its own instant; never when there is none.
CREATE FUNCTION ges_next_wake(OUT next int8, OUT clock int8) LANGUAGE plpgsql STABLE AS $$
BEGIN
    next := least(
        (SELECT d.due FROM due d WHERE d.owner = '' ORDER BY d.due LIMIT 1),
        (SELECT greatest(d.due, d.lease_until) FROM due d WHERE d.owner <> ''
         ORDER BY greatest(d.due, d.lease_until) LIMIT 1),
        9223372036854775807);
    clock := ges_clock();
END $$;

-- Removes finished records desired at or before that instant, oldest first.
CREATE FUNCTION ges_purge(p_before int8, p_most int8) RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    ids uuid[];
    tenants int4[];
    services int4[];
    dues tid[];
    tails tid[];
    records tid[];
    gone record;
BEGIN
    SELECT array_agg(c.id), array_agg(c.tenant), array_agg(DISTINCT c.service) INTO ids, tenants, services
        FROM (SELECT * FROM callback c WHERE c.finished AND c.desired <= p_before ORDER BY c.desired LIMIT p_most) c;
    IF ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM ges_lock(services);
    PERFORM 1 FROM (SELECT * FROM unnest(ids, tenants) b (id, tenant) ORDER BY b.id, b.tenant OFFSET 0) b
        CROSS JOIN LATERAL (SELECT 1 FROM due d WHERE d.id = b.id AND d.tenant = b.tenant FOR UPDATE) d;
    -- Under the locks, what is still as it was.
    SELECT array_agg(c.ctid), array_agg(c.id), array_agg(c.tenant) INTO records, ids, tenants
        FROM unnest(ids, tenants) b (id, tenant)
        CROSS JOIN LATERAL (SELECT c.ctid, c.id, c.tenant FROM callback c
            WHERE c.id = b.id AND c.tenant = b.tenant AND c.finished AND c.service = ANY (services) OFFSET 0) c;
    dues := ARRAY(SELECT d.ctid FROM unnest(ids, tenants) b (id, tenant)
        CROSS JOIN LATERAL (SELECT d.ctid FROM due d WHERE d.id = b.id AND d.tenant = b.tenant OFFSET 0) d);
    tails := ARRAY(SELECT t.ctid FROM unnest(ids, tenants) b (id, tenant)
        CROSS JOIN LATERAL (SELECT t.ctid FROM tail t WHERE t.id = b.id AND t.tenant = b.tenant OFFSET 0) t);
    WITH removed AS (
        DELETE FROM callback c WHERE c.ctid = ANY (records)
        RETURNING c.service, least(greatest(c.desired, 0) / 60000, 2147483647)::int4 AS minute, c.place
    )
    SELECT count(*) AS records, array_agg(r.service) FILTER (WHERE r.place) AS services,
           array_agg(r.minute) FILTER (WHERE r.place) AS minutes, array_agg(-1) FILTER (WHERE r.place) AS deltas
        INTO gone FROM removed r;
    DELETE FROM due d WHERE d.ctid = ANY (dues);
    DELETE FROM tail t WHERE t.ctid = ANY (tails);
    IF gone.services IS NOT NULL THEN
        PERFORM ges_places(gone.services, gone.minutes, gone.deltas);
    END IF;
    RETURN gone.records;
END $$;

-- Writes requests of a group if its version is the one that was read. Asked again after a lost answer, it also says
-- yes when just this was written.
CREATE FUNCTION ges_call_in(
    p_tenant text, p_group text, p_expected int8, p_ids uuid[], p_waiting bool[], p_created int8[], p_records text[],
    p_again bool)
RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
    known record;
BEGIN
    INSERT INTO call_in_group (tenant, name, version) VALUES (p_tenant, p_group, 0) ON CONFLICT (tenant, name) DO NOTHING;
    SELECT g.key, g.version INTO known FROM call_in_group g WHERE g.tenant = p_tenant AND g.name = p_group FOR UPDATE;
    IF known.version <> p_expected THEN
        RETURN p_again AND known.version = p_expected + 1
            AND NOT EXISTS (SELECT 1 FROM unnest(p_ids, p_records) b (id, record)
                            LEFT JOIN call_in c ON c.id = b.id AND c.tenant = p_tenant
                            WHERE c.record IS DISTINCT FROM b.record);
    END IF;
    INSERT INTO call_in (tenant, id, group_key, waiting, created, record)
        SELECT p_tenant, b.id, known.key, b.waiting, b.created, b.record
        FROM unnest(p_ids, p_waiting, p_created, p_records) WITH ORDINALITY b (id, waiting, created, record, n)
        WHERE NOT EXISTS (SELECT 1 FROM unnest(p_ids) WITH ORDINALITY l (id, n) WHERE l.id = b.id AND l.n > b.n)
        ORDER BY b.id
        ON CONFLICT (id, tenant) DO UPDATE SET group_key = excluded.group_key, waiting = excluded.waiting,
            created = excluded.created, record = excluded.record;
    UPDATE call_in_group SET version = version + 1 WHERE key = known.key;
    RETURN true;
END $$;

-- Publishes if the stored version is the one before.
CREATE FUNCTION ges_publish(p_tenant text, p_version int8, p_body text, p_again bool) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
    done int8;
BEGIN
    IF p_version = 1 THEN
        INSERT INTO settings (tenant, version, body) VALUES (p_tenant, 1, p_body) ON CONFLICT (tenant) DO NOTHING;
    ELSE
        UPDATE settings SET version = p_version, body = p_body WHERE tenant = p_tenant AND version = p_version - 1;
    END IF;
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done > 0 OR (p_again AND EXISTS
        (SELECT 1 FROM settings s WHERE s.tenant = p_tenant AND s.version = p_version AND s.body = p_body));
END $$;

-- The seat of a node; it takes the first that is free when it has none. NULL when all are taken.
CREATE FUNCTION ges_seat(p_name text) RETURNS int4 LANGUAGE plpgsql AS $$
DECLARE
    found int4;
BEGIN
    FOR attempt IN 1..32 LOOP
        SELECT n.seat INTO found FROM node n WHERE n.name = p_name;
        EXIT WHEN found IS NOT NULL;
        SELECT s.seat INTO found FROM generate_series(0, 31) s (seat)
            WHERE NOT EXISTS (SELECT 1 FROM node n WHERE n.seat = s.seat) ORDER BY s.seat LIMIT 1;
        EXIT WHEN found IS NULL;
        INSERT INTO node (seat, name, started) VALUES (found, p_name, ges_clock() / 1000) ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN found;
END $$;

-- Ends all leases of a node and gives up its seat, both or neither: who finds it gone may be gone himself a moment later.
CREATE FUNCTION ges_leave(p_name text) RETURNS int8 LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ges_end_leases(p_name);
    DELETE FROM node n WHERE n.name = p_name;
    RETURN ges_clock();
END $$;

-- Whom the node of this seat watches: the next one, in a ring. It is the node itself when it is alone.
CREATE FUNCTION ges_next_seat(p_seat int4, OUT seat int4, OUT name text) LANGUAGE sql STABLE AS $$
    SELECT n.seat, n.name FROM node n ORDER BY n.seat <= p_seat, n.seat LIMIT 1
$$;

-- Wakes the nodes that wait for somebody, so that they look at the ring again.
CREATE FUNCTION ges_wake_ring(p_waiting text[]) RETURNS int8 LANGUAGE sql VOLATILE AS $$
    SELECT count(pg_cancel_backend(a.pid)) FROM pg_stat_activity a
    WHERE a.application_name = ANY (p_waiting) AND a.datname = current_database() AND a.wait_event_type = 'Lock'
$$;

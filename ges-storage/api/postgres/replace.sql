-- Replaces records that differ in id, each by itself. Guards may come only with a single one; its own record does not
-- count for them, and `broken` is the number of the first that does not hold.
CREATE FUNCTION replace_records(p_changes replacement[], p_guards guard[],
                                OUT verdicts verdict[], OUT broken int8, OUT clock int8)
LANGUAGE plpgsql AS $$
DECLARE
    locked int4[] := ARRAY(SELECT DISTINCT c.service FROM unnest(p_changes) c);
    services int4[];
    other int4[];
    counts int8[];
    moves move[];
    done replacement[];
BEGIN
    PERFORM lock_services(locked);
    LOOP
        -- Who changes a record holds its service, and who leases it holds its row in due: those rows are locked in the
        -- order in which they are given.
        SELECT array_agg(x.verdict), array_agg(x.service),
               array_agg(ROW(x.service, x.minute, x.place, x.state, -1)::move) FILTER (WHERE x.moves)
               || array_agg(ROW(x.next_service, x.next_minute, x.next_place, x.next_state, 1)::move) FILTER (WHERE x.moves)
            INTO verdicts, services, moves
            FROM (SELECT x.*, x.verdict = 'DONE' AND (x.service, x.minute, x.place, x.state)
                              <> (x.next_service, x.next_minute, x.next_place, x.next_state) AS moves
                FROM (SELECT CASE
                    WHEN c.id IS NULL THEN 'MISSING'::verdict
                    WHEN c.version <> b.expected THEN
                        CASE WHEN c.version = b.version AND c.record = b.record
                                  AND (b.keeps_data OR whole_data(c.id, c.tenant, c.data) = b.data)
                             THEN 'DONE_BEFORE'::verdict ELSE 'STALE' END
                    WHEN b.fence IS NOT NULL AND (d.owner IS NULL OR d.owner = '' OR d.fence <> b.fence) THEN 'FENCED'
                    ELSE 'DONE' END AS verdict,
                    c.service, minute_of(c.desired) AS minute, c.place, c.state, b.service AS next_service,
                    minute_of(b.desired) AS next_minute, b.place AS next_place, b.state AS next_state
                FROM unnest(p_changes) WITH ORDINALITY b
                LEFT JOIN callback c ON c.id = b.id AND c.tenant = b.tenant
                LEFT JOIN LATERAL (SELECT d.owner, d.fence FROM due d WHERE d.id = b.id AND d.tenant = b.tenant FOR UPDATE) d
                     ON true
                ORDER BY b.ordinality) x) x;
        -- A record may come from another service, whose row has to be locked too before the record is read.
        other := ARRAY(SELECT DISTINCT s.key FROM unnest(services) s (key) WHERE s.key <> ALL (locked));
        EXIT WHEN cardinality(other) = 0;
        PERFORM lock_services(other);
        locked := locked || other;
    END LOOP;
    IF cardinality(p_guards) > 0 AND verdicts[1] = 'DONE' THEN
        counts := counted(p_guards, p_changes[1].id, p_changes[1].tenant);
        broken := (SELECT min(g.ordinality) FROM unnest(p_guards) WITH ORDINALITY g WHERE counts[g.ordinality] >= g.room);
        IF broken IS NOT NULL THEN
            verdicts[1] := 'REFUSED';
        END IF;
    END IF;
    clock := clock();
    IF 'DONE' <> ALL (verdicts) THEN
        RETURN;
    END IF;

    done := CASE WHEN 'DONE' = ALL (verdicts) THEN p_changes
                 ELSE ARRAY(SELECT p_changes[v.n] FROM unnest(verdicts) WITH ORDINALITY v (verdict, n)
                            WHERE v.verdict = 'DONE' ORDER BY v.n) END;
    IF moves IS NOT NULL THEN
        PERFORM recount(moves, true);
    END IF;
    IF EXISTS (SELECT 1 FROM unnest(done) b WHERE NOT b.keeps_data) THEN
        PERFORM replace_tails(done);
    END IF;
    -- Each is there, so each is the update of a conflict.
    INSERT INTO callback AS c (id, desired, number, version, tenant, service, state, finished, place, record, data)
        SELECT b.id, b.desired, b.number, b.version, b.tenant, b.service, b.state, b.state = 'COMPLETED', b.place,
               b.record, CASE WHEN b.keeps_data THEN NULL ELSE substr(b.data, 1, cut_of(b.data)) END
        FROM unnest(done) b
        ON CONFLICT (id, tenant) DO UPDATE SET
            desired = excluded.desired, number = excluded.number, version = excluded.version,
            service = excluded.service, state = excluded.state, finished = excluded.finished, place = excluded.place,
            record = excluded.record, data = coalesce(excluded.data, c.data);
    PERFORM set_due(done);
END $$;

-- The last pieces of user data that is replaced.
CREATE FUNCTION replace_tails(p_changes replacement[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gone tid[] := ARRAY(SELECT t.ctid FROM unnest(p_changes) b
        CROSS JOIN LATERAL (SELECT t.ctid FROM tail t WHERE t.id = b.id AND t.tenant = b.tenant OFFSET 0) t
        WHERE NOT b.keeps_data);
BEGIN
    DELETE FROM tail t WHERE t.ctid = ANY (gone);
    INSERT INTO tail (id, tenant, data)
        SELECT b.id, b.tenant, substr(b.data, cut_of(b.data) + 1)
        FROM unnest(p_changes) b WHERE NOT b.keeps_data AND length(b.data) > cut_of(b.data);
END $$;

-- When changed records need attention. A lease under which a record was changed stays, any other one ends.
CREATE FUNCTION set_due(p_changes replacement[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gone tid[] := ARRAY(SELECT d.ctid FROM unnest(p_changes) b
        CROSS JOIN LATERAL (SELECT d.ctid FROM due d WHERE d.id = b.id AND d.tenant = b.tenant OFFSET 0) d
        WHERE b.fence IS NULL AND NOT b.waiting AND b.wake IS NULL);
BEGIN
    IF cardinality(gone) > 0 THEN
        DELETE FROM due d WHERE d.ctid = ANY (gone);
    END IF;
    INSERT INTO due AS d (id, desired, version, wake, due, lease_until, fence, tenant, service, waiting, owner)
        SELECT b.id, b.desired, b.version, coalesce(b.wake, never()), coalesce(b.wake, never()), 0, coalesce(b.fence, 0),
               b.tenant, b.service, b.waiting, ''
        FROM unnest(p_changes) b WHERE b.fence IS NOT NULL OR b.waiting OR b.wake IS NOT NULL
        ON CONFLICT (id, tenant) DO UPDATE SET
            desired = excluded.desired, version = excluded.version, wake = excluded.wake, due = excluded.due,
            service = excluded.service, waiting = excluded.waiting, fence = excluded.fence,
            lease_until = CASE WHEN excluded.fence = 0 THEN 0 ELSE d.lease_until END,
            owner = CASE WHEN excluded.fence = 0 THEN '' ELSE d.owner END;
END $$;

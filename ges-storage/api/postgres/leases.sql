-- Leases what needs attention, earliest first. The first row is no record: it says when there will be more.
CREATE FUNCTION lease(
    p_owner text, p_now int8, p_until int8, p_expires int8, p_most int8, r_services int4[], r_before int8[])
RETURNS TABLE (id uuid, tenant int4, tenant_name text, version int8, fence int8, record text, data bytea, due int8,
               next int8, clock int8)
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
    RETURN QUERY SELECT NULL::uuid, NULL::int4, NULL::text, NULL::int8, NULL::int8, NULL::text, NULL::bytea, NULL::int8,
                        w.next, w.clock FROM next_wake() w;
    -- Only now are the records read: who changes one has changed it before the lease or waits for it.
    RETURN QUERY SELECT c.id, c.tenant, t.name, c.version, l.fence, c.record, whole_data(c.id, c.tenant, c.data), l.due,
                        NULL::int8, NULL::int8
        FROM unnest(ids, tenants, fences, dues) l (id, tenant, fence, due)
        CROSS JOIN LATERAL (SELECT * FROM callback c WHERE c.id = l.id AND c.tenant = l.tenant OFFSET 0) c
        CROSS JOIN LATERAL (SELECT t.name FROM tenant t WHERE t.key = l.tenant OFFSET 0) t
        ORDER BY l.due, l.id, l.tenant;
END $$;

-- Gives leases back. Not flushed to the disk by itself: a release that is lost costs a wait, nothing else.
CREATE FUNCTION give_back(p_leases returned[]) RETURNS int8 LANGUAGE plpgsql AS $$
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
           array_agg(d.waiting OR d.wake < never())
        INTO ids, tenants, dues, kept
        FROM unnest(p_leases) b
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
    RETURN clock();
END $$;

-- Ends all leases of a node.
CREATE FUNCTION end_leases(p_owner text, OUT ended int8, OUT clock int8) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM due d WHERE d.owner <> '' AND d.owner = p_owner ORDER BY d.id, d.tenant FOR UPDATE;
    GET DIAGNOSTICS ended = ROW_COUNT;
    DELETE FROM due d WHERE d.owner <> '' AND d.owner = p_owner AND NOT d.waiting AND d.wake = never();
    UPDATE due d SET owner = '', lease_until = 0, fence = 0 WHERE d.owner <> '' AND d.owner = p_owner;
    clock := clock();
END $$;

-- Whether each lease is the newest, unexpired, and of the newest version.
CREATE FUNCTION held(p_claims claim[], p_now int8, OUT held bool[], OUT clock int8) LANGUAGE plpgsql STABLE AS $$
BEGIN
    held := ARRAY(SELECT d.id IS NOT NULL
        FROM unnest(p_claims) WITH ORDINALITY b
        LEFT JOIN LATERAL (SELECT t.key FROM tenant t WHERE t.name = b.tenant OFFSET 0) t ON true
        LEFT JOIN LATERAL (SELECT * FROM due d WHERE d.id = b.id AND d.tenant = t.key OFFSET 0) d
            ON d.fence = b.fence AND d.version = b.version AND d.lease_until > p_now
        ORDER BY b.ordinality);
    clock := clock();
END $$;

-- The earliest instant at which something can be leased by its own instant; never when there is none.
CREATE FUNCTION next_wake(OUT next int8, OUT clock int8) LANGUAGE plpgsql STABLE AS $$
BEGIN
    next := least(
        (SELECT d.due FROM due d WHERE d.owner = '' ORDER BY d.due LIMIT 1),
        (SELECT greatest(d.due, d.lease_until) FROM due d WHERE d.owner <> ''
         ORDER BY greatest(d.due, d.lease_until) LIMIT 1),
        never());
    clock := clock();
END $$;

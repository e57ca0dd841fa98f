-- What is counted of a service: places by the minute, records by state. Its row is the lock under which they change.

-- Takes the locks under which records of these services are written, always in the same order.
CREATE FUNCTION lock_services(p_services int4[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM service WHERE key = ANY (p_services) ORDER BY key FOR UPDATE;
END $$;

-- How many records count for each guard. The record of that id, if one is given, does not count: it is the one to be
-- changed.
CREATE FUNCTION counted(p_guards guard[], p_own uuid, p_tenant int4) RETURNS int8[] LANGUAGE plpgsql AS $$
BEGIN
    RETURN coalesce((SELECT array_agg(CASE g.kind
        WHEN 'MINUTES' THEN (SELECT coalesce(sum(p.taken), 0)::int8 FROM place p
                             WHERE p.service = g.service AND p.minute >= g.low AND p.minute < g.high)
        WHEN 'INSTANTS' THEN (SELECT count(*) FROM callback c
                              WHERE c.tenant = (SELECT s.tenant FROM service s WHERE s.key = g.service)
                                AND c.desired >= g.low AND c.desired < g.high AND c.service = g.service AND c.place)
        WHEN 'NUMBER' THEN (SELECT count(*) FROM (SELECT 1 FROM callback c
                            WHERE c.number = g.low AND c.service = g.service AND NOT c.finished LIMIT g.high) known)
        ELSE (SELECT s.queued + s.routing + s.processing FROM service s WHERE s.key = g.service) END
        - coalesce(own.service = g.service AND CASE g.kind
            WHEN 'MINUTES' THEN own.place AND minute_of(own.desired) >= g.low AND minute_of(own.desired) < g.high
            WHEN 'INSTANTS' THEN own.place AND own.desired >= g.low AND own.desired < g.high
            WHEN 'NUMBER' THEN NOT own.finished AND own.number = g.low
            ELSE is_active(own.state) END, false)::int
        ORDER BY g.ordinality)
        FROM unnest(p_guards) WITH ORDINALITY g LEFT JOIN callback own ON own.id = p_own AND own.tenant = p_tenant), '{}');
END $$;

-- Counts records in and, when some cease to count, out. A minute without a place taken has no row.
CREATE FUNCTION recount(p_moves move[], p_some_cease bool) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    empty tid[];
BEGIN
    INSERT INTO place AS p (service, minute, taken)
        SELECT m.service, m.minute, sum(m.sign) FROM unnest(p_moves) m WHERE m.place
        GROUP BY m.service, m.minute HAVING sum(m.sign) <> 0
        ON CONFLICT (service, minute) DO UPDATE SET taken = p.taken + excluded.taken;
    IF p_some_cease THEN
        empty := ARRAY(SELECT p.ctid FROM unnest(p_moves) m
            CROSS JOIN LATERAL (SELECT p.ctid FROM place p
                WHERE p.service = m.service AND p.minute = m.minute AND p.taken <= 0 OFFSET 0) p
            WHERE m.place AND m.sign < 0);
        DELETE FROM place p WHERE p.ctid = ANY (empty);
    END IF;
    UPDATE service s SET scheduled = s.scheduled + d.scheduled, queued = s.queued + d.queued,
                         routing = s.routing + d.routing, processing = s.processing + d.processing
        FROM (SELECT m.service,
                     coalesce(sum(m.sign) FILTER (WHERE m.state = 'SCHEDULED'), 0) AS scheduled,
                     coalesce(sum(m.sign) FILTER (WHERE m.state = 'QUEUED'), 0) AS queued,
                     coalesce(sum(m.sign) FILTER (WHERE m.state = 'ROUTING'), 0) AS routing,
                     coalesce(sum(m.sign) FILTER (WHERE m.state = 'PROCESSING'), 0) AS processing
              FROM unnest(p_moves) m WHERE m.state <> 'COMPLETED' GROUP BY m.service) d
        WHERE s.key = d.service AND (d.scheduled, d.queued, d.routing, d.processing) <> (0, 0, 0, 0);
END $$;

-- Inserts all of these records, or none: none when one of them is known, or a guard has less room than they need. The
-- answer tells which are known and what the guards counted.
CREATE FUNCTION book(p_bookings booking[], p_guards guard[],
                     OUT written bool, OUT known bool[], OUT counts int8[], OUT clock int8)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_services(ARRAY(SELECT b.service FROM unnest(p_bookings) b));
    counts := counted(p_guards, NULL, NULL);
    known := ARRAY(SELECT c.id IS NOT NULL FROM unnest(p_bookings) WITH ORDINALITY b
                   LEFT JOIN callback c ON c.id = b.id AND c.tenant = b.tenant ORDER BY b.ordinality);
    written := NOT (true = ANY (known))
        AND NOT EXISTS (SELECT 1 FROM unnest(p_guards) WITH ORDINALITY g WHERE counts[g.ordinality] >= g.room);
    IF written THEN
        INSERT INTO callback (id, desired, number, version, tenant, service, state, finished, place, record, data)
            SELECT b.id, b.desired, b.number, b.version, b.tenant, b.service, b.state, b.state = 'COMPLETED', b.place,
                   b.record, substr(b.data, 1, cut_of(b.data))
            FROM unnest(p_bookings) b;
        INSERT INTO tail (id, tenant, data)
            SELECT b.id, b.tenant, substr(b.data, cut_of(b.data) + 1)
            FROM unnest(p_bookings) b WHERE length(b.data) > cut_of(b.data);
        INSERT INTO due (id, desired, version, wake, due, lease_until, fence, tenant, service, waiting, owner)
            SELECT b.id, b.desired, b.version, coalesce(b.wake, never()), coalesce(b.wake, never()), 0, 0, b.tenant,
                   b.service, b.waiting, ''
            FROM unnest(p_bookings) b WHERE b.waiting OR b.wake IS NOT NULL;
        PERFORM recount(ARRAY(SELECT ROW(b.service, minute_of(b.desired), b.place, b.state, 1)::move
                              FROM unnest(p_bookings) b), false);
    END IF;
    clock := clock();
END $$;

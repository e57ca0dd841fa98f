-- Removes finished records desired at or before that instant, oldest first; answers how many.
CREATE FUNCTION purge(p_before int8, p_most int8) RETURNS int8 LANGUAGE plpgsql AS $$
DECLARE
    ids uuid[];
    tenants int4[];
    services int4[];
    dues tid[];
    tails tid[];
    records tid[];
    removed move[];
BEGIN
    SELECT array_agg(c.id), array_agg(c.tenant), array_agg(DISTINCT c.service) INTO ids, tenants, services
        FROM (SELECT * FROM callback c WHERE c.finished AND c.desired <= p_before ORDER BY c.desired LIMIT p_most) c;
    IF ids IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM lock_services(services);
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
    WITH gone AS (
        DELETE FROM callback c WHERE c.ctid = ANY (records)
        RETURNING ROW(c.service, minute_of(c.desired), c.place, c.state, -1)::move AS move
    )
    SELECT array_agg(g.move) INTO removed FROM gone g;
    DELETE FROM due d WHERE d.ctid = ANY (dues);
    DELETE FROM tail t WHERE t.ctid = ANY (tails);
    PERFORM recount(removed, true);
    RETURN coalesce(cardinality(removed), 0);
END $$;

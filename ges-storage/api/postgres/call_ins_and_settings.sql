-- Writes requests of a group if its version is the one that was read. Asked again after a lost answer, it also says
-- yes when just this was written.
CREATE FUNCTION write_call_ins(
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
CREATE FUNCTION publish(p_tenant text, p_version int8, p_body text, p_again bool) RETURNS bool LANGUAGE plpgsql AS $$
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


-- User data lies with its record in whole pieces of 1,996 bytes; a short last piece lies in the tail (see the tables).

-- How many bytes lie with the record. Only where whole pieces lie with the record, and nothing else, there can be others.
CREATE FUNCTION cut_of(p_data bytea) RETURNS int4 LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN length(p_data) < 1996 OR length(p_data) % 1996 > 1300 THEN length(p_data)
                ELSE length(p_data) / 1996 * 1996 END
$$;

CREATE FUNCTION tail_of(p_id uuid, p_tenant int4) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT t.data FROM tail t WHERE t.id = p_id AND t.tenant = p_tenant), '')
$$;

-- The user data of a record, whole.
CREATE FUNCTION whole_data(p_id uuid, p_tenant int4, p_data bytea) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN length(p_data) > 0 AND length(p_data) % 1996 = 0
                THEN p_data || tail_of(p_id, p_tenant) ELSE p_data END
$$;

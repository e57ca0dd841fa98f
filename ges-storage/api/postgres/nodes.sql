-- The seat of a node; it takes the first that is free when it has none. NULL when all are taken.
CREATE FUNCTION take_seat(p_name text) RETURNS int4 LANGUAGE plpgsql AS $$
DECLARE
    found int4;
BEGIN
    FOR attempt IN 1..32 LOOP
        SELECT n.seat INTO found FROM node n WHERE n.name = p_name;
        EXIT WHEN found IS NOT NULL;
        SELECT s.seat INTO found FROM generate_series(0, 31) s (seat)
            WHERE NOT EXISTS (SELECT 1 FROM node n WHERE n.seat = s.seat) ORDER BY s.seat LIMIT 1;
        EXIT WHEN found IS NULL;
        INSERT INTO node (seat, name, started) VALUES (found, p_name, clock() / 1000) ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN found;
END $$;

-- Ends all leases of a node and gives up its seat, both or neither: who finds it gone may be gone himself a moment later.
CREATE FUNCTION leave(p_name text) RETURNS int8 LANGUAGE plpgsql AS $$
BEGIN
    PERFORM end_leases(p_name);
    DELETE FROM node n WHERE n.name = p_name;
    RETURN clock();
END $$;

-- Whom the node of this seat watches: the next one, in a ring. It is the node itself when it is alone.
CREATE FUNCTION next_seat(p_seat int4, OUT seat int4, OUT name text) LANGUAGE sql STABLE AS $$
    SELECT n.seat, n.name FROM node n ORDER BY n.seat <= p_seat, n.seat LIMIT 1
$$;

-- Wakes the nodes that wait for somebody, so that they look at the ring again.
CREATE FUNCTION wake_ring(p_waiting text[]) RETURNS int8 LANGUAGE sql VOLATILE AS $$
    SELECT count(pg_cancel_backend(a.pid)) FROM pg_stat_activity a
    WHERE a.application_name = ANY (p_waiting) AND a.datname = current_database() AND a.wait_event_type = 'Lock'
$$;

-- The keys of a tenant and a service, entered when they are unknown.
CREATE FUNCTION name_keys(p_tenant text, p_service text, OUT tenant int4, OUT service int4)
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

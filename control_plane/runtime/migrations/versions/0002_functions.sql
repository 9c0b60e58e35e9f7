-- Every look across tenants, each answering one question about one secret or one person.
-- They run as the owner, for whom 0002 has policies on exactly the tables read here.

-- Called in a tenant's transaction, so that sign-up is one commit. It only ever adds a person.
CREATE FUNCTION create_user(
    p_id uuid, p_email text, p_name text, p_password_hash text, p_language text,
    p_at timestamptz, p_issuer text, p_subject text
) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    WITH made AS (
        INSERT INTO users (id, email, name, password_hash, language, created_at)
        VALUES (p_id, p_email, p_name, p_password_hash, p_language, p_at)
        ON CONFLICT (email) DO NOTHING RETURNING id
    ), linked AS (
        INSERT INTO user_identities (issuer, subject, user_id, linked_at)
        SELECT p_issuer, p_subject, id, p_at FROM made WHERE p_issuer IS NOT NULL
    )
    SELECT EXISTS (SELECT 1 FROM made);
$body$;

CREATE FUNCTION auth_user_by_email(p_email text)
RETURNS TABLE (id uuid, password_hash text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    SELECT u.id, u.password_hash FROM users u WHERE u.email = p_email;
$body$;

CREATE FUNCTION auth_user_by_identity(p_issuer text, p_subject text)
RETURNS TABLE (id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    SELECT i.user_id FROM user_identities i WHERE i.issuer = p_issuer AND i.subject = p_subject;
$body$;

-- False when the identity belongs to another person already.
CREATE FUNCTION auth_link_identity(p_issuer text, p_subject text, p_user_id uuid, p_at timestamptz)
RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    WITH linked AS (
        INSERT INTO user_identities (issuer, subject, user_id, linked_at)
        VALUES (p_issuer, p_subject, p_user_id, p_at)
        ON CONFLICT DO NOTHING RETURNING user_id
    )
    SELECT EXISTS (SELECT 1 FROM linked);
$body$;

-- Only whoever knows the old hash may replace it.
CREATE FUNCTION auth_replace_password_hash(p_user_id uuid, p_old text, p_new text)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    UPDATE users SET password_hash = p_new WHERE id = p_user_id AND password_hash = p_old;
$body$;

CREATE FUNCTION auth_set_language(p_hash text, p_language text)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    UPDATE users u SET language = p_language
    FROM sessions s WHERE s.hash = p_hash AND u.id = s.user_id;
$body$;

CREATE FUNCTION auth_memberships(p_user_id uuid)
RETURNS TABLE (tenant_id uuid, slug text, name text, sandbox boolean, role text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    SELECT o.id, o.slug, o.name, o.sandbox, m.role
    FROM members m JOIN organisations o ON o.id = m.tenant_id
    WHERE m.user_id = p_user_id AND o.state = 'active'
    ORDER BY m.joined_at, o.id;
$body$;

-- A session starts in the tenant its person joined first.
CREATE FUNCTION auth_open_session(
    p_id uuid, p_hash text, p_user_id uuid,
    p_at timestamptz, p_idle_expires_at timestamptz, p_expires_at timestamptz
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    INSERT INTO sessions
        (id, hash, user_id, tenant_id, created_at, seen_at, idle_expires_at, expires_at)
    VALUES (
        p_id, p_hash, p_user_id, (SELECT a.tenant_id FROM auth_memberships(p_user_id) a LIMIT 1),
        p_at, p_at, p_idle_expires_at, p_expires_at
    );
$body$;

CREATE FUNCTION auth_session(p_hash text, p_at timestamptz)
RETURNS TABLE (
    id uuid, user_id uuid, email text, name text, language text, staff_roles text[],
    tenant_id uuid, role text, seen_at timestamptz, expires_at timestamptz
)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    SELECT s.id, u.id, u.email, u.name, u.language, u.staff_roles,
        o.id, m.role, s.seen_at, s.expires_at
    FROM sessions s JOIN users u ON u.id = s.user_id
    LEFT JOIN organisations o ON o.id = s.tenant_id AND o.state = 'active'
    LEFT JOIN members m ON m.tenant_id = o.id AND m.user_id = u.id
    WHERE s.hash = p_hash AND s.idle_expires_at > p_at AND s.expires_at > p_at;
$body$;

CREATE FUNCTION auth_touch_session(p_hash text, p_at timestamptz, p_idle_expires_at timestamptz)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    UPDATE sessions SET seen_at = p_at, idle_expires_at = p_idle_expires_at
    WHERE hash = p_hash AND seen_at < p_at;
$body$;

CREATE FUNCTION auth_switch_tenant(p_hash text, p_tenant_id uuid)
RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    WITH moved AS (
        UPDATE sessions s SET tenant_id = p_tenant_id
        WHERE s.hash = p_hash
          AND p_tenant_id IN (SELECT a.tenant_id FROM auth_memberships(s.user_id) a)
        RETURNING s.id
    )
    SELECT EXISTS (SELECT 1 FROM moved);
$body$;

CREATE FUNCTION auth_close_session(p_hash text)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    DELETE FROM sessions WHERE hash = p_hash;
$body$;

-- A key expires on its tenant's clock: a sandbox's test clock, or else real time (p_at).
CREATE FUNCTION auth_api_key(p_hash text, p_at timestamptz)
RETURNS TABLE (tenant_id uuid, id uuid, name text, scopes text[])
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    SELECT k.tenant_id, k.id, k.name, k.scopes
    FROM api_keys k JOIN organisations o ON o.id = k.tenant_id AND o.state = 'active'
    LEFT JOIN test_clocks c ON c.tenant_id = k.tenant_id
    WHERE k.hash = p_hash AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > coalesce(c.now_at, p_at));
$body$;

CREATE FUNCTION auth_service_token(p_hash text)
RETURNS TABLE (tenant_id uuid, id uuid, instance_id uuid, module text, scopes text[])
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    SELECT t.tenant_id, t.id, t.instance_id, t.module, t.scopes
    FROM service_tokens t WHERE t.hash = p_hash AND t.revoked_at IS NULL;
$body$;

CREATE FUNCTION auth_invitation(p_hash text, p_at timestamptz)
RETURNS TABLE (tenant_id uuid, id uuid, organisation text, email text, role text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    SELECT i.tenant_id, i.id, o.name, i.email, i.role
    FROM invitations i JOIN organisations o ON o.id = i.tenant_id AND o.state = 'active'
    WHERE i.hash = p_hash AND i.accepted_at IS NULL AND i.revoked_at IS NULL
      AND i.expires_at > p_at;
$body$;

CREATE FUNCTION auth_begin_oidc(
    p_hash text, p_nonce text, p_code_verifier text, p_expires_at timestamptz
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    INSERT INTO oidc_logins (hash, nonce, code_verifier, expires_at)
    VALUES (p_hash, p_nonce, p_code_verifier, p_expires_at);
$body$;

-- A login answers once: whoever comes second finds nothing.
CREATE FUNCTION auth_consume_oidc(p_hash text)
RETURNS TABLE (nonce text, code_verifier text, expires_at timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    DELETE FROM oidc_logins l WHERE l.hash = p_hash
    RETURNING l.nonce, l.code_verifier, l.expires_at;
$body$;

CREATE FUNCTION auth_purge(p_at timestamptz)
RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    WITH s AS (
        DELETE FROM sessions WHERE expires_at <= p_at OR idle_expires_at <= p_at RETURNING 1
    ), l AS (
        DELETE FROM oidc_logins WHERE expires_at <= p_at RETURNING 1
    )
    SELECT (SELECT count(*) FROM s) + (SELECT count(*) FROM l);
$body$;

-- PostgreSQL lets everybody call a new function; these belong to one role each.
DO $grants$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN
        SELECT oid FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND (proname ~ '^auth_' OR proname = 'create_user')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format(
            'GRANT EXECUTE ON FUNCTION %s TO %I', f,
            CASE WHEN f::text ~ '^create_user' THEN 'tallyard_tenant' ELSE 'tallyard_auth' END
        );
    END LOOP;
END
$grants$;

"""The five database roles, one login each (architecture, idea 8).

Roles belong to the whole cluster, so they are created once here and never by a
migration. Passwords are derived from the secret key: nothing to store, nothing
to leak, and rotating the key rotates them at the next ``tallyard migrate``.
"""

import hashlib
import hmac
from enum import StrEnum

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from control_plane.runtime.settings import Settings


class Role(StrEnum):
    """Who a connection is. Each has a pool of its own."""

    OWNER = "owner"
    """Owns every object; runs migrations and publishes the catalogue."""
    TENANT = "tenant"
    """Sees the rows of the one tenant set in its transaction."""
    SYSTEM = "system"
    """Claims ids from queue tables over all tenants, then sets a tenant."""
    STAFF = "staff"
    """Reads named tables over all tenants, for finance and operators."""
    AUTH = "auth"
    """Calls the look-up functions of identity, and nothing else."""

    @property
    def login(self) -> str:
        """The role's name in PostgreSQL."""
        return f"tallyard_{self.value}"


def role_password(settings: Settings, role: Role) -> str:
    """Derive the role's password from the secret key, as 64 hex digits."""
    return hmac.new(
        settings.secret_key.encode(), f"database-role:{role}".encode(), hashlib.sha256
    ).hexdigest()


def admin_url(settings: Settings) -> URL:
    """Give the configured login, as a psycopg URL for SQLAlchemy."""
    return make_url(settings.database_url).set(drivername="postgresql+psycopg")


def role_url(settings: Settings, role: Role) -> URL:
    """Give the URL by which ``role`` logs in to the same database."""
    return admin_url(settings).set(username=role.login, password=role_password(settings, role))


def plain_dsn(url: URL) -> str:
    """Give a URL that psycopg itself understands."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def ensure_cluster(settings: Settings) -> None:
    """Create the roles and the database where they are missing. Safe to repeat."""
    target = admin_url(settings)
    maintenance = plain_dsn(target.set(database="postgres"))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        # Advisory locks are per database: everybody meets in `postgres`.
        connection.execute("SELECT pg_advisory_lock(7061741)")
        for role in Role:
            _ensure_role(connection, settings, role)
        connection.execute("GRANT tallyard_tenant TO tallyard_system")
        connection.execute("GRANT tallyard_owner TO CURRENT_USER")
        _ensure_database(connection, str(target.database))


def _ensure_role(connection: psycopg.Connection, settings: Settings, role: Role) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role.login])
    verb = "ALTER" if known.fetchone() else "CREATE"
    connection.execute(
        sql.SQL("{verb} ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {password}").format(
            verb=sql.SQL(verb),
            name=sql.Identifier(role.login),
            password=sql.Literal(role_password(settings, role)),
        )
    )


def _ensure_database(connection: psycopg.Connection, name: str) -> None:
    known = connection.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    if known is None:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER tallyard_owner").format(sql.Identifier(name))
        )
    elif known[0] != Role.OWNER.login:
        # Made by somebody else, as hosted PostgreSQL is: only its owner may create tables there.
        connection.execute(
            sql.SQL("ALTER DATABASE {} OWNER TO tallyard_owner").format(sql.Identifier(name))
        )

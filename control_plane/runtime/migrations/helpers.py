"""What every migration says about a table: whose rows, and who may touch them."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op

_MINE = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"
_ALL = "SELECT, INSERT, UPDATE, DELETE"


def tenant_table(
    name: str,
    *,
    staff: bool = False,
    queue: bool = False,
    privileges: str = _ALL,
    tenant_column: str = "tenant_id",
) -> None:
    """Make ``name`` visible to one tenant at a time, because PostgreSQL says so.

    Args:
        name: the table, just created.
        staff: finance and operators may read it over all tenants.
        queue: the system role may see and update it over all tenants.
        privileges: what the tenant role may do; append-only tables pass
            ``"SELECT, INSERT"``.
        tenant_column: the column that holds the tenant's id.
    """
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {name}_tenant ON {name} TO tallyard_tenant "
        f"USING ({tenant_column} = {_MINE}) WITH CHECK ({tenant_column} = {_MINE})"
    )
    op.execute(f"GRANT {privileges} ON {name} TO tallyard_tenant")
    if staff:
        staff_read(name)
    if queue:
        system_queue(name)


def staff_read(name: str) -> None:
    """Let staff read every tenant's rows of ``name``, and never write one."""
    op.execute(f"CREATE POLICY {name}_staff ON {name} FOR SELECT TO tallyard_staff USING (true)")
    op.execute(f"GRANT SELECT ON {name} TO tallyard_staff")


def system_queue(name: str) -> None:
    """Let the system role claim rows of ``name`` over all tenants."""
    op.execute(f"CREATE POLICY {name}_read ON {name} FOR SELECT TO tallyard_system USING (true)")
    op.execute(
        f"CREATE POLICY {name}_claim ON {name} FOR UPDATE TO tallyard_system "
        "USING (true) WITH CHECK (true)"
    )
    op.execute(f"GRANT SELECT, UPDATE ON {name} TO tallyard_system")


def system_purge(name: str, *, when: str = "true") -> None:
    """Let the system role find and delete rows of ``name`` over all tenants, those ``when``."""
    # SKIP LOCKED locks what it finds, and PostgreSQL asks UPDATE policies about locks.
    for command in ("SELECT", "UPDATE", "DELETE"):
        check = " WITH CHECK (false)" if command == "UPDATE" else ""
        op.execute(
            f"CREATE POLICY {name}_purge_{command.lower()} ON {name} FOR {command} "
            f"TO tallyard_system USING ({when}){check}"
        )
    op.execute(f"GRANT SELECT, UPDATE, DELETE ON {name} TO tallyard_system")


def global_table(name: str, *, readers: str = "tallyard_tenant, tallyard_staff") -> None:
    """Make ``name``, which belongs to the vendor, readable and nothing more."""
    op.execute(f"GRANT SELECT ON {name} TO {readers}")


def append_only(name: str) -> None:
    """Refuse UPDATE, DELETE and TRUNCATE on ``name``, whoever asks."""
    op.execute(
        f"CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE ON {name} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


@contextmanager
def unforced(*names: str) -> Iterator[None]:
    """Let the owner see every tenant's rows of tables while a migration rewrites some."""
    for name in names:
        op.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
    yield
    for name in names:
        op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")

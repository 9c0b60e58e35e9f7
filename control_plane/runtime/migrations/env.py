"""Alembic's entry point: runs each migration in one transaction, as the owner."""

from alembic import context
from sqlalchemy import create_engine, text

from control_plane.runtime.roles import Role, role_url
from control_plane.runtime.settings import Settings


def _run() -> None:
    settings: Settings = context.config.attributes["settings"]
    engine = create_engine(role_url(settings, Role.OWNER))
    with engine.connect() as connection:
        # Two processes that migrate at once meet here; the second finds nothing to do.
        connection.execute(text("SELECT pg_advisory_lock(7061742)"))
        connection.commit()
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


_run()

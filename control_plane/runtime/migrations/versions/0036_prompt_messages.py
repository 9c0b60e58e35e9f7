"""The commit of a message that must leave at once wakes whoever delivers it."""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Only these topics: notifying commits wait for each other.
    op.execute(
        """
        CREATE FUNCTION outbox_prompt_wake() RETURNS trigger LANGUAGE plpgsql
        SET search_path = pg_catalog, public, pg_temp AS $body$
        BEGIN
            PERFORM pg_notify('outbox_prompt', '');
            RETURN NULL;
        END;
        $body$
        """
    )
    op.execute(
        "CREATE TRIGGER outbox_prompt AFTER INSERT ON outbox FOR EACH ROW "
        "WHEN (NEW.topic = 'entitlements.changed') EXECUTE FUNCTION outbox_prompt_wake()"
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")

"""Marks an organisation whose usage, or what it wants to be told of it, is not what it was."""

from sqlalchemy import text

# Marked already, nothing is written or locked: usage that comes all the time waits for nobody.
MARK_DUE = text(
    "INSERT INTO usage_alert_checks (tenant_id, due, checked_at) "
    "SELECT :tenant_id, true, to_timestamp(0) WHERE NOT EXISTS "
    "(SELECT FROM usage_alert_checks WHERE tenant_id = :tenant_id AND due) "
    "ON CONFLICT (tenant_id) DO UPDATE SET due = true"
)
"""Said in the transaction of the change itself."""

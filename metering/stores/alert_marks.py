"""Marks an organisation whose usage, or what it wants to be told of it, is not what it was."""

from sqlalchemy import text

# Written even where it is marked already: whoever looks meanwhile holds the row, and would take a
# mark off that was made before what this transaction stores can be seen.
MARK_DUE = text(
    "INSERT INTO usage_alert_checks (tenant_id, due, checked_at) "
    "VALUES (:tenant_id, true, to_timestamp(0)) "
    "ON CONFLICT (tenant_id) DO UPDATE SET due = true"
)
"""Said last in the transaction of the change itself, as others wait for it from then on."""

"""Usage events in ClickHouse, for installations that outgrow one PostgreSQL server."""

"""Usage in ClickHouse, through crashes and moves."""

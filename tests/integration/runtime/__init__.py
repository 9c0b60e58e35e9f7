"""Runtime against a real PostgreSQL."""

"""The API over HTTP, in process, on a real PostgreSQL."""

"""The use cases of standing, one a file."""

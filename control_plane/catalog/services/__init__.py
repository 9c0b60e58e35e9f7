"""The catalogue's use cases, one a file."""

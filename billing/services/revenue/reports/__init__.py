"""The reports of finance, one a file: each reads, and returns sheets."""

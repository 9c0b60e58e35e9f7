"""Use cases of tax."""

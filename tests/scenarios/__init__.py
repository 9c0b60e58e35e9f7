"""tests.scenarios."""

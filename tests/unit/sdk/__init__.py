"""tests.unit.sdk."""

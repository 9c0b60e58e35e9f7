"""tests.unit.kernel."""

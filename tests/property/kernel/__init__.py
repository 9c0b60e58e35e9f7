"""tests.property.kernel."""

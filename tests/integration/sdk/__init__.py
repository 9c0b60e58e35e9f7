"""tests.integration.sdk."""

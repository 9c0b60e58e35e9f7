"""Use cases of webhooks, one a file."""

"""The append-only record of who did what, chained by hash per tenant."""

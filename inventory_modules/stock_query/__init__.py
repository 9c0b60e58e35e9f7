"""Stock query: balances and movements, read from a projection of the ledger's events."""

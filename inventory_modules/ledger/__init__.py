"""The stock ledger: the tenant's one authority over quantity."""

"""What billing keeps of a tenant beside its subscriptions."""

"""Moving a plan's subscriptions to its newest version: previewed first, then tenant by tenant."""

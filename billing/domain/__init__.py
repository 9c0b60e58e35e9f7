"""Money as pure functions: what is due, what it costs, and why."""

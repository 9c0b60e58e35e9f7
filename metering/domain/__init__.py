"""Usage as values: events, what became of them, and what they add up to."""

"""Use cases of the what-if engine."""

"""The schema's history: one forward-only migration per step, one transaction each."""

"""Reads and writes billing's rows, within the caller's transaction."""

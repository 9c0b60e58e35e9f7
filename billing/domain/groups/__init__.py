"""Organisations that belong together: who pays for whom, and what is told to whom."""

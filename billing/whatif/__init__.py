"""Reads scenarios from text, and runs them."""

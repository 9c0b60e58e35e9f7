"""Numbered migrations, in order."""

"""Cells that people's spreadsheets may open safely."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe(text: str) -> str:
    """Return text that no spreadsheet runs as a formula (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text

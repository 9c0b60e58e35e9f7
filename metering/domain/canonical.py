"""The one JSON text of what is kept of an event."""

import msgspec

CANONICAL = msgspec.json.Encoder(order="sorted", decimal_format="number")
"""Writes equal values as equal bytes: sorted keys, no spaces, exact numbers.

Unlike the kernel's canonical JSON it takes decimals, which events may hold.
"""

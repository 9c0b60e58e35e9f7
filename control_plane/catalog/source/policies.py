"""Reads policies: only those that differ from the ones they are laid over."""

from enum import StrEnum

from control_plane.catalog.policies import DEFAULTS, LONGEST_TERM_DAYS, POLICY_NAMES, Choices
from control_plane.catalog.source.cursor import Cursor


def read_policies(cursor: Cursor | None) -> Choices:
    """Read a mapping of policies to their values."""
    fields = cursor.fields(optional=POLICY_NAMES) if cursor else {}
    return {name: _read_value(name, value) for name, value in fields.items()}


def _read_value(name: str, cursor: Cursor) -> str | int:
    default = getattr(DEFAULTS, name)
    if isinstance(default, StrEnum):
        return str(cursor.choice(type(default), default).value)
    return cursor.whole(0, LONGEST_TERM_DAYS)

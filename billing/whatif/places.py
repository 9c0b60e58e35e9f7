"""Reads times, counts and JSON values where a scenario states them."""

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.kernel.calendar import as_utc, local_day_start, resolve_local

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
_WHOLE = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_NUMBERS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Places:
    """Reads what depends on the scenario's zone."""

    zone: str

    def instant(self, cursor: Cursor) -> datetime | None:
        """Read a time; without an offset it is local, and a day is its first instant."""
        match = _INSTANT.fullmatch(cursor.raw)
        try:
            if match is None:
                raise ValueError  # noqa: TRY301 - one place reports both
            if len(cursor.raw) == len("2026-01-10"):
                return local_day_start(date.fromisoformat(cursor.raw), self.zone)
            read = datetime.fromisoformat(cursor.raw)
            return as_utc(read) if match[1] else resolve_local(read, self.zone)
        except (ValueError, OverflowError):
            cursor.report(Fault.NOT_AN_INSTANT, value=cursor.raw)
            return None


def read_day(cursor: Cursor) -> date | None:
    """Read a local day, None after a fault."""
    try:
        return date.fromisoformat(cursor.raw)
    except ValueError:
        cursor.report(Fault.NOT_A_DAY, value=cursor.raw)
        return None


def read_whole(cursor: Cursor | None, default: int = 1) -> int:
    """Read a whole number of at least 1."""
    if cursor is None:
        return default
    if _WHOLE.fullmatch(cursor.raw):
        return int(cursor.raw)
    cursor.report(Fault.NOT_WHOLE, value=cursor.raw)
    return default


def json_text(node: Node) -> str:
    """Write a node as JSON, its numbers digit by digit as they stand there."""
    if isinstance(node, MappingNode):
        pairs = (f"{json.dumps(str(k.value))}:{json_text(v)}" for k, v in node.value)
        return "{" + ",".join(pairs) + "}"
    if isinstance(node, SequenceNode):
        return "[" + ",".join(map(json_text, node.value)) + "]"
    return _scalar(node)


def _scalar(node: Any) -> str:
    if not isinstance(node, ScalarNode):
        raise TypeError(f"{node} is no value")
    if node.tag in _NUMBERS and _JSON_NUMBER.fullmatch(node.value):
        return str(node.value)
    words = {"true": "true", "false": "false", "null": "null", "~": "null", "": "null"}
    if not node.tag.endswith(":str") and node.value in words:
        return words[node.value]
    return json.dumps(str(node.value))

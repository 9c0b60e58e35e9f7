"""A place in a YAML document: reads what is there, and reports what is wrong with it.

Every reading returns a value, a harmless one after a fault, so that one pass
over the file finds all the faults; nothing is built when there was any.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from control_plane.catalog.source.faults import Fault, Problem, describe
from control_plane.kernel.exact import InvalidNumber, exact_decimal

WHOLE_DIGITS = 15
DECIMALS = 12

_BOOLEAN = "tag:yaml.org,2002:bool"
_STRING = "tag:yaml.org,2002:str"
_CODE = re.compile(r"[a-z0-9][a-z0-9_]{0,62}(\.[a-z0-9][a-z0-9_]{0,62})?", re.ASCII)
_PLAIN = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_WHOLE_PERCENTAGE = 100
_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?", re.ASCII)

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Cursor:
    """One node of the document, its path, and the list that faults are reported to."""

    node: Node
    path: str
    problems: list[Problem]

    @property
    def line(self) -> int:
        """The line of the node's first character, from 1."""
        return int(self.node.start_mark.line) + 1

    @property
    def raw(self) -> str:
        """The scalar as written, without its quotes; empty for lists and mappings."""
        return str(self.node.value) if isinstance(self.node, ScalarNode) else ""

    def report(self, fault: Fault, **fields: object) -> None:
        """Report a fault at this place."""
        mark = self.node.start_mark
        self.problems.append(describe(fault, mark.line + 1, mark.column + 1, self.path, **fields))

    def child(self, node: Node, step: str) -> "Cursor":
        """Return the place of a node below this one."""
        joined = step if not self.path or step.startswith("[") else f".{step}"
        return Cursor(node, f"{self.path}{joined}", self.problems)

    def entries(self) -> list[tuple["Cursor", "Cursor"]]:
        """Read a mapping of any keys as pairs of key and value, each key once."""
        if not isinstance(self.node, MappingNode):
            self.report(Fault.NOT_A_MAPPING)
            return []
        seen: dict[str, tuple[Cursor, Cursor]] = {}
        for key_node, value_node in self.node.value:
            key = self.child(key_node, str(key_node.value))
            if key.raw in seen:
                key.report(Fault.DUPLICATE_KEY, value=key.raw)
            else:
                seen[key.raw] = (key, self.child(value_node, key.raw))
        return list(seen.values())

    def peek(self, key: str) -> str:
        """Return the scalar under a key as written, without reporting anything."""
        if not isinstance(self.node, MappingNode):
            return ""
        found = (value for name, value in self.node.value if name.value == key)
        return next((str(n.value) for n in found if isinstance(n, ScalarNode)), "")

    def fields(
        self, required: Iterable[str] = (), optional: Iterable[str] = ()
    ) -> Mapping[str, "Cursor"]:
        """Read a mapping of known keys; those missing are reported and left out."""
        if not isinstance(self.node, MappingNode):
            self.report(Fault.NOT_A_MAPPING)
            return {}
        needed = tuple(required)
        known = (*needed, *optional)
        found: dict[str, Cursor] = {}
        for key, value in self.entries():
            if key.raw in known:
                found[key.raw] = value
            else:
                key.report(Fault.UNKNOWN_KEY, value=key.raw, known=", ".join(known))
        for name in needed:
            if name not in found:
                self.report(Fault.MISSING_KEY, value=name)
        return found

    def items(self, *, empty: bool = True) -> list["Cursor"]:
        """Read a list; ``empty`` says whether it may hold nothing."""
        if not isinstance(self.node, SequenceNode):
            self.report(Fault.NOT_A_LIST)
            return []
        if not self.node.value and not empty:
            self.report(Fault.EMPTY_LIST)
        return [self.child(node, f"[{n}]") for n, node in enumerate(self.node.value)]

    def text(self) -> str:
        """Read a text that says something; ``yes`` and 12 without quotes are none."""
        if (
            not isinstance(self.node, ScalarNode)
            or self.node.tag != _STRING
            or not self.raw.strip()
        ):
            self.report(Fault.NOT_A_TEXT, value=self.raw)
        return self.raw

    def code(self) -> str:
        """Read a code; quotes around one of digits only (618) make no difference."""
        if not _CODE.fullmatch(self.raw):
            self.report(Fault.NOT_A_CODE, value=self.raw)
            return ""
        return self.raw

    def choice(self, choices: type[Choice], default: Choice) -> Choice:
        """Read one of the values of an enumeration."""
        try:
            return choices(self.raw)
        except ValueError:
            self.report(Fault.UNKNOWN_CHOICE, value=self.raw, known=", ".join(choices))
            return default

    def boolean(self) -> bool:
        """Read true or false."""
        if self.node.tag != _BOOLEAN or self.raw not in {"true", "false"}:
            self.report(Fault.NOT_A_BOOLEAN, value=self.raw)
        return self.raw == "true"

    def decimal(self) -> Decimal:
        """Read a number that is not negative, exactly as written.

        It has at most 15 digits before the point and 12 after it.
        """
        match = _PLAIN.fullmatch(self.raw)
        if match is None:
            self.report(Fault.NOT_A_NUMBER, value=self.raw)
            return Decimal(0)
        if match[1]:
            self.report(Fault.NEGATIVE, value=self.raw)
        elif len(match[2]) > WHOLE_DIGITS or len(match[3] or "") > DECIMALS:
            self.report(Fault.TOO_LONG, value=self.raw, whole=WHOLE_DIGITS, decimals=DECIMALS)
        else:
            return self._exact()
        return Decimal(0)

    def above_zero(self) -> Decimal:
        """Read a number above zero, exactly as written; 1 after a fault."""
        known = len(self.problems)
        value = self.decimal()
        if value:
            return value
        if len(self.problems) == known:
            self.report(Fault.NOT_ABOVE_ZERO, value=self.raw)
        return Decimal(1)

    def percentage(self) -> Decimal:
        """Read a percentage from 0 to 100."""
        value = self.decimal()
        if value > _WHOLE_PERCENTAGE:
            self.report(Fault.NOT_A_PERCENTAGE, value=self.raw)
            return Decimal(0)
        return value

    def whole(self, least: int, most: int) -> int:
        """Read a whole number within bounds, the lower one after a fault."""
        if _WHOLE.fullmatch(self.raw) and least <= int(self.raw) <= most:
            return int(self.raw)
        self.report(Fault.NOT_WITHIN, value=self.raw, least=least, most=most)
        return least

    def local_time(self) -> datetime | None:
        """Read a wall-clock time without a zone, None after a fault."""
        if _LOCAL_TIME.fullmatch(self.raw):
            try:
                return datetime.fromisoformat(self.raw)
            except ValueError:
                pass  # a day or hour that does not exist is reported like any other bad text
        self.report(Fault.NOT_A_LOCAL_TIME, value=self.raw)
        return None

    def _exact(self) -> Decimal:
        try:
            return exact_decimal(self.raw)
        except InvalidNumber:  # leading zeros, which JSON's grammar does not have
            self.report(Fault.NOT_A_NUMBER, value=self.raw)
            return Decimal(0)

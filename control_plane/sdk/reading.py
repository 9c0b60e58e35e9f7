"""Typed reading of signed JSON: every member is checked, and a refusal says where it was."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Generic, Never, TypeVar

from control_plane.kernel.calendar import parse_instant
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.exact import exact_decimal

MESSAGE_FORMAT = 1  # of every signed message but the snapshot, which has formats of its own

_HASH = re.compile(r"[0-9a-f]{64}")


Part = TypeVar("Part")


class SnapshotInvalid(TallyardError):
    """A signed message is not of the form, or not for the reader, that was expected."""

    code = "snapshot_invalid"
    kind = ErrorKind.INVALID
    message = "The signed message cannot be used: {path} {reason}."
    remedy = "Check that module and control plane are of matching versions and one tenant."


class Reader:
    """One JSON object, read member by member.

    Every method raises SnapshotInvalid when its member is missing or of another type.
    """

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise SnapshotInvalid(path=path, reason="is not an object")
        self._members: dict[str, object] = value
        self._path = path

    @property
    def members(self) -> Mapping[str, object]:
        """The object as it came."""
        return self._members

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def text(self, name: str) -> str:
        """Return a text."""
        value = self._members.get(name)
        return value if isinstance(value, str) else self._refuse(name, "is not a text")

    def whole(self, name: str) -> int:
        """Return a whole number that is not negative."""
        value = self._members.get(name)
        if type(value) is not int or value < 0:
            self._refuse(name, "is not a whole number")
        return value

    def optional_whole(self, name: str) -> int | None:
        """Return a whole number that is not negative, or None where the member is not there."""
        return self.whole(name) if name in self._members else None

    def choice(self, name: str, choices: Iterable[str], default: str) -> str:
        """Return one of these texts, or the default where the member is not there."""
        if name not in self._members:
            return default
        self.expect(name, *map(str, choices))
        return self.text(name)

    def boolean(self, name: str) -> bool:
        """Return true or false."""
        value = self._members.get(name)
        return value if isinstance(value, bool) else self._refuse(name, "is not a boolean")

    def instant(self, name: str) -> datetime:
        """Return an instant, in UTC."""
        text = self.text(name)
        try:
            return parse_instant(text)
        except TallyardError:
            self._refuse(name, "is not a time")

    def optional_instant(self, name: str) -> datetime | None:
        """Return an instant, or None where the member is there and null."""
        if name in self._members and self._members[name] is None:
            return None
        return self.instant(name)

    def decimal(self, name: str, *, signed: bool = False) -> Decimal:
        """Return an exact number, written as a text; a negative one only where ``signed``."""
        text = self.text(name)
        try:
            value = exact_decimal(text)
        except TallyardError:
            self._refuse(name, "is not a number")
        return value if signed or value >= 0 else self._refuse(name, "is negative")

    def hash(self, name: str) -> str:
        """Return a SHA-256 in hexadecimal."""
        text = self.text(name)
        return text if _HASH.fullmatch(text) else self._refuse(name, "is not a SHA-256")

    def texts(self, name: str) -> frozenset[str]:
        """Return a set of texts."""
        values = self._list(name)
        texts = frozenset(value for value in values if isinstance(value, str))
        return texts if len(texts) == len(values) else self._refuse(name, "is not a set of texts")

    def child(self, name: str) -> "Reader":
        """Return an object."""
        return Reader(self._members.get(name), f"{self._path}.{name}")

    def children(self, name: str) -> list["Reader"]:
        """Return a list of objects."""
        path = f"{self._path}.{name}"
        return [Reader(item, f"{path}[{n}]") for n, item in enumerate(self._list(name))]

    def entries(self, name: str) -> Iterator[tuple[str, "Reader"]]:
        """Yield the members of an object whose values are objects."""
        child = self.child(name)
        for key in child:
            yield key, child.child(key)

    def expect(self, name: str, *allowed: object) -> None:
        """Require a member to be one of these values."""
        value = self._members.get(name)
        if not any(type(value) is type(one) and value == one for one in allowed):
            self._refuse(name, f"is {value!r}, not {' or '.join(map(repr, allowed))}")

    def refuse(self, reason: str) -> "SnapshotInvalid":
        """Return the error that says this object is wrong."""
        return SnapshotInvalid(path=self._path, reason=reason)

    def _list(self, name: str) -> list[object]:
        value = self._members.get(name)
        return value if isinstance(value, list) else self._refuse(name, "is not a list")

    def _refuse(self, name: str, reason: str) -> Never:
        raise SnapshotInvalid(path=f"{self._path}.{name}", reason=reason)


class ReadBefore(Generic[Part]):
    """Parts of earlier messages, as they were read: most of a new one says what the last one said.

    A part that came again word for word is the same object; only what is new is read and checked.
    """

    def __init__(self) -> None:
        self._parts: dict[object, tuple[Mapping[str, object], Part]] = {}

    def __call__(self, name: object, reader: Reader, read: Callable[[Reader], Part]) -> Part:
        """Return the part called ``name``."""
        before = self._parts.get(name)
        if before is not None and before[0] == reader.members:
            return before[1]
        part = read(reader)
        self._parts[name] = (reader.members, part)
        return part


def read_message(
    data: bytes, kind: str, tenant: str | None, formats: Sequence[int] = (MESSAGE_FORMAT,)
) -> Reader:
    """Open a message of a kind, in one of these formats, and for this tenant when one is named.

    Raises:
        SnapshotInvalid: not JSON, another kind, another format or another tenant.
    """
    try:
        value = json.loads(data)
    except ValueError:
        raise SnapshotInvalid(path=kind, reason="is not JSON") from None
    reader = Reader(value, kind)
    reader.expect("kind", kind)
    reader.expect("format", *formats)
    if tenant is not None:
        reader.expect("tenant", tenant)
    return reader

"""Typed reading of signed JSON: every member is checked, and a refusal says where it was."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, NamedTuple, Never, TypeVar

from control_plane.kernel.calendar import parse_instant
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.exact import exact_decimal
from control_plane.sdk.fast_json import Unread, listed, loads, named

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
        self.members: Mapping[str, object] = value
        """The object as it came."""
        self._path = path

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def __iter__(self) -> Iterator[str]:
        return iter(self.members)

    def text(self, name: str) -> str:
        """Return a text."""
        value = self.members.get(name)
        return value if isinstance(value, str) else self._refuse(name, "is not a text")

    def whole(self, name: str) -> int:
        """Return a whole number that is not negative."""
        value = self.members.get(name)
        if type(value) is not int or value < 0:
            self._refuse(name, "is not a whole number")
        return value

    def optional_whole(self, name: str) -> int | None:
        """Return a whole number that is not negative, or None where the member is not there."""
        return self.whole(name) if name in self.members else None

    def choice(self, name: str, choices: Iterable[str]) -> str:
        """Return one of these texts."""
        self.expect(name, *map(str, choices))
        return self.text(name)

    def boolean(self, name: str) -> bool:
        """Return true or false."""
        value = self.members.get(name)
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
        if name in self.members and self.members[name] is None:
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
        return Reader(self.members.get(name), f"{self._path}.{name}")

    def children(self, name: str) -> list["Reader"]:
        """Return a list of objects."""
        path = f"{self._path}.{name}"
        return [Reader(item, f"{path}[{n}]") for n, item in enumerate(self._list(name))]

    def named(self, name: str) -> Mapping[str, object]:
        """Return the members of an object, each as it came."""
        value = self._split(name, named)
        return value if isinstance(value, dict) else self._refuse(name, "is not an object")

    def listed(self, name: str) -> Sequence[object]:
        """Return the items of a list, each as it came."""
        value = self._split(name, listed)
        return value if isinstance(value, list) else self._refuse(name, "is not a list")

    def within(self, name: str, key: str | int, value: object) -> "Reader":
        """Return a member's member, which was left unread perhaps."""
        path = (
            f"{self._path}.{name}[{key}]" if isinstance(key, int) else f"{self._path}.{name}.{key}"
        )
        try:
            return Reader(loads(value) if isinstance(value, Unread) else value, path)
        except ValueError:
            raise SnapshotInvalid(path=path, reason="is not JSON") from None

    def expect(self, name: str, *allowed: object) -> None:
        """Require a member to be one of these values."""
        value = self.members.get(name)
        for one in allowed:
            if type(value) is type(one) and value == one:
                return
        self._refuse(name, f"is {value!r}, not {' or '.join(map(repr, allowed))}")

    def refuse(self, reason: str) -> "SnapshotInvalid":
        """Return the error that says this object is wrong."""
        return SnapshotInvalid(path=self._path, reason=reason)

    def _list(self, name: str) -> list[object]:
        value = self.members.get(name)
        return value if isinstance(value, list) else self._refuse(name, "is not a list")

    def _split(self, name: str, split: Callable[[Any], object]) -> object:
        value = self.members.get(name)
        try:
            return split(value) if isinstance(value, Unread) else value
        except ValueError:
            return None  # neither is what it should be

    def _refuse(self, name: str, reason: str) -> Never:
        raise SnapshotInvalid(path=f"{self._path}.{name}", reason=reason)


class _Before(NamedTuple, Generic[Part]):
    """A member as it came, what it held by name or number, and how each of those was read."""

    value: object
    items: Mapping[Any, object]
    parts: Mapping[Any, Part]


class ReadBefore(Generic[Part]):
    """A member of the message before, as it was read: most of a new one says what that one said.

    What came again word for word is the same object; only what is new is read and checked. Safe to
    share between threads: what is known is replaced in one piece.
    """

    def __init__(self) -> None:
        self._before: _Before[Part] = _Before(None, {}, {})

    def named(
        self, reader: Reader, name: str, read: Callable[[Reader], Part]
    ) -> Mapping[str, Part]:
        """Return the parts of an object by their names."""
        before = self._before
        if not _same(reader.members.get(name), before.value):
            before = self._anew(reader, name, reader.named(name), read)
        return before.parts

    def listed(self, reader: Reader, name: str, read: Callable[[Reader], Part]) -> tuple[Part, ...]:
        """Return the parts of a list."""
        before = self._before
        if not _same(reader.members.get(name), before.value):
            before = self._anew(reader, name, dict(enumerate(reader.listed(name))), read)
        return tuple(before.parts.values())

    def _anew(
        self, reader: Reader, name: str, items: Mapping[Any, object], read: Callable[[Reader], Part]
    ) -> _Before[Part]:
        before = self._before
        known = before.items
        if len(items) == len(known) and items.keys() == known.keys():
            parts = dict(before.parts)
            for key, item in items.items():
                if item != known[key] or type(item) is not Unread:  # as `_same`
                    parts[key] = read(reader.within(name, key, item))
        else:
            parts = {
                key: before.parts[key]
                if type(item) is Unread and item == known.get(key)
                else read(reader.within(name, key, item))
                for key, item in items.items()
            }
        # Another thread may store its own at once; what was read here is what is returned.
        self._before = now = _Before(reader.members[name], items, parts)
        return now


def _same(value: object, before: object) -> bool:
    """Whether both were written in the same words; what was read does not tell (1 == True)."""
    return isinstance(value, Unread) and value == before


def read_message(
    data: bytes,
    kind: str,
    tenant: str | None,
    formats: Sequence[int] = (MESSAGE_FORMAT,),
    unread: Collection[str] = (),
) -> Reader:
    """Open a message of a kind, in one of these formats, and for this tenant when one is named.

    The members named by ``unread`` are read by a `ReadBefore` only.

    Raises:
        SnapshotInvalid: not JSON, another kind, another format or another tenant.
    """
    try:
        value = _partly(data, unread) if unread else loads(data)
    except ValueError:
        raise SnapshotInvalid(path=kind, reason="is not JSON") from None
    reader = Reader(value, kind)
    reader.expect("kind", kind)
    reader.expect("format", *formats)
    if tenant is not None:
        reader.expect("tenant", tenant)
    return reader


def _partly(data: bytes, unread: Collection[str]) -> object:
    try:
        members = named(data)
    except ValueError:
        return loads(data)  # perhaps it is JSON, but no object
    if isinstance(members, dict):
        for name, value in members.items():
            if name not in unread and isinstance(value, Unread):
                members[name] = loads(value)
    return members

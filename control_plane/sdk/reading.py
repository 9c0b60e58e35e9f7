"""Typed reading of signed JSON: every member is checked, and a refusal says where it was."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Generic, Never, TypeVar

from control_plane.kernel.calendar import parse_instant
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.exact import exact_decimal
from control_plane.sdk.fast_json import loads

MESSAGE_FORMAT = 1  # of every signed message but the snapshot, which has formats of its own

_HASH = re.compile(r"[0-9a-f]{64}")


Name = TypeVar("Name")
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

    def named(self, name: str) -> Mapping[str, object]:
        """Return the members of an object, each as it came."""
        return self.child(name).members

    def numbered(self, name: str) -> Mapping[int, object]:
        """Return the items of a list by their numbers, each as it came."""
        return dict(enumerate(self._list(name)))

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


class ReadBefore(Generic[Name, Part]):
    """Parts of the message before, as they were read: most of a new one says what that one said.

    A part that came again word for word is the same object; only what is new is read and checked.
    """

    def __init__(self) -> None:
        self._before: tuple[Mapping[Name, object], Mapping[Name, Part]] = {}, {}

    def __call__(
        self, values: Mapping[Name, object], path: str, read: Callable[[Reader], Part]
    ) -> Mapping[Name, Part]:
        """Return the parts by their names; ``path`` with a name in it says where each was."""
        before, parts = self._before  # in one piece: other threads read here, too
        if values != before:
            parts = {
                name: parts[name]
                if name in before and before[name] == value
                else read(Reader(value, path.format(name)))
                for name, value in values.items()
            }
            self._before = values, parts
        return parts


def read_message(
    data: bytes, kind: str, tenant: str | None, formats: Sequence[int] = (MESSAGE_FORMAT,)
) -> Reader:
    """Open a message of a kind, in one of these formats, and for this tenant when one is named.

    Raises:
        SnapshotInvalid: not JSON, another kind, another format or another tenant.
    """
    try:
        value = loads(data)
    except ValueError:
        raise SnapshotInvalid(path=kind, reason="is not JSON") from None
    reader = Reader(value, kind)
    reader.expect("kind", kind)
    reader.expect("format", *formats)
    if tenant is not None:
        reader.expect("tenant", tenant)
    return reader

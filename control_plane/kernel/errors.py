"""The root of every refusal in Tallyard: a stable code, a kind, and words for people."""

from collections.abc import Iterator
from enum import StrEnum
from string import Formatter
from typing import ClassVar


class ErrorKind(StrEnum):
    """The sort of a refusal. Only the edge turns kinds into statuses of a protocol."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    STALE = "stale"
    EXHAUSTED = "exhausted"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    UNAVAILABLE = "unavailable"


_REQUIRED = ("code", "kind", "message", "remedy")


class TallyardError(Exception):
    """A refusal with a stable ``code``, a ``kind``, an English ``message`` and a ``remedy``.

    ``message`` and ``remedy`` are templates with ``{name}`` placeholders, filled from the keyword
    arguments of the constructor, which stay readable in ``fields``. The templates are the msgids
    under which translations are found. ``field`` names the offending input, when there is one.

    A subclass that is raised defines all four class attributes; one that only groups others says
    ``class Group(TallyardError, abstract=True)``.
    """

    code: ClassVar[str]
    kind: ClassVar[ErrorKind]
    message: ClassVar[str]
    remedy: ClassVar[str]
    _abstract: ClassVar[bool] = True

    def __init_subclass__(cls, *, abstract: bool = False, **kwargs: object) -> None:
        """Refuse a concrete subclass that leaves one of the four attributes out."""
        super().__init_subclass__(**kwargs)
        missing = [name for name in _REQUIRED if not hasattr(cls, name)]
        # A class that is refused lives on until it is collected, and is no error meanwhile.
        cls._abstract = abstract or bool(missing)
        if missing and not abstract:
            raise TypeError(f"{cls.__name__} does not define {', '.join(missing)}")

    def __init__(self, *, field: str | None = None, **fields: object) -> None:
        if self._abstract:
            raise TypeError(f"{type(self).__name__} groups other errors and is never raised")
        missing = (_placeholders(self.message) | _placeholders(self.remedy)) - fields.keys()
        if missing:
            raise TypeError(f"{type(self).__name__} needs {', '.join(sorted(missing))}")
        self.field = field
        self.fields: dict[str, object] = fields
        super().__init__(self.message.format(**fields))

    @property
    def advice(self) -> str:
        """The remedy with its placeholders filled."""
        return self.remedy.format(**self.fields)


def _placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def concrete_errors(root: type[TallyardError] = TallyardError) -> Iterator[type[TallyardError]]:
    """Yield every error class loaded so far that can be raised, ``root`` included."""
    if not root._abstract:  # noqa: SLF001 - the class's own flag, read by its own module
        yield root
    for child in root.__subclasses__():
        yield from concrete_errors(child)

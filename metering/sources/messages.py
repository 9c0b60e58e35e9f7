"""Messages of a broker's stream, whose bodies are events."""

from collections.abc import Sequence
from dataclasses import dataclass

from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.ids import InvalidId, TenantId, parse_id
from metering.domain.cloudevents import Delivered, parse_events
from metering.domain.lines import parse_lines

_LINES = {"application/x-ndjson", "application/ndjson", "application/jsonl"}


class SubjectWithoutTenant(TallyardError):
    """Subjects of a stream do not say whose usage they carry."""

    code = "nats_subject_without_tenant"
    kind = ErrorKind.INVALID
    message = "The subject “{value}” has not exactly one “*” where the organisation's id stands."
    remedy = "Set TALLYARD_NATS_SUBJECT to a subject such as usage.*, for usage.ten_…"


@dataclass(frozen=True, slots=True)
class Message:
    """A message, by its place in the stream."""

    sequence: int
    subject: str
    body: bytes
    content_type: str | None = None


def tenant_place(pattern: str) -> int:
    """Return which token of a subject names the organisation: the one that is ``*``.

    Raises:
        SubjectWithoutTenant: none is, or several are.
    """
    tokens = pattern.split(".")
    if tokens.count("*") != 1:
        raise SubjectWithoutTenant(value=pattern)
    return tokens.index("*")


def tenant_of(subject: str, place: int) -> TenantId | None:
    """Return the organisation that a subject names, None when it is not of that form."""
    tokens = subject.split(".")
    try:
        return TenantId(parse_id("ten", tokens[place]))
    except (InvalidId, IndexError):
        return None


def read_message(message: Message) -> Sequence[Delivered]:
    """Read the events of a message: one, a list, or, by its content type, one a line.

    Raises:
        EventsUnreadable: the body is not JSON.
        BatchTooLarge: it holds too many events.
    """
    kind = (message.content_type or "").partition(";")[0].strip().lower()
    if kind in _LINES:
        return parse_lines(message.body).delivered
    return parse_events(message.body)

"""What goes between a holder of leases and the control plane: a request, and a signed answer."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from control_plane.kernel.calendar import instant_text
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.sdk.reading import MESSAGE_FORMAT, Reader, SnapshotInvalid, read_message

MOST_OPERATIONS = 100
MOST_UNITS = 10**15
"""More of anything in one lease is a slip; sums of such stay within 64 bits."""

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,64}")
_WORD = re.compile(r"[\x21-\x7e]{1,128}")


class LeaseOp(StrEnum):
    """What may be asked."""

    ACQUIRE = "acquire"
    RENEW = "renew"
    CLOSE = "close"
    RECOVER = "recover"


class LeaseStatus(StrEnum):
    """What became of an operation.

    ``exhausted`` on a renewal: nothing new was left, but the lease itself is renewed. ``refused``
    says why in ``reason``; a refused renewal still records what was spent.
    """

    OK = "ok"
    EXHAUSTED = "exhausted"
    FENCED = "fenced"
    LOST = "lost"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class LeaseOperation:
    """One thing asked; an operation reads the members that are its own.

    ``units`` of a renewal is the wanted total of the lease, what is spent of it included; fewer
    than before gives the rest back. ``need`` new units are wanted at least, or none at all.
    A recovery speaks of the account's leases of other processes up to ``fence``: the newest that
    this process was given, so that it never means a later lease, however late it arrives.
    """

    op: LeaseOp
    feature: str = ""
    period: str = ""
    lease: str = ""
    fence: int = 0
    spent: int = 0
    units: int = 0
    need: int = 1

    def body(self) -> dict[str, object]:
        """Return the JSON form."""
        own: dict[str, object] = {"op": self.op.value}
        if self.op in (LeaseOp.ACQUIRE, LeaseOp.RECOVER):
            own |= {"feature": self.feature, "period": self.period}
        if self.op is LeaseOp.RECOVER:
            own |= {"fence": self.fence}
        if self.op in (LeaseOp.RENEW, LeaseOp.CLOSE):
            own |= {"lease": self.lease, "fence": self.fence, "spent": self.spent}
        if self.op in (LeaseOp.ACQUIRE, LeaseOp.RENEW):
            own |= {"units": self.units, "need": self.need}
        return own


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """Operations of one process, done once in their order however often the request arrives.

    ``holder`` is the instance; ``epoch`` a number that no other process of it has.
    """

    request_id: str
    holder: str
    epoch: int
    operations: tuple[LeaseOperation, ...]

    def body(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "request_id": self.request_id,
            "holder": self.holder,
            "epoch": self.epoch,
            "operations": [operation.body() for operation in self.operations],
        }

    def digest(self) -> str:
        """Return what tells two requests apart that carry one id."""
        return sha256_hex(canonical_json(self.body()))


@dataclass(frozen=True, slots=True)
class LeaseResult:
    """What one operation came to.

    ``units`` is all that the lease holds now, what is spent included; the next operation names
    ``fence``. ``expires_in_seconds`` counts from when the request was first sent. ``remaining`` is
    what nobody holds, below zero where a soft limit is exceeded.
    """

    op: LeaseOp
    status: LeaseStatus
    reason: str = ""
    lease: str = ""
    feature: str = ""
    period: str = ""
    fence: int = 0
    units: int = 0
    spent: int = 0
    expires_in_seconds: int = 0
    remaining: int = 0
    limit: int | None = None

    def body(self) -> dict[str, object]:
        """Return the JSON form: whole numbers only, what is below zero named ``over``."""
        body: dict[str, object] = {
            "op": self.op.value,
            "status": self.status.value,
            "reason": self.reason,
            "lease": self.lease,
            "feature": self.feature,
            "period": self.period,
            "fence": self.fence,
            "units": self.units,
            "spent": self.spent,
            "expires_in_seconds": self.expires_in_seconds,
            "remaining": max(self.remaining, 0),
            "over": max(-self.remaining, 0),
        }
        return body if self.limit is None else {**body, "limit": self.limit}


@dataclass(frozen=True, slots=True)
class LeaseAnswer:
    """The control plane's answer: for this tenant, holder and request, and for no other."""

    tenant: str
    holder: str
    request_id: str
    issued_at: datetime
    results: tuple[LeaseResult, ...]

    def to_bytes(self) -> bytes:
        """Return the canonical bytes that are signed."""
        return canonical_json(
            {
                "kind": "leases",
                "format": MESSAGE_FORMAT,
                "tenant": self.tenant,
                "holder": self.holder,
                "request_id": self.request_id,
                "issued_at": instant_text(self.issued_at),
                "results": [result.body() for result in self.results],
            }
        )


def parse_lease_request(data: object) -> LeaseRequest:
    """Read a request from its JSON form, every bound checked.

    Raises:
        SnapshotInvalid: a member is missing, of another type or out of bounds.
    """
    reader = Reader(data, "request")
    items = reader.children("operations")
    if not 1 <= len(items) <= MOST_OPERATIONS:
        raise SnapshotInvalid(
            path="request.operations", reason=f"must be 1 to {MOST_OPERATIONS} operations"
        )
    return LeaseRequest(
        request_id=_matching(reader, "request_id", _REQUEST_ID),
        holder=_matching(reader, "holder", _WORD),
        epoch=_whole(reader, "epoch", 1 << 62),
        operations=tuple(_operation(item) for item in items),
    )


def parse_leases(
    data: bytes, *, tenant: str, holder: str, request_id: str, asked: Iterable[LeaseOperation] = ()
) -> LeaseAnswer:
    """Read an answer whose signature was checked, for exactly this request.

    Raises:
        SnapshotInvalid: for another tenant, holder or request (a replay), other operations than
            ``asked``, or malformed.
    """
    reader = read_message(data, "leases", tenant)
    reader.expect("holder", holder)
    reader.expect("request_id", request_id)
    results = tuple(_result(item) for item in reader.children("results"))
    wanted = [operation.op for operation in asked]
    if wanted and wanted != [result.op for result in results]:
        raise SnapshotInvalid(path="leases.results", reason="do not answer what was asked")
    return LeaseAnswer(tenant, holder, request_id, reader.instant("issued_at"), results)


def _operation(reader: Reader) -> LeaseOperation:
    reader.expect("op", *(op.value for op in LeaseOp))
    op = LeaseOp(reader.text("op"))
    if op is LeaseOp.RECOVER:
        return LeaseOperation(
            op,
            feature=reader.text("feature"),
            period=reader.text("period"),
            fence=_whole(reader, "fence", 1 << 62),
        )
    if op is LeaseOp.ACQUIRE:
        return LeaseOperation(
            op,
            feature=_matching(reader, "feature", _WORD),
            period=_matching(reader, "period", _WORD),
            units=_whole(reader, "units"),
            need=_whole(reader, "need") if "need" in reader else 1,
        )
    held = LeaseOperation(
        op,
        lease=_matching(reader, "lease", _WORD),
        fence=_whole(reader, "fence", 1 << 62),
        spent=_whole(reader, "spent"),
    )
    if op is LeaseOp.CLOSE:
        return held
    return LeaseOperation(
        op,
        lease=held.lease,
        fence=held.fence,
        spent=held.spent,
        units=_whole(reader, "units"),
        need=_whole(reader, "need") if "need" in reader else 1,
    )


def _result(reader: Reader) -> LeaseResult:
    reader.expect("op", *(op.value for op in LeaseOp))
    reader.expect("status", *(status.value for status in LeaseStatus))
    return LeaseResult(
        op=LeaseOp(reader.text("op")),
        status=LeaseStatus(reader.text("status")),
        reason=reader.text("reason"),
        lease=reader.text("lease"),
        feature=reader.text("feature"),
        period=reader.text("period"),
        fence=reader.whole("fence"),
        units=reader.whole("units"),
        spent=reader.whole("spent"),
        expires_in_seconds=reader.whole("expires_in_seconds"),
        remaining=reader.whole("remaining") - reader.whole("over"),
        limit=reader.whole("limit") if "limit" in reader else None,
    )


def _whole(reader: Reader, name: str, most: int = MOST_UNITS) -> int:
    value = reader.whole(name)
    if value > most:
        raise reader.refuse(f"has {name} beyond {most}")
    return value


def _matching(reader: Reader, name: str, form: re.Pattern[str]) -> str:
    text = reader.text(name)
    if not form.fullmatch(text):
        raise reader.refuse(f"has a {name} of another form")
    return text

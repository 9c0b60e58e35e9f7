"""What a running module holds: the newest snapshot it was given, and how old that is."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from control_plane.kernel.canonical import sha256_hex
from control_plane.kernel.clock import Clock
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.sdk.decide import (
    NO_SNAPSHOT,
    PLAN_AGE_SECONDS,
    Checker,
    Decision,
    Reason,
    max_age_seconds,
)
from control_plane.sdk.envelope import Envelope, verify
from control_plane.sdk.snapshot import (
    KeyGrant,
    ServiceGrant,
    Snapshot,
    parse_heartbeat,
    parse_snapshot,
)

_RECHECK_SECONDS = 1.0  # how long a step of the machine's wall clock may go unnoticed


class SnapshotOutdated(TallyardError):
    """A snapshot older than the one already held was offered."""

    code = "snapshot_outdated"
    kind = ErrorKind.CONFLICT
    message = "Revision {revision} is older than revision {held}, which is held already."
    remedy = "Ask the control plane for its newest snapshot."


@dataclass(frozen=True, slots=True)
class _Held:
    """A snapshot with all that was prepared from it; replaced whole, never changed.

    ``age`` seconds had passed since ``fresh_at`` when the monotonic clock read ``measured``.
    """

    snapshot: Snapshot
    checker: Checker
    keys: Mapping[str, KeyGrant]
    services: Mapping[str, ServiceGrant]
    fresh_at: datetime
    age: float
    measured: float
    answers: dict[str, tuple[float, Decision]] = field(default_factory=dict)


class EntitlementState:
    """Holds the newest snapshot of one tenant and answers from it, without any I/O.

    Safe to share between threads and tasks. Only envelopes signed by ``keys``, for ``tenant``, are
    taken. ``clock`` is the machine's; the tenant's test clock, if any, comes in the snapshot.
    """

    def __init__(self, *, tenant: str, keys: Mapping[str, Ed25519PublicKey], clock: Clock) -> None:
        self._tenant = tenant
        self._keys = keys
        self._clock = clock
        self._monotonic = clock.monotonic
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._envelopes: tuple[Envelope, ...] = ()
        self._answers: dict[str, tuple[float, Decision]] = {}
        self._issuer_ahead = float("-inf")

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot held, if any."""
        return self._held.snapshot if self._held else None

    @property
    def revision(self) -> int:
        """The revision held; 0 before the first."""
        return self._held.snapshot.revision if self._held else 0

    @property
    def envelopes(self) -> tuple[Envelope, ...]:
        """The snapshot and heartbeat as received, for keeping over a restart and applying again."""
        return self._envelopes

    def apply_snapshot(self, envelope: Envelope) -> bool:
        """Take a signed snapshot; True when it brought another revision than the one held.

        Raises:
            SignatureInvalid: not signed by a trusted key.
            SnapshotInvalid: for another tenant or audience, or malformed.
            SnapshotOutdated: of a lower revision than the one held.
        """
        payload = verify(envelope, self._keys)
        snapshot = parse_snapshot(payload, tenant=self._tenant)
        with self._lock:
            held = self._held
            if held is not None and snapshot.revision < held.snapshot.revision:
                raise SnapshotOutdated(revision=snapshot.revision, held=held.snapshot.revision)
            if held is not None and snapshot.revision == held.snapshot.revision:
                self._refresh(held, snapshot.issued_at)
                return False
            self._hold(
                _Held(
                    snapshot=snapshot,
                    checker=Checker(snapshot),
                    keys={key.hash: key for key in snapshot.keys},
                    services={service.hash: service for service in snapshot.services},
                    fresh_at=snapshot.issued_at,
                    age=self._age_of(snapshot.issued_at),
                    measured=self._monotonic(),
                )
            )
            self._envelopes = (envelope,)
            return True

    def apply_heartbeat(self, envelope: Envelope) -> bool:
        """Take a signed heartbeat; True when the snapshot held is the one it speaks of.

        A heartbeat of another revision changes nothing: of a higher one, it means that a newer
        snapshot waits to be fetched; of a lower one, that it is old.

        Raises:
            SignatureInvalid: not signed by a trusted key.
            SnapshotInvalid: for another tenant, or malformed.
        """
        heartbeat = parse_heartbeat(verify(envelope, self._keys), tenant=self._tenant)
        with self._lock:
            held = self._held
            if held is None or heartbeat.revision != held.snapshot.revision:
                return False
            if self._refresh(held, heartbeat.issued_at):
                self._envelopes = (self._envelopes[0], envelope)
            return True

    def age_seconds(self) -> float:
        """Return the seconds since the newest signed word on the snapshot held; infinite if none.

        Counted from the signed instant, on the monotonic clock: neither the machine's clock being
        set back nor an envelope delivered again makes a snapshot younger.
        """
        held = self._held
        if held is None:
            return float("inf")
        return held.age + self._monotonic() - held.measured

    @property
    def usable(self) -> bool:
        """Whether a snapshot is held that is not older than plan access tolerates (72 h)."""
        return self.age_seconds() <= PLAN_AGE_SECONDS

    def now(self) -> datetime:
        """Return the tenant's present: its test clock's instant if it has one, else real time."""
        held = self._held
        at = held.snapshot.test_clock_at if held else None
        return self._clock.now() if at is None else at

    def check(self, feature: str) -> Decision:
        """Decide whether a call that needs ``feature`` may go ahead now."""
        answer = self._answers.get(feature)
        if answer is not None and self._monotonic() < answer[0]:
            return answer[1]
        return self._check_anew(feature)

    def identify(self, secret: str) -> KeyGrant | None:
        """Return the API key of this secret, unless unknown, expired, or known too long ago."""
        held = self._held
        if held is None or not self.usable:
            return None
        grant = held.keys.get(sha256_hex(secret.encode()))
        if grant is None or (grant.expires_at is not None and grant.expires_at <= self.now()):
            return None
        return grant

    def authenticate(self, secret: str, scope: str) -> KeyGrant | None:
        """Return the API key of this secret if it may do ``scope``."""
        grant = self.identify(secret)
        return grant if grant is not None and scope in grant.scopes else None

    def authenticate_service(self, token: str, scope: str) -> ServiceGrant | None:
        """Return the service whose token this is if it may do ``scope``."""
        held = self._held
        if held is None or not self.usable:
            return None
        grant = held.services.get(sha256_hex(token.encode()))
        return grant if grant is not None and scope in grant.scopes else None

    def _check_anew(self, feature: str) -> Decision:
        """Decide from the snapshot, and remember the answer for as long as it surely holds."""
        held = self._held
        if held is None:
            return NO_SNAPSHOT
        fresh_for = max_age_seconds(held.snapshot.features.get(feature)) - self.age_seconds()
        now, monotonic = self.now(), self._monotonic()
        decision = held.checker.check(feature, now.timestamp())
        if fresh_for < 0:
            return replace(
                decision, allowed=False, reason=Reason.STALE, limit=None, valid_until=None
            )
        holds_for = min(_RECHECK_SECONDS, fresh_for)
        if decision.valid_until is not None and held.snapshot.test_clock_at is None:
            holds_for = min(holds_for, (decision.valid_until - now).total_seconds())
        if feature in held.snapshot.features:
            held.answers[feature] = (monotonic + holds_for, decision)
        return decision

    def _age_of(self, issued_at: datetime) -> float:
        """Return how old a signed instant is, trusting whichever clock says it is older.

        The issuer's own clock has moved on since each envelope as far as our monotonic one has,
        which bounds the age from below even while our wall clock is wrong.
        """
        monotonic, issued = self._monotonic(), issued_at.timestamp()
        self._issuer_ahead = max(self._issuer_ahead, issued - monotonic)
        by_wall = (self._clock.now() - issued_at).total_seconds()
        return max(by_wall, monotonic + self._issuer_ahead - issued, 0.0)

    def _refresh(self, held: _Held, issued_at: datetime) -> bool:
        """Count age from a newer signed instant; an older one says nothing."""
        if issued_at <= held.fresh_at:
            return False
        age = self._age_of(issued_at)
        measured = self._monotonic()
        self._hold(replace(held, fresh_at=issued_at, age=age, measured=measured, answers={}))
        return True

    def _hold(self, held: _Held) -> None:
        self._held = held
        self._answers = held.answers

"""What a running module holds: the newest snapshot it was given, and how old that is."""

import threading
from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from control_plane.kernel.canonical import sha256_hex
from control_plane.kernel.clock import Clock
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.sdk.decide import NO_SNAPSHOT, PLAN_AGE_SECONDS, Checker, Decision, UnitLedger
from control_plane.sdk.envelope import Envelope, verify
from control_plane.sdk.forks import watch_forks
from control_plane.sdk.held import Held, HeldSnapshot, Ready, hold_units, refused
from control_plane.sdk.snapshot import (
    Earlier,
    KeyGrant,
    ServiceGrant,
    Snapshot,
    parse_heartbeat,
    parse_snapshot,
)
from control_plane.sdk.units import FOR_EVER, UnitsNegative
from control_plane.sdk.waiting import RevisionGate

_NOTHING: Ready = (float("-inf"), None, NO_SNAPSHOT, None)


class SnapshotOutdated(TallyardError):
    """A snapshot older than the one already held was offered."""

    code = "snapshot_outdated"
    kind = ErrorKind.CONFLICT
    message = "Revision {revision} is older than revision {held}, which is held already."
    remedy = "Ask the control plane for its newest snapshot."


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
        self._held: HeldSnapshot | None = None
        self._earlier = Earlier()
        self._envelopes: tuple[Envelope, ...] = ()
        self._ready: dict[str, Ready] = {}
        self._ledger: UnitLedger | None = None
        self._gate = RevisionGate()
        watch_forks(self)
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
        snapshot = parse_snapshot(payload, tenant=self._tenant, earlier=self._earlier)
        with self._lock:
            held = self._held
            if held is not None and snapshot.revision < held.snapshot.revision:
                raise SnapshotOutdated(revision=snapshot.revision, held=held.snapshot.revision)
            if held is not None and snapshot.revision == held.snapshot.revision:
                self._refresh(held, snapshot.issued_at)
                if envelope.key_id != self._envelopes[0].key_id:
                    self._envelopes = (envelope,)  # the same words, signed by a key that came since
                return False
            self._hold(self._new(snapshot, held))
            self._envelopes = (envelope,)
        self._gate.reach(snapshot.revision)
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
        return held.age_seconds(self._monotonic())

    @property
    def usable(self) -> bool:
        """Whether a snapshot is held that is not older than plan access tolerates (72 h)."""
        return self.age_seconds() <= PLAN_AGE_SECONDS

    def now(self) -> datetime:
        """Return the tenant's present: its test clock's instant if it has one, else real time."""
        held = self._held
        return self._clock.now() if held is None else self._now(held)

    def attach(self, ledger: UnitLedger | None) -> None:
        """Spend metered units, tokens and slots from these accounts from now on; None: from none.

        Without a ledger, a check tells the limit and counts nothing.
        """
        with self._lock:
            self._ledger = ledger
            if self._held is not None:
                self._hold(self._held._replace(ledger=ledger, ready={}))

    def check(self, feature: str, units: int = 1) -> Decision:
        """Decide whether a call that needs ``units`` of a feature may go ahead now, and spend them.

        Nothing is spent where it may not, nor of features without units. Never waits.

        Raises:
            UnitsNegative: ``units`` is below 0.
        """
        ready, at = self._ready.get(feature), self._monotonic()
        if ready is None or at >= ready[0]:
            ready = self._prepare(feature, at)
        _, spend, decision, _ = ready
        if spend is None:
            return decision
        if units < 0:
            raise UnitsNegative(units=units)
        left = spend(units, at)
        return decision if isinstance(left, int) else refused(decision, left)

    def hold(self, feature: str, units: int = 1, *, timeout: float = FOR_EVER) -> Held:
        """Decide as ``check`` does, but only set the units aside: confirm or release them.

        After ``timeout`` seconds without either, others may have them.

        Raises:
            UnitsNegative: ``units`` is below 0.
        """
        ready, at = self._ready.get(feature), self._monotonic()
        if ready is None or at >= ready[0]:
            ready = self._prepare(feature, at)
        return hold_units(ready, units, at, timeout)

    def wait_for(self, min_revision: int, seconds: float | None = None) -> bool:
        """Block until a revision is held that is at least this; False if that took too long.

        For reading one's own change: the control plane answers a change with its revision.
        """
        return self._gate.wait(lambda: self.revision, min_revision, seconds)

    async def wait_for_async(self, min_revision: int, seconds: float | None = None) -> bool:
        """Wait as ``wait_for`` does, without holding up the event loop."""
        return await self._gate.wait_async(lambda: self.revision, min_revision, seconds)

    def before_fork(self) -> None:
        """Let no fork fall into a change."""
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Go on with the same snapshot and locks of this process; who waited is not here."""
        self._lock = threading.Lock()
        self._gate = RevisionGate()

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

    def _prepare(self, feature: str, at: float) -> Ready:
        held = self._held
        if held is None:
            return _NOTHING
        test_clock_at = held.snapshot.test_clock_at
        return held.prepare(feature, test_clock_at or self._clock.now(), at)

    def _now(self, held: HeldSnapshot) -> datetime:
        at = held.snapshot.test_clock_at
        return self._clock.now() if at is None else at

    def _age_of(self, issued_at: datetime) -> float:
        """Return how old a signed instant is, trusting whichever clock says it is older.

        The issuer's own clock has moved on since each envelope as far as our monotonic one has,
        which bounds the age from below even while our wall clock is wrong.
        """
        monotonic, issued = self._monotonic(), issued_at.timestamp()
        self._issuer_ahead = max(self._issuer_ahead, issued - monotonic)
        by_wall = (self._clock.now() - issued_at).total_seconds()
        return max(by_wall, monotonic + self._issuer_ahead - issued, 0.0)

    def _new(self, snapshot: Snapshot, held: HeldSnapshot | None) -> HeldSnapshot:
        """Prepare a snapshot; who may come in is as it was where the same keys came again."""
        keys: Mapping[str, KeyGrant]
        services: Mapping[str, ServiceGrant]
        if held is not None and held.snapshot.keys is snapshot.keys:
            keys = held.keys
        else:
            keys = {key.hash: key for key in snapshot.keys}
        if held is not None and held.snapshot.services is snapshot.services:
            services = held.services
        else:
            services = {service.hash: service for service in snapshot.services}
        return HeldSnapshot(
            snapshot,
            Checker(snapshot, self.age_seconds),
            keys,
            services,
            fresh_at=snapshot.issued_at,
            age=self._age_of(snapshot.issued_at),
            measured=self._monotonic(),
            ledger=self._ledger,
            ready={},
        )

    def _refresh(self, held: HeldSnapshot, issued_at: datetime) -> bool:
        """Count age from a newer signed instant; an older one says nothing."""
        if issued_at <= held.fresh_at:
            return False
        age = self._age_of(issued_at)
        measured = self._monotonic()
        self._hold(held._replace(fresh_at=issued_at, age=age, measured=measured, ready={}))
        return True

    def _hold(self, held: HeldSnapshot) -> None:
        self._held = held
        self._ready = held.ready

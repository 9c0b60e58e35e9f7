"""One decision admits a call and meters it; refused or failed, it is not counted and not billed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from types import TracebackType
from typing import ClassVar, Protocol, Self

from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.decide import Decision, Hold, Reason
from control_plane.sdk.quota import quota_period

_UNCONFIRMED = {Reason.STALE, Reason.NO_SNAPSHOT, Reason.NO_LEASE}


class CallRefused(TallyardError, abstract=True):
    """A call was not admitted; ``decision`` says all there is to say of it."""

    def __init__(self, *, feature: str, decision: Decision, retry_after: int | None = None) -> None:
        self.decision = decision
        self.retry_after = retry_after
        super().__init__(feature=feature, reason=decision.reason.value)


class FeatureRefused(CallRefused):
    """The tenant may not use a feature now."""

    code = "feature_refused"
    kind = ErrorKind.FORBIDDEN
    message = "The call needs “{feature}”, which is not to be used now ({reason})."
    remedy = "Subscribe to it in the portal, or see there until when it is open."


class UnitsExhausted(CallRefused):
    """Everything that the tenant may use of a feature is used."""

    code = "units_exhausted"
    kind = ErrorKind.EXHAUSTED
    message = "All units of “{feature}” are used ({reason})."
    remedy = "Wait for the time that Retry-After says, or book more in the portal."


class EntitlementUnconfirmed(CallRefused):
    """Whether a call may go ahead cannot be told now."""

    code = "entitlement_unconfirmed"
    kind = ErrorKind.UNAVAILABLE
    message = "Whether “{feature}” may be used cannot be confirmed now ({reason})."
    remedy = "Nothing was counted. Try again in a few seconds."


class Recorder(Protocol):
    """Keeps what a call used until the control plane has it, such as ``CallSpool``."""

    def record(self, event_type: str, at: datetime, data: Mapping[str, int | str]) -> None:
        """Keep it durably, or raise."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a call needs, and the usage event that it leaves when it succeeded (None: none).

    The event's data are ``data`` and the ``units`` used.
    """

    feature: str
    units: int = 1
    event: str | None = None
    data: Mapping[str, int | str] = field(default_factory=dict)


class Admission:
    """A call that may go ahead; leave it as a context when the call has ended.

    Left by an exception, or after ``fail``, its units come back and nothing is recorded. Otherwise
    the usage is recorded first, and then the units are spent: what cannot be recorded is not
    counted either, and raises.
    """

    UNITS: ClassVar[str] = "units"

    def __init__(
        self,
        need: Need,
        decision: Decision,
        hold: Hold | None,
        state: EntitlementState,
        recorder: Recorder | None,
    ) -> None:
        self.need = need
        self.decision = decision
        self._hold = hold
        self._state = state
        self._recorder = recorder
        self._used = need.units
        self._data: dict[str, int | str] = dict(need.data)
        self._recorded = False
        self._failed = False

    def use(self, units: int | None = None, **data: int | str) -> None:
        """Say what was really used: fewer units than were set aside, and more of the event."""
        if units is not None:
            self._used = min(max(units, 0), self.need.units)
        self._data.update(data)

    def fail(self) -> None:
        """Say that the call failed although nothing was raised."""
        self._failed = True

    def record(self) -> None:
        """Record the usage now rather than at the end; once is enough."""
        if self._recorded or self.need.event is None or self._recorder is None:
            return
        data = {**self._data, self.UNITS: self._used}
        self._recorder.record(self.need.event, self._state.now(), data)
        self._recorded = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        failed = kind is not None or self._failed
        try:
            if not failed:
                failed = True  # until it is recorded
                self.record()
                failed = False
        finally:
            # Once recorded it will be billed, so it counts, whatever was raised later.
            self._settle(None if failed and not self._recorded else self._used)

    def _settle(self, units: int | None) -> None:
        if self._hold is None:
            return
        if units is None:
            self._hold.release()
        else:
            self._hold.confirm(units)


def admit(state: EntitlementState, need: Need, recorder: Recorder | None = None) -> Admission:
    """Let a call go ahead, its units set aside.

    Raises:
        FeatureRefused: it is not the tenant's to use now.
        UnitsExhausted: all its units are used, or all its slots taken.
        EntitlementUnconfirmed: too old a word, or no units at hand at the moment.
        UnitsNegative: fewer than no units are needed.
    """
    decision, hold = state.hold(need.feature, need.units)
    if decision.allowed:
        return Admission(need, decision, hold, state, recorder)
    if decision.reason in _UNCONFIRMED:
        raise EntitlementUnconfirmed(feature=need.feature, decision=decision, retry_after=1)
    if decision.reason is Reason.LIMIT_REACHED:
        wait = _seconds_left(state, need.feature)
        raise UnitsExhausted(feature=need.feature, decision=decision, retry_after=wait)
    raise FeatureRefused(feature=need.feature, decision=decision)


def _seconds_left(state: EntitlementState, feature: str) -> int:
    """Return the seconds until a feature's period ends; 1 where it has no end of its own."""
    snapshot = state.snapshot
    grant = snapshot.features.get(feature) if snapshot else None
    if snapshot is None or grant is None:
        return 1
    now = state.now()
    end = quota_period(grant, snapshot.zone, now).end
    return 1 if end is None else max(1, ceil((end - now).total_seconds()))

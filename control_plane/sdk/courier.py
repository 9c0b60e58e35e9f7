"""Sending with manners: what the control plane asks for by Retry-After is kept to."""

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

from control_plane.kernel.clock import Clock
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.sdk.reporter import Send

LONGEST_WAIT_SECONDS = 300.0


class ControlPlaneBusy(TallyardError):
    """The control plane is there and takes nothing now."""

    code = "control_plane_busy"
    kind = ErrorKind.UNAVAILABLE
    message = "The control plane answered {status} and asks for {seconds} seconds of patience."
    remedy = "Nothing is lost; the same events are sent again after that time."

    def __init__(self, *, status: int, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(status=status, seconds=seconds)


@dataclass(slots=True)
class Courier:
    """Passes batches on to ``send``, except while it was asked to wait.

    Make one for all the reporters of a service: asked to wait is asked for all of them.
    """

    send: Send
    clock: Clock
    _not_before: float = field(default=float("-inf"))

    async def __call__(self, events: list[dict[str, object]]) -> list[dict[str, object]]:
        """Send a batch and return one result per event.

        Raises:
            ControlPlaneBusy: it asked to wait, now or a while ago.
            Exception: whatever ``send`` raises; nothing is known of the batch.
        """
        left = self._not_before - self.clock.monotonic()
        if left > 0:
            raise ControlPlaneBusy(status=503, seconds=round(left, 1))
        try:
            return await self.send(events)
        except ControlPlaneBusy as busy:
            wait = max(0.0, min(busy.seconds, LONGEST_WAIT_SECONDS))
            self._not_before = self.clock.monotonic() + wait
            raise


def wait_asked_for(retry_after: str | None, now: datetime) -> float:
    """Return the seconds that a Retry-After header asks for (RFC 9110, section 10.2.3).

    Zero where there is no such header: the reporters' own pauses are long enough then.
    """
    text = (retry_after or "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):  # none, or one that cannot be read
        return 0.0

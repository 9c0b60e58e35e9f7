"""What is known of an account that has nothing left: how long that stands, when to ask again."""

from dataclasses import dataclass

from control_plane.sdk.lease_messages import LeaseStatus

NEVER = float("-inf")
PAUSE_SECONDS = 0.25
"""How long after "nothing left" the server is not asked again, the first time."""
LONGEST_PAUSE_SECONDS = 8.0
"""What such pauses double up to, while the answer stays the same."""
BELIEVED_SECONDS = 60.0
"""How long the answer stands, unless what is granted changes: others may give units back."""
FLEETING_SECONDS = 1.0
"""The same where time alone gives units back: rates, rolling windows, slots."""
KEEP_SECONDS = 15.0
"""How long after such an answer a lease is asked for that nobody needs at once."""


@dataclass(slots=True, eq=False)
class Shortage:
    """``units`` or more of an account are not to be had; 0: that is not known of any number.

    ``lasting`` says that time alone brings nothing within the period. All instants are monotonic.
    """

    lasting: bool
    units: int = 0
    ask_after: float = NEVER
    fill_after: float = NEVER
    until: float = NEVER
    pause: float = 0.0

    def note(self, status: LeaseStatus, needed: int, now: float) -> None:
        """Learn from an answer to a request that needed so many units."""
        if status is LeaseStatus.OK:
            self.forget()
            return
        self.fill_after = now + KEEP_SECONDS
        if status is not LeaseStatus.EXHAUSTED:
            self.units, self.ask_after = 0, now + PAUSE_SECONDS
            return
        longest = LONGEST_PAUSE_SECONDS if self.lasting else PAUSE_SECONDS
        self.pause = min(max(2 * self.pause, PAUSE_SECONDS), longest)
        self.units, self.ask_after = max(needed, 1), now + self.pause
        self.until = now + (BELIEVED_SECONDS if self.lasting else FLEETING_SECONDS)

    def forget(self) -> None:
        """Know nothing any more: what is granted may have changed."""
        self.ask_after = self.fill_after = self.until = NEVER
        self.units, self.pause = 0, 0.0

    def may_ask(self, needed: int, now: float) -> bool:
        """Whether asking for more may bring any: so many units are needed, or none at once."""
        if not needed:
            return now >= self.fill_after
        return now >= self.ask_after or needed < self.units

    def covers(self, units: int, at: float) -> bool:
        """Whether it is known that so many units are not to be had."""
        return units >= self.units > 0 and at < self.until

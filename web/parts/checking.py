"""Checks over HTTP, from snapshots that this process holds."""

from functools import cached_property

from control_plane.entitlements.services.check_entitlements import CheckEntitlements
from control_plane.entitlements.services.follow_entitlements import FollowEntitlements, StreamRoom
from control_plane.entitlements.shared_reads import SharedReads
from web.parts.leases import LeasesPart

MOST_STREAMS = 512
MOST_STREAMS_OF_ONE = 64
"""Streams and long polls that one web process holds open, in all and for one tenant."""


class CheckingPart(LeasesPart):
    """Use cases: may this call go ahead, and what has changed."""

    @cached_property
    def check_entitlements(self) -> CheckEntitlements:
        return CheckEntitlements(self.held_states, self.clock, SharedReads(self.read_accounts))

    @cached_property
    def follow_entitlements(self) -> FollowEntitlements:
        return FollowEntitlements(self.held_states, self.clock)

    @cached_property
    def stream_room(self) -> StreamRoom:
        return StreamRoom(MOST_STREAMS, MOST_STREAMS_OF_ONE)

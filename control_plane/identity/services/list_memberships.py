"""List the organisations a person belongs to."""

from dataclasses import dataclass

from control_plane.identity.lookups import Lookups, Membership
from control_plane.kernel.ids import UserId
from control_plane.runtime.unit_of_work import AuthWork


@dataclass(frozen=True, slots=True)
class ListMemberships:
    """Read where a person may switch to."""

    auth: AuthWork

    async def __call__(self, user_id: UserId) -> tuple[Membership, ...]:
        """Read the active organisations, in the order the person joined them."""
        async with self.auth() as session:
            return await Lookups(session).memberships(user_id)

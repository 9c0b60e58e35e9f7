"""How tenants stand with their payments."""

from functools import cached_property

from billing.services.standing.follow_ladder import FollowLadder, ReadDebt
from billing.standing_jobs import FollowLadders, LadderParticipant
from control_plane.standing.services.hold_standing import HoldStanding, ReleaseStanding
from control_plane.standing.services.list_standings import ListStandings
from control_plane.standing.services.read_standing import ReadStanding
from web.parts.billing import BillingPart


class StandingPart(BillingPart):
    """Use cases of the ladder of non-payment."""

    @cached_property
    def follow_ladder(self) -> FollowLadder:
        return FollowLadder(self.work, self.tenant_clock)

    @cached_property
    def follow_ladders(self) -> FollowLadders:
        return FollowLadders(self.system, self.follow_ladder, self.clock)

    @cached_property
    def ladder_participant(self) -> LadderParticipant:
        return LadderParticipant(self.work, self.follow_ladder)

    @cached_property
    def read_debt(self) -> ReadDebt:
        return ReadDebt(self.work)

    @cached_property
    def read_standing(self) -> ReadStanding:
        return ReadStanding(self.work, self.tenant_clock)

    @cached_property
    def list_standings(self) -> ListStandings:
        return ListStandings(self.staff, self.tenant_clock)

    @cached_property
    def hold_standing(self) -> HoldStanding:
        return HoldStanding(self.work, self.tenant_clock)

    @cached_property
    def release_standing(self) -> ReleaseStanding:
        return ReleaseStanding(self.work, self.tenant_clock)

"""Organisations, members, test clocks and the audit record."""

from functools import cached_property

from control_plane.audit.jobs import SealAudit
from control_plane.audit.services.list_audit import ListAudit
from control_plane.audit.services.verify_audit import VerifyAudit
from control_plane.tenancy.links import InvitationLinks
from control_plane.tenancy.services.accept_invitation import AcceptInvitation
from control_plane.tenancy.services.change_member_role import ChangeMemberRole
from control_plane.tenancy.services.create_organisation import CreateOrganisation
from control_plane.tenancy.services.create_test_clock import CreateTestClock
from control_plane.tenancy.services.invite_member import InviteMember
from control_plane.tenancy.services.list_invitations import ListInvitations
from control_plane.tenancy.services.list_members import ListMembers
from control_plane.tenancy.services.list_organisations import ListOrganisations
from control_plane.tenancy.services.list_stuck_clocks import ListStuckClocks
from control_plane.tenancy.services.read_invitation import ReadInvitation
from control_plane.tenancy.services.read_organisation import ReadOrganisation
from control_plane.tenancy.services.read_test_clock import ReadTestClock
from control_plane.tenancy.services.remove_member import RemoveMember
from control_plane.tenancy.services.request_clock_advance import RequestClockAdvance
from control_plane.tenancy.services.revoke_invitation import RevokeInvitation
from control_plane.tenancy.services.update_organisation import UpdateOrganisation
from web.parts.base import BasePart


class TenancyPart(BasePart):
    """Use cases of tenancy and audit."""

    @cached_property
    def invitation_links(self) -> InvitationLinks:
        return InvitationLinks(self.settings.public_url, self.settings.secret_key)

    @cached_property
    def create_organisation(self) -> CreateOrganisation:
        return CreateOrganisation(self.work, self.clock)

    @cached_property
    def read_organisation(self) -> ReadOrganisation:
        return ReadOrganisation(self.work)

    @cached_property
    def update_organisation(self) -> UpdateOrganisation:
        return UpdateOrganisation(self.work)

    @cached_property
    def list_organisations(self) -> ListOrganisations:
        return ListOrganisations(self.staff)

    @cached_property
    def list_members(self) -> ListMembers:
        return ListMembers(self.work)

    @cached_property
    def change_member_role(self) -> ChangeMemberRole:
        return ChangeMemberRole(self.work)

    @cached_property
    def remove_member(self) -> RemoveMember:
        return RemoveMember(self.work)

    @cached_property
    def invite_member(self) -> InviteMember:
        return InviteMember(self.work, self.clock, self.invitation_links)

    @cached_property
    def list_invitations(self) -> ListInvitations:
        return ListInvitations(self.work, self.clock)

    @cached_property
    def read_invitation(self) -> ReadInvitation:
        return ReadInvitation(self.auth, self.clock)

    @cached_property
    def accept_invitation(self) -> AcceptInvitation:
        return AcceptInvitation(self.work, self.clock, self.read_invitation)

    @cached_property
    def revoke_invitation(self) -> RevokeInvitation:
        return RevokeInvitation(self.work, self.clock)

    @cached_property
    def create_test_clock(self) -> CreateTestClock:
        return CreateTestClock(self.work, self.clock)

    @cached_property
    def read_test_clock(self) -> ReadTestClock:
        return ReadTestClock(self.work)

    @cached_property
    def request_clock_advance(self) -> RequestClockAdvance:
        return RequestClockAdvance(self.work)

    @cached_property
    def list_stuck_clocks(self) -> ListStuckClocks:
        return ListStuckClocks(self.staff)

    @cached_property
    def list_audit(self) -> ListAudit:
        return ListAudit(self.work)

    @cached_property
    def verify_audit(self) -> VerifyAudit:
        return VerifyAudit(self.work)

    @cached_property
    def seal_audit(self) -> SealAudit:
        return SealAudit(self.system)

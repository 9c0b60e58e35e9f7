"""Tenancy and identity put together as the composition root does it, for tests."""

from dataclasses import dataclass

from control_plane.identity.domain import Principal, PrincipalKind
from control_plane.identity.known_keys import KnownKeys
from control_plane.identity.services.authenticate_api_key import AuthenticateApiKey
from control_plane.identity.services.authenticate_service_token import AuthenticateServiceToken
from control_plane.identity.services.authenticate_session import AuthenticateSession
from control_plane.identity.services.change_language import ChangeLanguage
from control_plane.identity.services.create_api_key import CreateApiKey
from control_plane.identity.services.issue_service_token import IssueServiceToken
from control_plane.identity.services.join_by_invitation import JoinByInvitation
from control_plane.identity.services.list_api_keys import ListApiKeys
from control_plane.identity.services.list_memberships import ListMemberships
from control_plane.identity.services.revoke_api_key import RevokeApiKey
from control_plane.identity.services.revoke_service_tokens import RevokeServiceTokens
from control_plane.identity.services.sign_in import SignIn
from control_plane.identity.services.sign_out import SignOut
from control_plane.identity.services.sign_up import SignUp
from control_plane.identity.services.switch_tenant import SwitchTenant
from control_plane.identity.sessions import OpenSession
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, UserId
from control_plane.runtime.database import Database
from control_plane.runtime.unit_of_work import AuthWork, UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.domain import Role
from control_plane.tenancy.links import InvitationLinks
from control_plane.tenancy.services.accept_invitation import AcceptInvitation
from control_plane.tenancy.services.change_member_role import ChangeMemberRole
from control_plane.tenancy.services.create_organisation import CreateOrganisation
from control_plane.tenancy.services.create_test_clock import CreateTestClock
from control_plane.tenancy.services.invite_member import InviteMember
from control_plane.tenancy.services.list_invitations import ListInvitations
from control_plane.tenancy.services.list_members import ListMembers
from control_plane.tenancy.services.read_invitation import ReadInvitation
from control_plane.tenancy.services.read_test_clock import ReadTestClock
from control_plane.tenancy.services.remove_member import RemoveMember
from control_plane.tenancy.services.request_clock_advance import RequestClockAdvance
from control_plane.tenancy.services.revoke_invitation import RevokeInvitation

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Person:
    """Somebody who signed up, with their organisation."""

    user_id: UserId
    tenant_id: TenantId
    email: str

    @property
    def principal(self) -> Principal:
        return Principal(
            kind=PrincipalKind.USER,
            tenant_id=self.tenant_id,
            name=self.email,
            user_id=self.user_id,
            roles=frozenset({Role.OWNER}),
        )


class People:
    """Every use case of tenancy and identity over one database."""

    def __init__(self, database: Database, clock: Clock, secret_key: str = "test secret") -> None:
        work, auth = UnitOfWork(database), AuthWork(database)
        self.work, self.auth, self.clock = work, auth, clock
        self.tenant_clock = TenantClock(clock)
        self.links = InvitationLinks("https://tallyard.test", secret_key)
        self.create_organisation = CreateOrganisation(work, clock)
        self.sign_up = SignUp(work, clock, self.create_organisation)
        self.open_session = OpenSession(auth, clock)
        self.sign_in = SignIn(auth, self.open_session)
        self.sign_out = SignOut(auth)
        self.by_session = AuthenticateSession(auth, clock)
        self.switch_tenant = SwitchTenant(auth)
        self.memberships = ListMemberships(auth)
        self.change_language = ChangeLanguage(auth)
        self.known_keys = KnownKeys(clock)
        self.create_key = CreateApiKey(work, self.tenant_clock)
        self.revoke_key = RevokeApiKey(work, self.tenant_clock, self.known_keys)
        self.list_keys = ListApiKeys(work)
        self.by_key = AuthenticateApiKey(auth, clock, self.known_keys)
        self.issue_token = IssueServiceToken(work, clock)
        self.revoke_tokens = RevokeServiceTokens(work, clock)
        self.by_token = AuthenticateServiceToken(auth)
        self.invite = InviteMember(work, clock, self.links)
        self.read_invitation = ReadInvitation(auth, clock)
        self.accept = AcceptInvitation(work, clock, self.read_invitation)
        self.revoke_invitation = RevokeInvitation(work, clock)
        self.list_invitations = ListInvitations(work, clock)
        self.join = JoinByInvitation(
            work, auth, clock, self.read_invitation, self.accept, self.sign_in
        )
        self.list_members = ListMembers(work)
        self.change_role = ChangeMemberRole(work)
        self.remove = RemoveMember(work)
        self.create_clock = CreateTestClock(work, clock)
        self.read_clock = ReadTestClock(work)
        self.advance_clock = RequestClockAdvance(work)

    async def somebody(self, name: str = "bella", *, sandbox: bool = False) -> Person:
        email = f"{name}@example.com"
        user_id, tenant_id = await self.sign_up(
            email=email,
            password=PASSWORD,
            name=name.title(),
            organisation_name=f"{name.title()} Pizza",
            sandbox=sandbox,
        )
        return Person(user_id, tenant_id, email)

"""Sign-in, sessions, keys and mail."""

from functools import cached_property

from control_plane.identity.jobs import PurgeSessions
from control_plane.identity.known_keys import KnownKeys
from control_plane.identity.services.authenticate_api_key import AuthenticateApiKey
from control_plane.identity.services.authenticate_service_token import AuthenticateServiceToken
from control_plane.identity.services.authenticate_session import AuthenticateSession
from control_plane.identity.services.change_language import ChangeLanguage
from control_plane.identity.services.create_api_key import CreateApiKey
from control_plane.identity.services.create_staff_user import CreateStaffUser
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
from control_plane.notifications.choose import choose_mailer
from control_plane.notifications.handler import DeliverMail
from web.parts.tenancy import TenancyPart


class IdentityPart(TenancyPart):
    """Use cases of identity, and what is mailed."""

    @cached_property
    def sign_up(self) -> SignUp:
        return SignUp(self.work, self.clock, self.create_organisation)

    @cached_property
    def open_session(self) -> OpenSession:
        return OpenSession(self.auth, self.clock)

    @cached_property
    def sign_in(self) -> SignIn:
        return SignIn(self.auth, self.open_session)

    @cached_property
    def sign_out(self) -> SignOut:
        return SignOut(self.auth)

    @cached_property
    def switch_tenant(self) -> SwitchTenant:
        return SwitchTenant(self.auth)

    @cached_property
    def change_language(self) -> ChangeLanguage:
        return ChangeLanguage(self.auth)

    @cached_property
    def list_memberships(self) -> ListMemberships:
        return ListMemberships(self.auth)

    @cached_property
    def join_by_invitation(self) -> JoinByInvitation:
        return JoinByInvitation(
            self.work,
            self.auth,
            self.clock,
            self.read_invitation,
            self.accept_invitation,
            self.sign_in,
        )

    @cached_property
    def authenticate_session(self) -> AuthenticateSession:
        return AuthenticateSession(self.auth, self.clock)

    @cached_property
    def known_keys(self) -> KnownKeys:
        return KnownKeys(self.clock)

    @cached_property
    def authenticate_api_key(self) -> AuthenticateApiKey:
        return AuthenticateApiKey(self.auth, self.clock, self.known_keys)

    @cached_property
    def authenticate_service_token(self) -> AuthenticateServiceToken:
        return AuthenticateServiceToken(self.auth)

    @cached_property
    def create_api_key(self) -> CreateApiKey:
        return CreateApiKey(self.work, self.tenant_clock)

    @cached_property
    def list_api_keys(self) -> ListApiKeys:
        return ListApiKeys(self.work)

    @cached_property
    def revoke_api_key(self) -> RevokeApiKey:
        return RevokeApiKey(self.work, self.tenant_clock, self.known_keys)

    @cached_property
    def issue_service_token(self) -> IssueServiceToken:
        return IssueServiceToken(self.work, self.clock)

    @cached_property
    def revoke_service_tokens(self) -> RevokeServiceTokens:
        return RevokeServiceTokens(self.work, self.clock)

    @cached_property
    def create_staff_user(self) -> CreateStaffUser:
        return CreateStaffUser(self.database, self.clock)

    @cached_property
    def purge_sessions(self) -> PurgeSessions:
        return PurgeSessions(self.auth, self.clock)

    @cached_property
    def deliver_mail(self) -> DeliverMail:
        return DeliverMail(choose_mailer(self.settings, self.clock), self.invitation_links)

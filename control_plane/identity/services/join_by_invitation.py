"""Come through an invitation, with or without an account."""

from dataclasses import dataclass

from control_plane.identity.lookups import Lookups
from control_plane.identity.passwords import checked_password, hash_password
from control_plane.identity.services.sign_in import SignIn
from control_plane.identity.users import create_user
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, UserId
from control_plane.runtime.unit_of_work import AuthWork, UnitOfWork
from control_plane.tenancy.domain import known_language, normal_name
from control_plane.tenancy.services.accept_invitation import AcceptInvitation
from control_plane.tenancy.services.read_invitation import OpenInvitation, ReadInvitation


@dataclass(frozen=True, slots=True)
class JoinByInvitation:
    """Let the invited person in: by the password they have, or as somebody new."""

    work: UnitOfWork
    auth: AuthWork
    clock: Clock
    read: ReadInvitation
    accept: AcceptInvitation
    sign_in: SignIn

    async def __call__(
        self, *, secret: str, name: str, password: str, language: str = "en"
    ) -> tuple[UserId, TenantId]:
        """Join, and return who joined and where. The address is the invitation's.

        Raises:
            InvitationNotFound: unknown, used, revoked or expired.
            SignInRefused: the address has an account, and this is not its password.
            NameInvalid, PasswordTooShort, PasswordTooLong, LanguageUnknown: as named.
            AlreadyMember: the person is in already.
        """
        invitation = await self.read(secret)
        async with self.auth() as session:
            known = await Lookups(session).by_email(invitation.email)
        if known is None:
            user_id = await self._as_new(invitation, name, password, language)
        else:
            user_id = await self.sign_in.verify(email=invitation.email, password=password)
            await self.accept.join(invitation, user_id=user_id, email=invitation.email)
        return user_id, invitation.tenant_id

    async def _as_new(
        self, invitation: OpenInvitation, name: str, password: str, language: str
    ) -> UserId:
        person, spoken = normal_name(name), known_language(language)
        hashed = await hash_password(checked_password(password))
        async with self.work(invitation.tenant_id) as session:
            user_id = await create_user(
                session,
                email=invitation.email,
                name=person,
                language=spoken,
                at=self.clock.now(),
                password_hash=hashed,
            )
            await self.accept.join(invitation, user_id=user_id, email=invitation.email)
        return user_id

"""Sign in with a password."""

from dataclasses import dataclass

from control_plane.identity.errors import SignInRefused
from control_plane.identity.lookups import Lookups
from control_plane.identity.passwords import hash_password, needs_rehash, verify_password
from control_plane.identity.sessions import OpenSession, SignedIn
from control_plane.kernel.ids import UserId
from control_plane.runtime.unit_of_work import AuthWork
from control_plane.tenancy.domain import normal_email
from control_plane.tenancy.errors import EmailInvalid


@dataclass(frozen=True, slots=True)
class SignIn:
    """Open a session for whoever knows address and password.

    An unknown address and a wrong password get the same answer after the same work.
    """

    auth: AuthWork
    open_session: OpenSession

    async def __call__(self, *, email: str, password: str) -> SignedIn:
        """Check both and open a session.

        Raises:
            SignInRefused: one of the two is wrong.
        """
        return await self.open_session(await self.verify(email=email, password=password))

    async def verify(self, *, email: str, password: str) -> UserId:
        """Check both without opening a session, and return whose they are.

        Raises:
            SignInRefused: one of the two is wrong.
        """
        try:
            address = normal_email(email)
        except EmailInvalid:
            address = ""  # nobody's; refused below, after the same work
        async with self.auth() as session:
            known = await Lookups(session).by_email(address)
        stored = known.password_hash if known else None
        if not await verify_password(stored, password) or known is None or stored is None:
            raise SignInRefused
        if needs_rehash(stored):
            stronger = await hash_password(password)
            async with self.auth() as session:
                await Lookups(session).replace_password_hash(known.user_id, stored, stronger)
        return known.user_id

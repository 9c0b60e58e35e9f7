"""Sign in through a company's own identity provider."""

import hmac
from dataclasses import dataclass
from datetime import timedelta

from control_plane.identity.errors import (
    EmailTaken,
    OidcAccountExists,
    OidcEmailUnverified,
    OidcLinkedElsewhere,
    OidcRefused,
)
from control_plane.identity.lookups import Lookups
from control_plane.identity.oidc_provider import Identity, OidcProvider
from control_plane.identity.secret_texts import new_secret, secret_hash
from control_plane.identity.sessions import OpenSession, SignedIn
from control_plane.identity.users import create_user
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, UserId, new_id
from control_plane.runtime.unit_of_work import AuthWork, UnitOfWork
from control_plane.tenancy.domain import known_language, normal_email, normal_name
from control_plane.tenancy.services.create_organisation import CreateOrganisation

LIFETIME = timedelta(minutes=10)
"""How long a person may take at the provider."""


@dataclass(frozen=True, slots=True)
class OidcStart:
    """Where to send the browser, and the cookie that ties the way back to this browser."""

    url: str
    state: str


@dataclass(frozen=True, slots=True)
class OidcAnswer:
    """What the provider sent back in the query of the callback."""

    code: str
    state: str
    issuer: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class OidcLogin:
    """Authorisation code flow with PKCE, state and nonce; each login answers once."""

    provider: OidcProvider
    auth: AuthWork
    work: UnitOfWork
    clock: Clock
    create_organisation: CreateOrganisation
    open_session: OpenSession

    async def start(self) -> OidcStart:
        """Begin a login. ``state`` goes into a short-lived, HttpOnly, SameSite=Lax cookie.

        Raises:
            OidcUnavailable: the provider does not answer.
        """
        state, nonce, verifier = new_secret(), new_secret(), new_secret()
        url = await self.provider.authorization_url(
            state=state, nonce=nonce, code_verifier=verifier
        )
        async with self.auth() as session:
            await Lookups(session).begin_oidc(
                secret_hash(state), nonce, verifier, self.clock.now() + LIFETIME
            )
        return OidcStart(url, state)

    async def finish(
        self,
        answer: OidcAnswer,
        *,
        state_cookie: str,
        signed_in_as: UserId | None = None,
        language: str = "en",
    ) -> SignedIn:
        """Check the answer and open a session.

        A person known by this identity is signed in. One who is signed in
        already (``signed_in_as``) has the identity linked. Anybody else is new,
        and gets an organisation of their own.

        Raises:
            OidcRefused, OidcUnavailable: the answer cannot be trusted, or not checked.
            OidcEmailUnverified: a new person whose address the provider does not vouch for.
            OidcAccountExists: the address has an account that was never linked.
            OidcLinkedElsewhere: the identity belongs to another account.
        """
        nonce, verifier = await self._consume(answer, state_cookie)
        identity = await self.provider.identify(
            code=answer.code, nonce=nonce, code_verifier=verifier
        )
        user_id = await self._person(identity, signed_in_as, language)
        return await self.open_session(user_id)

    async def _consume(self, answer: OidcAnswer, state_cookie: str) -> tuple[str, str]:
        """Compare the answer with this browser's own login, and use the login up."""
        same = hmac.compare_digest(answer.state.encode(), state_cookie.encode())
        if not (answer.state and same):
            raise OidcRefused(reason="it did not begin in this browser")
        async with self.auth() as session:
            login = await Lookups(session).consume_oidc(secret_hash(answer.state))
        if login is None or login.expires_at <= self.clock.now():
            raise OidcRefused(reason="it took too long or was used before")
        if answer.error or not answer.code:
            raise OidcRefused(reason=f"the provider said {(answer.error or 'nothing')[:100]}")
        # RFC 9207: an answer that names another issuer was mixed up on the way.
        if answer.issuer and answer.issuer.rstrip("/") != self.provider.issuer.rstrip("/"):
            raise OidcRefused(reason="another provider answered")
        return login.nonce, login.code_verifier

    async def _person(
        self, identity: Identity, signed_in_as: UserId | None, language: str
    ) -> UserId:
        async with self.auth() as session:
            lookups = Lookups(session)
            known = await lookups.by_identity(identity.issuer, identity.subject)
            if known is None and signed_in_as is not None:
                await lookups.link_identity(
                    identity.issuer, identity.subject, signed_in_as, self.clock.now()
                )
                known = await lookups.by_identity(identity.issuer, identity.subject)
        if known is not None and signed_in_as not in {None, known}:
            raise OidcLinkedElsewhere
        return known or await self._sign_up(identity, language)

    async def _sign_up(self, identity: Identity, language: str) -> UserId:
        if identity.email is None or not identity.email_verified:
            raise OidcEmailUnverified
        email = normal_email(identity.email)
        name = normal_name(identity.name or email.partition("@")[0])
        tenant_id = TenantId(new_id())
        try:
            async with self.work(tenant_id) as session:
                user_id = await create_user(
                    session,
                    email=email,
                    name=name,
                    language=known_language(language),
                    at=self.clock.now(),
                    issuer=identity.issuer,
                    subject=identity.subject,
                )
                await self.create_organisation(
                    user_id=user_id, name=name, language=language, tenant_id=tenant_id
                )
        except EmailTaken as error:
            raise OidcAccountExists(email=email) from error
        return user_id

"""The conversation with an OpenID provider: authorisation code with PKCE, state and nonce.

Follows OpenID Connect Core 1.0 (sections 3.1.2.7 and 3.1.3.7), RFC 7636 and RFC 9207.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from authlib.common.errors import AuthlibBaseError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from joserfc.jwt import JWTClaimsRegistry

from control_plane.identity.errors import OidcRefused, OidcUnavailable
from control_plane.identity.oauth_client import AsyncOAuth2Client, TransportError
from control_plane.kernel.clock import Clock

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
"""Asymmetric only: a provider's key must not be guessable from our client secret."""

LEEWAY_SECONDS = 60
TIMEOUT_SECONDS = 10.0

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for. ``subject`` never changes; the address may."""

    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    name: str | None


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """One provider, found through its discovery document."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    clock: Clock

    async def authorization_url(self, *, state: str, nonce: str, code_verifier: str) -> str:
        """Return the address to which the browser is sent.

        Raises:
            OidcUnavailable: the provider does not describe itself.
        """
        async with self._client() as client:
            metadata = await self._metadata(client)
            url, _ = client.create_authorization_url(
                metadata["authorization_endpoint"],
                state=state,
                nonce=nonce,
                code_verifier=code_verifier,
            )
        return str(url)

    async def identify(self, *, code: str, nonce: str, code_verifier: str) -> Identity:
        """Exchange the code, check the ID token, and return whom it names.

        Raises:
            OidcRefused: the code or the token cannot be trusted.
            OidcUnavailable: the provider does not answer.
        """
        async with self._client() as client:
            metadata = await self._metadata(client)
            tokens = await self._exchange(client, metadata, code, code_verifier)
            keys = await self._get(client, str(metadata["jwks_uri"]))
            claims = self._checked(tokens, keys, issuer=str(metadata["issuer"]), nonce=nonce)
            if "email" not in claims and "userinfo_endpoint" in metadata:
                claims |= await self._userinfo(client, metadata, str(claims["sub"]))
        email = claims.get("email")
        return Identity(
            issuer=self.issuer,
            subject=str(claims["sub"]),
            email=None if email is None else str(email),
            email_verified=claims.get("email_verified") is True,
            name=None if claims.get("name") is None else str(claims["name"]),
        )

    def _client(self) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            client_id=self.client_id,
            client_secret=self.client_secret,
            redirect_uri=self.redirect_uri,
            scope="openid email profile",
            code_challenge_method="S256",
            timeout=TIMEOUT_SECONDS,
        )

    async def _metadata(self, client: AsyncOAuth2Client) -> Json:
        base = self.issuer.rstrip("/")
        found = await self._get(client, f"{base}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != base:
            raise OidcRefused(reason="the provider calls itself something else")
        return found

    async def _get(
        self, client: AsyncOAuth2Client, url: str, *, withhold_token: bool = True
    ) -> Json:
        try:
            answer = await client.request("GET", url, withhold_token=withhold_token)
            answer.raise_for_status()
            body = answer.json()
        except (TransportError, ValueError) as error:
            raise OidcUnavailable(issuer=self.issuer) from error
        if not isinstance(body, dict):
            raise OidcUnavailable(issuer=self.issuer)
        return body

    async def _exchange(
        self, client: AsyncOAuth2Client, metadata: Json, code: str, code_verifier: str
    ) -> Mapping[str, Any]:
        try:
            tokens = await client.fetch_token(
                metadata["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=code_verifier,
            )
        except AuthlibBaseError as error:
            raise OidcRefused(reason="the provider refused the code") from error
        except (TransportError, ValueError) as error:
            raise OidcUnavailable(issuer=self.issuer) from error
        return cast("Mapping[str, Any]", tokens)

    async def _userinfo(self, client: AsyncOAuth2Client, metadata: Json, subject: str) -> Json:
        found = await self._get(client, str(metadata["userinfo_endpoint"]), withhold_token=False)
        # OpenID Connect Core 5.3.2: another person's claims must not be used.
        if found.get("sub") != subject:
            raise OidcRefused(reason="the provider spoke of somebody else")
        return found

    def _checked(self, tokens: Mapping[str, Any], keys: Json, *, issuer: str, nonce: str) -> Json:
        registry = JWTClaimsRegistry(
            now=int(self.clock.now().timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": self.client_id},
            azp={"value": self.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            token = jwt.decode(
                str(tokens.get("id_token", "")),
                KeySet.import_key_set(cast("KeySetSerialization", keys)),
                algorithms=list(ALGORITHMS),
            )
            registry.validate(token.claims)
        except (JoseError, ValueError, KeyError) as error:
            raise OidcRefused(reason="the identity token is not valid") from error
        return dict(token.claims)

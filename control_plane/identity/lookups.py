"""The look-ups across tenants, one method a SECURITY DEFINER function."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.identity.domain import Principal, PrincipalKind, StaffRole
from control_plane.kernel.ids import ApiKeyId, InstanceId, SessionId, TenantId, UserId
from control_plane.runtime.unit_of_work import AuthWork
from control_plane.tenancy.domain import Role

_API_KEY = text("SELECT tenant_id, id, name, scopes, lasting FROM auth_api_key(:hash, :at)")
_SERVICE_TOKEN = text(
    "SELECT tenant_id, instance_id, module, scopes FROM auth_service_token(:hash)"
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A person's id and password hash; None where they sign in elsewhere only."""

    user_id: UserId
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class SessionFound:
    """A session that has not expired."""

    principal: Principal
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """An organisation a person may switch to."""

    tenant_id: TenantId
    slug: str
    name: str
    sandbox: bool
    role: Role


@dataclass(frozen=True, slots=True)
class LoginUnderWay:
    """What a login through an identity provider must be answered with."""

    nonce: str
    code_verifier: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class KeyFound:
    """Whose a key is, and whether that lasts until somebody revokes it: no clock ends it."""

    principal: Principal
    lasting: bool


@dataclass(frozen=True, slots=True)
class Lookups:
    """Asks the auth role's functions. ``session`` is the auth role's."""

    session: AsyncSession

    async def by_email(self, email: str) -> Credentials | None:
        """Find a person by normal e-mail address."""
        row = await self._one("SELECT * FROM auth_user_by_email(:email)", email=email)
        return None if row is None else Credentials(UserId(row[0]), row[1])

    async def by_identity(self, issuer: str, subject: str) -> UserId | None:
        """Find a person by what an identity provider calls them."""
        row = await self._one(
            "SELECT * FROM auth_user_by_identity(:issuer, :subject)",
            issuer=issuer,
            subject=subject,
        )
        return None if row is None else UserId(row[0])

    async def link_identity(self, issuer: str, subject: str, user_id: UserId, at: datetime) -> bool:
        """Let a person sign in through an identity provider; False when it is linked already."""
        row = await self._one(
            "SELECT auth_link_identity(:issuer, :subject, :user_id, :at)",
            issuer=issuer,
            subject=subject,
            user_id=user_id,
            at=at,
        )
        return row is not None and bool(row[0])

    async def replace_password_hash(self, user_id: UserId, old: str, new: str) -> None:
        """Store a stronger hash of the same password."""
        await self._one(
            "SELECT auth_replace_password_hash(:user_id, :old, :new)",
            user_id=user_id,
            old=old,
            new=new,
        )

    async def memberships(self, user_id: UserId) -> tuple[Membership, ...]:
        """List the person's active organisations, in the order they joined."""
        rows = await self.session.execute(
            text("SELECT * FROM auth_memberships(:user_id)"), {"user_id": user_id}
        )
        return tuple(
            Membership(TenantId(row[0]), row[1], row[2], row[3], Role(row[4])) for row in rows
        )

    async def open_session(
        self,
        session_id: SessionId,
        secret_hash: str,
        user_id: UserId,
        *,
        at: datetime,
        idle_expires_at: datetime,
        expires_at: datetime,
    ) -> None:
        """Store a new session, in the organisation its person joined first."""
        await self._one(
            "SELECT auth_open_session(:id, :hash, :user_id, :at, :idle, :expires)",
            id=session_id,
            hash=secret_hash,
            user_id=user_id,
            at=at,
            idle=idle_expires_at,
            expires=expires_at,
        )

    async def session_by(self, secret_hash: str, at: datetime) -> SessionFound | None:
        """Find a session that has not expired at ``at``."""
        row = await self._one("SELECT * FROM auth_session(:hash, :at)", hash=secret_hash, at=at)
        if row is None:
            return None
        # The tenant is kept only while the membership is.
        tenant_id = TenantId(row.tenant_id) if row.role else None
        principal = Principal(
            kind=PrincipalKind.USER,
            tenant_id=tenant_id,
            name=row.name,
            user_id=UserId(row.user_id),
            roles=frozenset({Role(row.role)}) if row.role else frozenset(),
            staff_roles=frozenset(StaffRole(role) for role in row.staff_roles),
            email=row.email,
            language=row.language,
        )
        return SessionFound(principal, row.seen_at, row.expires_at)

    async def touch_session(
        self, secret_hash: str, at: datetime, idle_expires_at: datetime
    ) -> None:
        """Let a session slide on."""
        await self._one(
            "SELECT auth_touch_session(:hash, :at, :idle)",
            hash=secret_hash,
            at=at,
            idle=idle_expires_at,
        )

    async def switch_tenant(self, secret_hash: str, tenant_id: TenantId) -> bool:
        """Move a session to another organisation; False when the person is no member there."""
        row = await self._one(
            "SELECT auth_switch_tenant(:hash, :tenant_id)", hash=secret_hash, tenant_id=tenant_id
        )
        return row is not None and bool(row[0])

    async def set_language(self, secret_hash: str, language: str) -> None:
        """Change the language of the session's person."""
        await self._one(
            "SELECT auth_set_language(:hash, :language)", hash=secret_hash, language=language
        )

    async def close_session(self, secret_hash: str) -> None:
        """Delete a session; unknown ones are no error."""
        await self._one("SELECT auth_close_session(:hash)", hash=secret_hash)

    async def begin_oidc(
        self, state_hash: str, nonce: str, code_verifier: str, expires_at: datetime
    ) -> None:
        """Remember a login until its person comes back."""
        await self._one(
            "SELECT auth_begin_oidc(:hash, :nonce, :code_verifier, :expires_at)",
            hash=state_hash,
            nonce=nonce,
            code_verifier=code_verifier,
            expires_at=expires_at,
        )

    async def consume_oidc(self, state_hash: str) -> LoginUnderWay | None:
        """Take a login away; whoever comes second finds nothing."""
        row = await self._one("SELECT * FROM auth_consume_oidc(:hash)", hash=state_hash)
        return None if row is None else LoginUnderWay(row[0], row[1], row[2])

    async def purge(self, at: datetime) -> int:
        """Delete what expired before ``at``."""
        row = await self._one("SELECT auth_purge(:at)", at=at)
        return 0 if row is None else int(row[0])

    async def _one(
        self, statement: str, **values: str | datetime | UUID
    ) -> Row[*tuple[Any, ...]] | None:
        return (await self.session.execute(text(statement), values)).one_or_none()


async def api_key(auth: AuthWork, secret_hash: str, at: datetime) -> KeyFound | None:
    """Find a key that is neither revoked nor expired on its tenant's clock."""
    rows = await auth.ask(_API_KEY, {"hash": secret_hash, "at": at})
    if not rows:
        return None
    [(tenant_id, key_id, name, scopes, lasting)] = rows
    principal = Principal(
        kind=PrincipalKind.API_KEY,
        tenant_id=TenantId(tenant_id),
        name=name,
        key_id=ApiKeyId(key_id),
        scopes=frozenset(scopes),
    )
    return KeyFound(principal, lasting)


async def service_token(auth: AuthWork, secret_hash: str) -> Principal | None:
    """Find a token that is not revoked."""
    rows = await auth.ask(_SERVICE_TOKEN, {"hash": secret_hash})
    if not rows:
        return None
    [(tenant_id, instance_id, module, scopes)] = rows
    return Principal(
        kind=PrincipalKind.SERVICE,
        tenant_id=TenantId(tenant_id),
        name=module,
        instance_id=InstanceId(instance_id),
        scopes=frozenset(scopes),
    )

"""Create an API key."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from control_plane.audit.record import record
from control_plane.identity.domain import Principal, PrincipalKind, Scope
from control_plane.identity.errors import ExpiryInvalid, ScopesBeyondOwn, ScopesInvalid
from control_plane.identity.models import ApiKeyRow
from control_plane.identity.secret_texts import API_KEY, new_secret, secret_hash, shown_prefix
from control_plane.kernel.ids import ApiKeyId, TenantId, format_id, new_id
from control_plane.kernel.instants import as_utc
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.domain import normal_name

NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class CreateApiKey:
    """Mint a key, show its secret once, and send its hash to the modules."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        name: str,
        scopes: Collection[str],
        by: Principal,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKeyId, str]:
        """Create the key and return its id and its secret, which cannot be read again.

        ``expires_at`` (UTC) is judged on the tenant's clock.

        Raises:
            NameInvalid: no usable name.
            ScopesInvalid: none, or an unknown one.
            ScopesBeyondOwn: ``by`` is a key and lacks one of them.
            ExpiryInvalid: not in the tenant's future.
        """
        tidy = normal_name(name, most=NAME_LENGTH)
        granted = _checked_scopes(scopes, by)
        key_id, secret = ApiKeyId(new_id()), new_secret(API_KEY)
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            _check_expiry(expires_at, now)
            session.add(
                ApiKeyRow(
                    tenant_id=tenant_id,
                    id=key_id,
                    name=tidy,
                    prefix=shown_prefix(secret),
                    hash=secret_hash(secret),
                    scopes=granted,
                    created_by=by.actor,
                    created_at=now,
                    expires_at=expires_at,
                )
            )
            await session.flush()
            await enqueue(session, tenant_id, ENTITLEMENTS_CHANGED, {})
            await record(
                session,
                tenant_id,
                by.actor,
                "api_key.created",
                "api_key",
                format_id("key", key_id),
                {"name": tidy, "scopes": granted},
            )
        return key_id, secret


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and as_utc(expires_at) <= now:
        raise ExpiryInvalid(value=expires_at.isoformat(), now=now.isoformat(), field="expires_at")


def _checked_scopes(scopes: Collection[str], by: Principal) -> list[str]:
    known = set(Scope)
    asked = set(scopes)
    if not asked or asked - known:
        raise ScopesInvalid(
            value=", ".join(sorted(asked)), known=", ".join(sorted(known)), field="scopes"
        )
    if by.kind is PrincipalKind.API_KEY and asked - by.scopes:
        raise ScopesBeyondOwn(scopes=", ".join(sorted(asked - by.scopes)), field="scopes")
    return sorted(str(scope) for scope in asked)

"""What a tenant wants to be told of its usage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.domain import Role
from metering.domain.alerts import AlertSettings
from metering.errors_alerts import AlertThresholdsInvalid
from metering.stores.alert_marks import MARK_DUE

MOST_THRESHOLDS = 10
LARGEST_THRESHOLD = 1_000

_READ = text(
    "SELECT thresholds, forecast, mail_roles FROM usage_alert_settings WHERE tenant_id = :tenant_id"
)
_SAVE = text(
    "INSERT INTO usage_alert_settings (tenant_id, thresholds, forecast, mail_roles) "
    "VALUES (:tenant_id, :thresholds, :forecast, :mail_roles) ON CONFLICT (tenant_id) "
    "DO UPDATE SET thresholds = :thresholds, forecast = :forecast, mail_roles = :mail_roles"
)
_FOUND = text(
    'SELECT feature, period, mark, used, "limit", forecast, found_at FROM usage_alerts '
    "WHERE tenant_id = :tenant_id ORDER BY found_at DESC, feature, mark LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class UsageAlert:
    """What was told: ``mark`` is a percentage of the limit, or ``forecast``."""

    feature: str
    period: str
    mark: str
    used: Decimal
    limit: Decimal
    forecast: Decimal | None
    found_at: datetime


async def settings_of(session: AsyncSession, tenant_id: TenantId) -> AlertSettings:
    """Return a tenant's settings; the usual ones where it has set none."""
    row = (await session.execute(_READ, {"tenant_id": tenant_id})).one_or_none()
    return AlertSettings() if row is None else AlertSettings(tuple(row[0]), row[1], tuple(row[2]))


@dataclass(frozen=True, slots=True)
class ReadAlerts:
    """Show a tenant's settings, and what it was told lately."""

    work: UnitOfWork

    async def __call__(
        self, tenant_id: TenantId, *, limit: int = 50
    ) -> tuple[AlertSettings, tuple[UsageAlert, ...]]:
        """Return both; the alerts latest first."""
        async with self.work(tenant_id) as session:
            settings = await settings_of(session, tenant_id)
            rows = await session.execute(_FOUND, {"tenant_id": tenant_id, "most": limit})
            return settings, tuple(UsageAlert(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class SetAlerts:
    """Set what a tenant is told. What was told already is not told again."""

    work: UnitOfWork

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        thresholds: Sequence[int],
        forecast: bool,
        mail_roles: Sequence[Role],
        actor: str,
    ) -> AlertSettings:
        """Keep the settings and return them, the thresholds rising.

        Raises:
            AlertThresholdsInvalid: too many, or out of range.
        """
        chosen = sorted(set(thresholds))
        if len(chosen) > MOST_THRESHOLDS or any(
            not 1 <= percent <= LARGEST_THRESHOLD for percent in chosen
        ):
            raise AlertThresholdsInvalid(
                value=", ".join(str(percent) for percent in chosen)[:200],
                most=MOST_THRESHOLDS,
                largest=LARGEST_THRESHOLD,
                field="thresholds",
            )
        roles = [role.value for role in Role if role in mail_roles]
        bound = {
            "tenant_id": tenant_id,
            "thresholds": chosen,
            "forecast": forecast,
            "mail_roles": roles,
        }
        async with self.work(tenant_id) as session:
            await session.execute(_SAVE, bound)
            await session.execute(MARK_DUE, {"tenant_id": tenant_id})
            await record(
                session,
                tenant_id,
                actor,
                "usage_alerts.set",
                "tenant",
                format_id("ten", tenant_id),
                {"thresholds": chosen, "forecast": forecast, "mail_roles": roles},
            )
        return AlertSettings(tuple(chosen), forecast, tuple(roles))

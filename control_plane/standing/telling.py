"""Tells people and programs of a step, in the transaction that takes it."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.calendar import instant_text, wall_clock_text
from control_plane.notifications.webhooks.events import EventType, announce
from control_plane.runtime.outbox import message
from control_plane.runtime.topics import MAIL_REQUESTED
from control_plane.runtime.writes import send
from control_plane.sdk.snapshot import Standing
from control_plane.standing.domain import Debt, Kind, Reason, Step
from control_plane.tenancy.domain import Organisation, Role
from control_plane.tenancy.repository import MemberRepository

READERS = frozenset({Role.OWNER, Role.BILLING})


async def tell(
    session: AsyncSession,
    organisation: Organisation,
    step: Step,
    *,
    before: Standing,
    debt: Debt | None,
) -> None:
    """Tell the tenant's endpoints of the step, and whoever reads its invoices of what matters.

    People are written to before each step down, and once they stand well again. Nobody is written
    to for a sandbox: no money is owed there, and its clock may live a year in a minute.
    """
    if step.kind is Kind.ANNOUNCED:
        await announce(
            session,
            organisation.id,
            EventType.STANDING_ANNOUNCED,
            _announced(step, before, debt),
            at=step.at,
        )
    else:
        data = {
            "standing": step.standing.value,
            "previous": before.value,
            "reason": str(step.reason),
        }
        await announce(session, organisation.id, EventType.STANDING_CHANGED, data, at=step.at)
    template = _template(step)
    if template is not None and not organisation.sandbox:
        await _write(session, organisation, template, step, debt)


def _announced(step: Step, before: Standing, debt: Debt | None) -> dict[str, object]:
    effective = step.effective_at or step.at
    data: dict[str, object] = {
        "standing": before.value,
        "next": step.standing.value,
        "at": instant_text(effective),
    }
    if debt is not None:
        data["overdue_since"] = instant_text(debt.since)
        data["invoices"] = list(debt.invoices)
        data["open"] = [
            {"currency": amount.currency.code, "minor": amount.minor} for amount in debt.open
        ]
    return data


def _template(step: Step) -> str | None:
    if step.kind is Kind.ANNOUNCED:
        return f"standing_{step.standing.value}"
    restored = step.reason == Reason.SETTLED and step.standing is Standing.ACTIVE
    return "standing_restored" if restored else None


async def _write(
    session: AsyncSession,
    organisation: Organisation,
    template: str,
    step: Step,
    debt: Debt | None,
) -> None:
    readers = await MemberRepository(session).addresses(organisation.id, READERS)
    owed = () if debt is None else debt.open
    fields = {
        "page": "/portal/standing",
        "organisation": organisation.name,
        "at": _moment(step.effective_at or step.at, organisation),
        "open": ", ".join(f"{each.decimal_text()} {each.currency.code}" for each in owed),
        "invoices": "" if debt is None else ", ".join(debt.invoices),
    }
    asked = {"template": template, "fields": fields, "language": organisation.language}
    await send(
        session,
        [message(organisation.id, MAIL_REQUESTED, {"to": reader, **asked}) for reader in readers],
    )


def _moment(at: datetime, organisation: Organisation) -> str:
    """Write an instant by the organisation's own clock."""
    return f"{wall_clock_text(at, organisation.zone)} ({organisation.zone})"

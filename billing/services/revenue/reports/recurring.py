"""Recurring revenue and how it moved."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billing.domain.items import PolicyBook
from billing.domain.reports.sheet import Cell, Sheet, money, month, ratio
from billing.domain.revenue.mrr import Flow, Movement, Standing, flow, standing, untaxed
from billing.domain.revenue.recognition import month_ends
from billing.domain.revenue.recurring import Stretch, TaxShare, stretches
from billing.models import AccountRow
from billing.repositories.revenue import Scope
from billing.services.revenue.reports.asked import Asked
from billing.services.revenue.reports.tax_shares import tax_shares
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.calendar import local_day_start
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from control_plane.subscriptions.codec import change_from_row
from control_plane.subscriptions.domain import Timeline
from control_plane.subscriptions.models import ChangeRow

_COLUMNS = (
    month("month"),
    money("opening"),
    *(money(movement.value) for movement in Movement),
    money("closing"),
    ratio("net_retention"),
    ratio("gross_retention"),
)
_LOST = {Movement.CONTRACTION, Movement.CHURN}


@dataclass(slots=True)
class Customer:
    """Who pays in one currency, and what recurs of all its subscriptions in it."""

    tenant_id: TenantId
    entity: str
    currency: str
    zone: str
    held: list[Stretch] = field(default_factory=list)
    tax: TaxShare = untaxed

    def month(self, end: date) -> tuple[Standing, Standing]:
        """Return how it stood before and after a month, by the zone of its first subscription."""
        first, after = end.replace(day=1), end + timedelta(days=1)
        opening, closing = (local_day_start(day, self.zone) for day in (first, after))
        return (
            standing(self.held, opening, self.tax),
            standing(self.held, closing, self.tax),
        )


async def recurring_revenue(session: AsyncSession, asked: Asked) -> list[Sheet]:
    """Return monthly recurring revenue by month and currency: opening, movements, closing."""
    customers = await _customers(session, asked.scope)
    codes = sorted({customer.currency for customer in customers})
    rows: list[tuple[Cell, ...]] = [
        (end, *_cells(flow(c.month(end) for c in customers if c.currency == code), code))
        for end in month_ends(asked.first, asked.last)
        for code in codes
    ]
    return [Sheet("mrr", _COLUMNS, tuple(rows), chart="closing")]


def _cells(month_flow: Flow, code: str) -> Iterable[Cell]:
    def amount(minor: int) -> Money:
        return Money(minor, currency(code))

    yield amount(month_flow.opening)
    for movement, minor in month_flow.moved.items():
        yield amount(-minor if movement in _LOST else minor)
    yield amount(month_flow.closing)
    yield month_flow.net_retention
    yield month_flow.gross_retention


async def _customers(session: AsyncSession, scope: Scope) -> list[Customer]:
    found = [(account, t, t.segments) for account, t in await _timelines(session, scope)]
    wanted = {segment.plan_version_id for _, _, segments in found for segment in segments}
    plans = await CatalogRepository(session).plan_versions(wanted)
    customers: dict[tuple[TenantId, str], Customer] = {}
    for account, timeline, segments in found:
        tenant_id, code = TenantId(account.tenant_id), timeline.currency
        known = customers.setdefault(
            (tenant_id, code), Customer(tenant_id, account.entity, code, timeline.anchor.zone)
        )
        known.held += stretches(segments, code, plans, PolicyBook(account.policies))
    await _tax(session, customers.values())
    return list(customers.values())


async def _tax(session: AsyncSession, customers: Iterable[Customer]) -> None:
    """Give those who pay by prices that include tax the rates that are in them."""
    taxed = [c for c in customers if any(stretch.inclusive for stretch in c.held)]
    if taxed:
        shares = await tax_shares(session, {c.tenant_id: c.entity for c in taxed})
        for customer in taxed:
            customer.tax = shares(customer.tenant_id, customer.zone)


async def _timelines(session: AsyncSession, scope: Scope) -> list[tuple[AccountRow, Timeline]]:
    query = (
        select(ChangeRow, AccountRow)
        .join(AccountRow, col(AccountRow.tenant_id) == col(ChangeRow.tenant_id))
        .order_by(col(ChangeRow.tenant_id), col(ChangeRow.subscription_id), col(ChangeRow.seq))
    )
    if scope.tenant_id is not None:
        query = query.where(col(ChangeRow.tenant_id) == scope.tenant_id)
    if scope.entity is not None:
        query = query.where(col(AccountRow.entity) == scope.entity)
    rows = (await session.execute(query)).all()
    found = []
    for _, group in groupby(rows, key=lambda row: (row[1].tenant_id, row[0].subscription_id)):
        changes = list(group)
        laid = tuple(change_from_row(change) for change, _ in changes)
        timeline = Timeline(laid[0].subscription_id, laid)
        if scope.currency in {None, timeline.currency}:
            found.append((changes[0][1], timeline))
    return found

"""Small scenarios: one plan, one meter, one add-on, a start on 10 January."""

from datetime import UTC, datetime
from fractions import Fraction
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from billing.domain.life.timing import Comparison

RISING_LIMIT = Comparison(
    limit_rises=True, limit_falls=False, daily_before=Fraction(10), daily_after=Fraction(5)
)

_TEXT = """\
currency: CNY
zone: {zone}
until: {until}
catalog:
  modules: [{{code: outbound, name: {{en: Outbound, zh: 出库}}}}]
  features:
    - {{code: outbound, kind: boolean, module: outbound, name: {{en: Ship, zh: 出库}}}}
    - {{code: outbound.orders, kind: limit, per: day, module: outbound, name: {{en: Max, zh: 单}}}}
  seasons:
    - code: peak
      name: {{en: Peak, zh: 旺季}}
      zone: Asia/Shanghai
      windows: [{{start: 2026-03-01T00:00, end: 2026-04-01T00:00}}]
  meters:
    - {{code: lines, event_type: t.lines, aggregation: sum, property: lines, module: outbound,
       unit: {{en: lines, zh: 行}}, name: {{en: Lines, zh: 行}}}}
  plans:
    - code: main
      name: {{en: Main, zh: 主套餐}}
      modules: [outbound]
      entitlements: {{outbound.orders: 100}}
      policies: {{PLAN_POLICIES}}
      prices:
        - {{currency: CNY, interval: {interval}, charges: [{charges}]}}{yearly}
  addons:
    - code: peak
      name: {{en: Peak, zh: 扩容}}
      season: peak
      requires: [outbound]
      grants: {{outbound.orders: 400}}
      prices: [{{currency: CNY, amount: "100.00"}}]
      deposit: "30"
      policies: {{PLAN_POLICIES}}
subscriptions:
  - {{plan: main, start: {start}, interval: {interval}{anchor}, changes: [{changes}]}}
{more}
"""
_YEARLY = """
        - currency: CNY
          interval: year
          charges: [{code: base, kind: flat, amount: "3650.00", name: {en: Base, zh: 基础}}]"""


def bill(
    charges: str,
    changes: str = "",
    *,
    zone: str = "Asia/Shanghai",
    start: str = "2026-01-10",
    until: str = "2026-01-25",
    interval: str = "month",
    anchor: str = "",
    more: str = "",
) -> str:
    """Return a scenario of one subscription."""
    return _TEXT.format(
        charges=charges,
        changes=changes,
        zone=zone,
        start=start,
        until=until,
        interval=interval,
        anchor=f", anchor: {anchor}" if anchor else "",
        yearly=_YEARLY if interval == "month" else "",
        more=more,
    )


def at(year: int, month: int, day: int) -> datetime:
    """Return midnight in UTC."""
    return datetime(year, month, day, tzinfo=UTC)


def topup(number: int, *, priority: int, expires_at: datetime | None) -> Any:
    """Return what burning looks at of a prepaid balance."""
    return SimpleNamespace(
        id=UUID(int=number), priority=priority, expires_at=expires_at, ended_at=at(2026, 1, number)
    )

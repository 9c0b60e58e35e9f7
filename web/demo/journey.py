"""The year itself: what Bella does, day by day, over HTTP."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import httpx

from web.demo.clients import Api, DemoFailed, Services, Tally
from web.demo.data import Order, SalesDay, weekly_purchases

ZONE = ZoneInfo("Asia/Shanghai")
YEAR = 2026
IN_FLIGHT = 6
"""Orders under way at once. A rush goes one by one: which orders its limit refuses must not depend
on who was quicker."""

UPGRADE_ON = date(YEAR, 4, 16)
BOOK_618_ON = date(YEAR, 5, 6)
BOOK_DOUBLE11_ON = date(YEAR, 10, 9)
CANCEL_ON = date(YEAR, 12, 31)


class Progress(Protocol):
    """Where the demo says how far it is."""

    def say(self, text: str) -> None:
        """Say one thing that happened."""

    def day(self, day: date, orders: int) -> None:
        """Say that a day's orders were answered."""


@dataclass(slots=True)
class Month:
    """One row of the closing table, but for its invoices."""

    shipped: Tally = field(default_factory=Tally)
    received: Tally = field(default_factory=Tally)
    queried: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Company:
    """A tenant of the demo: its API, its services and what it did."""

    name: str
    email: str
    api: Api
    services: Services
    tenant_id: str
    subscription_id: str = ""
    months: dict[int, Month] = field(default_factory=lambda: defaultdict(Month))

    async def locate_services(self) -> None:
        """Learn where its services answer, once they are ready."""
        for _ in range(600):
            instances = await self.api.get("/v1/instances")
            living = [i for i in instances if i["removed_at"] is None]
            if living and all(i["state"] == "ready" for i in living):
                self.services.addresses = {i["module"]: i["base_url"] for i in living}
                return
            await asyncio.sleep(0.1)
        raise DemoFailed(f"the services of {self.name} did not become ready")


def at(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """Give an instant of the shop's own day."""
    return datetime.combine(day, time(hour, minute), ZONE)


@dataclass(slots=True)
class Journey:
    """Bella's year.

    ``pay`` is called wherever invoices may be open, ``meanwhile`` on every day she sells.
    """

    bella: Company
    days: Sequence[SalesDay]
    pay: Callable[[], Awaitable[None]]
    progress: Progress
    meanwhile: Callable[[date], Awaitable[None]]
    _agenda: list[tuple[date, Callable[[], Awaitable[None]]]] = field(default_factory=list)
    _bought: set[date] = field(default_factory=set)
    _purchases: Mapping[date, Mapping[str, int]] = field(default_factory=dict)

    async def live(self) -> None:
        """Live through every sampled day, with the agenda's steps on their dates."""
        self._purchases = weekly_purchases(self.days)
        self._agenda = [
            (UPGRADE_ON, self._upgrade),
            (BOOK_618_ON, lambda: self._book("peak_618")),
            (BOOK_DOUBLE11_ON, lambda: self._book("peak_double11")),
        ]
        await self._history_is_refused()
        for sales in self.days:
            await self._catch_up_with_the_agenda(sales.day)
            await self.bella.api.advance(at(sales.day, 12))
            await self._buy_for_the_week(sales.day)
            await self._sell(sales)
            await self.meanwhile(sales.day)
            await self.pay()
        await self._catch_up_with_the_agenda(CANCEL_ON)
        await self.bella.api.advance(at(CANCEL_ON, 18))

    async def _catch_up_with_the_agenda(self, until: date) -> None:
        while self._agenda and self._agenda[0][0] <= until:
            day, step = self._agenda.pop(0)
            await self.bella.api.advance(at(day, 10))
            await step()
            await self.pay()

    async def _history_is_refused(self) -> None:
        """Growth does not hold the history of stock: the service itself refuses the call."""
        month = self.bella.months[1]
        moment = at(date(YEAR, 1, 1)).isoformat()
        answer = await self.bella.services.query(month.queried, as_of=moment)
        if answer.status_code != httpx.codes.FORBIDDEN:
            raise DemoFailed(f"stock history was not refused: {answer.status_code} {answer.text}")
        self.progress.say(f"refused, not in the plan: {answer.json()['detail']}")

    async def _upgrade(self) -> None:
        path = f"/v1/subscriptions/{self.bella.subscription_id}"
        preview = await self.bella.api.post(f"{path}/plan-change-previews", {"plan_code": "scale"})
        changed = await self.bella.api.post(
            f"{path}/plan-changes", {"plan_code": "scale", "token": preview["token"]}
        )
        _same(preview, changed)
        self.progress.say(
            f"{UPGRADE_ON}: Growth → Scale, {preview['total']} {preview['currency']} as previewed, "
            f"{preview['credited']} given back for Growth"
        )

    async def _book(self, addon: str) -> None:
        path = f"/v1/subscriptions/{self.bella.subscription_id}"
        preview = await self.bella.api.post(f"{path}/addon-previews", {"addon_code": addon})
        changed = await self.bella.api.post(
            f"{path}/addons", {"addon_code": addon, "token": preview["token"]}
        )
        _same(preview, changed)
        self.progress.say(
            f"booked {addon} for {preview['window_start'][:10]} to {preview['window_end'][:10]}, "
            f"{preview['total']} {preview['currency']}"
        )

    async def _buy_for_the_week(self, day: date) -> None:
        monday = day - timedelta(days=day.weekday())
        if monday in self._bought:
            return
        self._bought.add(monday)
        goods = self._purchases[monday]
        tally = self.bella.months[day.month].received
        await self.bella.services.receive(f"PO-{monday:%Y%m%d}", goods, tally)

    async def _sell(self, sales: SalesDay) -> None:
        month = self.bella.months[sales.day.month]
        refused = month.shipped.refused
        await ship_all(self.bella.services, sales, month.shipped)
        refused = month.shipped.refused - refused
        if refused and not sales.rush:
            raise DemoFailed(f"{refused} orders were refused on {sales.day}, in a booked season")
        if sales.rush:
            self.progress.say(
                f"{sales.day}: a rush of {len(sales.orders)} orders with no season booked; "
                f"{refused} refused by the daily limit, neither counted nor billed"
            )
        await self.bella.services.query(month.queried)
        self.progress.day(sales.day, len(sales.orders))


async def ship_all(services: Services, sales: SalesDay, tally: Tally) -> None:
    """Ship a day's orders, several at a time unless a limit is expected to refuse some."""
    at_once = asyncio.Semaphore(1 if sales.rush else IN_FLIGHT)

    async def ship(order: Order) -> None:
        async with at_once:
            await services.ship(order, tally)

    await asyncio.gather(*(ship(order) for order in sales.orders))


def _same(preview: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    if preview["total"] != (changed["total"] or "0.00"):
        raise DemoFailed(f"previewed {preview['total']}, charged {changed['total']}")

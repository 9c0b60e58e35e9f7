"""The second tenant: small, alive, and invisible to the first as the first is to it."""

from dataclasses import dataclass, field
from datetime import date

import httpx

from web.demo.books import Check
from web.demo.clients import persist
from web.demo.data import Order
from web.demo.journey import Company, at


@dataclass(slots=True)
class Rival:
    """A noodle house that ships a few bowls each month."""

    company: Company
    _months: set[int] = field(default_factory=set)

    async def live(self, today: date) -> None:
        """Do this month's little business, once."""
        if today.month in self._months:
            return
        self._months.add(today.month)
        await self.company.api.advance(at(today, 12))
        month = self.company.months[today.month]
        goods = {"NOODLES-BEEF": 20, "NOODLES-PLAIN": 20}
        await self.company.services.receive(f"RV-{today:%Y%m}", goods, month.received)
        for number in range(3):
            order = Order(f"NH-{today:%Y%m}-{number}", (("NOODLES-BEEF", 2), ("NOODLES-PLAIN", 1)))
            await self.company.services.ship(order, month.shipped)

    async def check(self, bella: Company) -> list[Check]:
        """Neither sees anything of the other's, by any door."""
        hers = await bella.api.get("/v1/invoices", limit="500")
        mine = await self.company.api.get("/v1/invoices", limit="500")
        shared = {i["number"] for i in hers} & {i["number"] for i in mine}
        foreign = await self.company.api.status(f"/v1/invoices/{hers[0]['id']}")
        subscription = await self.company.api.status(f"/v1/subscriptions/{bella.subscription_id}")
        usage = await self.company.api.get(
            "/v1/usage",
            meter="outbound_lines",
            **{"from": "2026-01-01T00:00:00+08:00", "to": "2027-01-01T00:00:00+08:00"},
        )
        calls = sum(month.shipped.calls for month in self.company.months.values())
        stranger = await persist(
            self.company.services.client,
            "GET",
            f"{self.company.services.addresses['outbound']}/v1/shipments/none",
            headers={"Authorization": f"Bearer {bella.services.key}"},
        )
        return [
            Check("no invoice is seen by both tenants", set(), shared),
            Check("a foreign invoice is not there (404)", httpx.codes.NOT_FOUND, foreign),
            Check("a foreign subscription is not there (404)", httpx.codes.NOT_FOUND, subscription),
            Check("the other tenant's usage is its own calls", calls, usage["events"]),
            Check(
                "a foreign key opens no service (401)",
                httpx.codes.UNAUTHORIZED,
                stranger.status_code,
            ),
        ]

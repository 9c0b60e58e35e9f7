"""How the demo's invoices are paid: by card where a stand-in for Stripe runs, else by transfer."""

import asyncio
from dataclasses import dataclass

from web.demo.clients import Api, DemoFailed
from web.demo.journey import Company, Progress
from web.demo.stripe_peer import CARD, StripePeer

_WAITS = 600


@dataclass(slots=True)
class Payments:
    """Bella pays by card if she can; the other tenant, and she otherwise, by bank transfer."""

    bella: Company
    rival: Company
    finance: Api
    screen: Progress
    stripe: StripePeer | None

    async def set_up(self) -> None:
        """Give Bella's card to the provider, and pay what her first day already owes."""
        if self.stripe is None:
            self.screen.say("invoices are paid by bank transfer (no local stand-in for Stripe)")
        else:
            self.screen.say("invoices are paid by card, through a local stand-in for Stripe")
            await self.bella.api.put("/v1/payment-method", {"provider": "stripe", "method": CARD})
            for invoice in await self._open(self.bella):
                await self.bella.api.post(f"/v1/invoices/{invoice['id']}/collections")
        await self.settle()

    async def settle(self) -> None:
        """Bring every open invoice to paid."""
        if self.stripe is None:
            await self._transfer(self.bella)
        else:
            await self._wait_for_cards()
        await self._transfer(self.rival)

    async def _wait_for_cards(self) -> None:
        for _ in range(_WAITS):
            if not await self._open(self.bella):
                return
            await asyncio.sleep(0.1)
        raise DemoFailed("the card payments of Bella's invoices did not arrive")

    async def _transfer(self, company: Company) -> None:
        for invoice in await self._open(company):
            await self.finance.post(
                f"/v1/staff/tenants/{company.tenant_id}/invoices/{invoice['id']}/payments",
                {
                    "amount": invoice["open"],
                    "currency": invoice["currency"],
                    "reference": f"BANK-{invoice['number']}",
                },
            )

    @staticmethod
    async def _open(company: Company) -> list[dict[str, str]]:
        found: list[dict[str, str]] = await company.api.get("/v1/invoices", status="issued")
        return found

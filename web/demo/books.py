"""Does everything agree? What was done, what was metered, what was billed, what is in stock."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from web.demo.clients import Api
from web.demo.journey import YEAR, Company, Month

METERS = {
    "outbound_lines": "shipped",
    "inbound_lines": "received",
    "stock_queries": "queried",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison of the books, and both its sides."""

    what: str
    expected: object
    found: object

    @property
    def agrees(self) -> bool:
        """Whether both sides are the same."""
        return self.expected == self.found


async def check_usage(company: Company) -> list[Check]:
    """Usage rows = calls accepted, and metered lines = lines of those calls."""
    checks = []
    for meter, kind in METERS.items():
        usage = await company.api.get(
            "/v1/usage",
            meter=meter,
            window="day",
            **{"from": f"{YEAR}-01-01T00:00:00+08:00", "to": f"{YEAR + 1}-01-02T00:00:00+08:00"},
        )
        tallies = [getattr(month, kind) for month in company.months.values()]
        calls = sum(tally.calls for tally in tallies)
        checks.append(Check(f"{meter}: usage rows = calls accepted", calls, usage["events"]))
        if kind != "queried":
            lines = sum(tally.lines for tally in tallies)
            checks.append(
                Check(f"{meter}: metered lines = lines accepted", lines, int(usage["quantity"]))
            )
    return checks


async def check_stock(company: Company) -> list[Check]:
    """Stock = receipts - issues, asked of the tenant's own stock query."""
    received = _units(company.months, "received")
    shipped = _units(company.months, "shipped")
    on_hand = Decimal(0)
    after = ""
    while True:
        query = {"after": after} if after else {}
        page = (await company.services.query(company.months[12].queried, **query)).json()
        on_hand += sum((Decimal(item["on_hand"]) for item in page["items"]), Decimal(0))
        after = page.get("next_after") or ""
        if not after:
            return [Check("stock = receipts - issues", received - shipped, int(on_hand))]


async def check_invoices(api: Api) -> list[Check]:
    """Every document's total = the sum of its lines, and replaying it gives the same bytes."""
    wrong, unproven = [], []
    invoices = await api.get("/v1/invoices", limit="500")
    notes = await api.get("/v1/credit-notes", limit="500")
    for invoice in invoices:
        detail = await api.get(f"/v1/invoices/{invoice['id']}")
        lines = sum((Decimal(_amount(line)) for line in detail["content"]["lines"]), Decimal(0))
        if lines != _minor(invoice["total"]):
            wrong.append(invoice["number"])
    documents = [("invoices", invoice) for invoice in invoices]
    documents += [("credit-notes", note) for note in notes]
    for kind, document in documents:
        verdict = await api.get(f"/v1/{kind}/{document['id']}/verification")
        if not verdict["confirmed"]:
            unproven.append(document["number"])
    return [
        Check("invoice total = Σ lines", [], wrong),
        Check("every invoice and credit note replays to the same bytes", [], unproven),
    ]


async def check_ledger(finance: Api, tenant_id: str) -> list[Check]:
    """The ledger balances, holds every invoice, and shows its cash."""
    books = await finance.get(f"/v1/staff/tenants/{tenant_id}/books")
    return [
        Check("ledger: no finding", [], books["findings"]),
        Check(
            "ledger: nothing receivable is open",
            "0.00",
            books["balances"].get("receivable.CNY", "0.00"),
        ),
    ]


def _units(months: Mapping[int, Month], kind: str) -> int:
    return sum(getattr(month, kind).units for month in months.values())


def _amount(line: Mapping[str, Any]) -> int:
    return int(line["amount_minor"])


def _minor(text: str) -> Decimal:
    return Decimal(text) * 100

"""A month of a plan that holds every charge model of the guide, from events to invoice."""

import json
from typing import Any

from tests.scenarios.sandbox import shop_time
from tests.support.api import CATALOGUE
from tests.support.pricing_guide import with_every_model

BATCH = {"content-type": "application/cloudevents-batch+json"}
PRICES = """\
    prices:
      - currency: CNY
        interval: month
        charges:
"""


def event(number: int, type_: str, at: str, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"evt-{number}",
        "source": "/warehouse",
        "type": type_,
        "time": shop_time(at).isoformat(),
        "data": data,
    }


async def test_every_charge_model_is_billed_as_the_guide_says(sandbox):
    bella = await sandbox("2026-01-01")
    text = with_every_model(CATALOGUE.read_text(encoding="utf-8"), PRICES)
    await bella.site.application.apply_catalog(text)
    await bella.subscribe("everything")
    place = {"region": "east", "climate": "cold", "site": "A"}
    found = [
        ("wms.shipment", "2026-01-05", {"lines": 7234, **place}),
        ("wms.upload", "2026-01-05", {"bytes": 5_400_000_000}),
        ("wms.pallets", "2026-01-01", {"pallets": 170}),
        ("wms.pallets", "2026-01-08", {"pallets": 0}),
        *(("wms.sale", f"2026-01-0{n}", {"total": t}) for n, t in enumerate((80, 40, 20, 5), 1)),
        *(("wms.parcel", "2026-01-06", {"carrier": "sf"}) for _ in range(251)),
        *(("wms.parcel", "2026-01-06", {"carrier": "dhl"}) for _ in range(9)),
    ]
    await bella.advance("2026-01-07T23:58")
    body = json.dumps([event(n, type_, at, **data) for n, (type_, at, data) in enumerate(found)])
    answer = await bella.company.client.post("/v1/events", content=body, headers=BATCH)
    assert {r["status"] for r in answer.json()["results"]} == {"accepted"}

    await bella.advance("2026-02-01T12:00")

    owed: dict[str, int] = {}
    for invoice in await bella.invoices():
        for line in invoice["content"]["lines"]:
            if line["kind"] == "usage" and line["start"] < shop_time("2026-02-01").isoformat():
                owed[line["charge"]] = owed.get(line["charge"], 0) + line["amount_minor"]
    assert {code: minor for code, minor in owed.items() if minor} == {
        "per_line": 1_247,
        "graduated_lines": 25_702,
        "parcel_volume": 2_510,
        "labels": 1_500,
        "sales_fee": 60,
        "sales_share": 435,
        "places": 13_000,
        "carrier_cost": 14_500,
        "handling": 72_340,
        "storage": 2_000,
        "by_site": 362_200,
        "place_hours": 57_120,
    }
    assert await bella.books_agree()

"""The home page says what the next invoice will charge, of a paused subscription too."""

import pytest

from control_plane.kernel.ids import TenantId, parse_id
from tests.support.api import PASSWORD


@pytest.mark.parametrize(
    ("policy", "next_invoice"),
    [
        ("credit_unused", "The usage of this period."),
        ("holding_fee", "CN¥1,999.00 in fees, and the usage of this period."),
    ],
)
async def test_a_pause_that_is_charged_has_its_fee_on_the_next_invoice(
    site, bella, policy, next_invoice
):
    owner = TenantId(parse_id("ten", bella.tenant_id))
    await site.application.set_policies(tenant_id=owner, policies={"pause": policy}, actor="cli")
    bought = (await bella.post("/v1/subscriptions", {"plan_code": "growth"})).json()
    path, pause = f"/v1/subscriptions/{bought['subscription_id']}", {"type": "pause"}
    token = (await bella.post(f"{path}/previews", pause)).json()["token"]
    await bella.post(f"{path}/changes", {**pause, "token": token})

    async with site.client() as browser:
        signed_in = await browser.post(
            "/v1/sessions", json={"email": bella.email, "password": PASSWORD}
        )
        cookie = signed_in.headers["set-cookie"].split(";")[0]
        home = await browser.get("/portal", headers={"Cookie": cookie})

    assert next_invoice in home.text

"""Whoever does not pay: real module services refuse writing, and let reading and exports pass."""

import io
import zipfile

import pytest

from control_plane.sdk.snapshot import Standing
from tests.integration.modules.caller import Caller
from tests.support.modules import FULL_KEY, FakeControlPlane


async def stand(control: FakeControlPlane, caller: Caller, standing: Standing) -> None:
    control.standing = standing
    control.publish()
    for instance in caller.fleet.instances:
        await caller.sync(instance)


async def test_reading_and_exports_stay_open_until_the_service_ends(
    control: FakeControlPlane, caller: Caller
):
    fleet = caller.fleet
    received = await caller.receive("r1", ("A", "5"))
    shipped = await caller.ship("s1", ("A", "2"))
    assert (received.status_code, shipped.status_code) == (201, 201)

    for standing, code in (
        (Standing.READ_ONLY, "standing_read_only"),
        (Standing.SUSPENDED, "standing_suspended"),
    ):
        await stand(control, caller, standing)

        refused = await caller.ship(f"s-{standing}", ("A", "1"))
        voided = await caller.client.post(
            f"{fleet.outbound.url}{shipped.headers['Location']}/void",
            headers={"Authorization": f"Bearer {FULL_KEY}"},
        )
        assert (refused.status_code, refused.json()["code"]) == (403, code)
        assert (voided.status_code, voided.json()["code"]) == (403, code)
        stock = await caller.get(fleet.stock_query, "/v1/stock?as_of=2026-03-02T04:00:00Z")
        document = await caller.get(fleet.outbound, shipped.headers["Location"])
        assert (stock.status_code, document.status_code) == (200, 200)
        assert stock.json()["items"][0]["on_hand"].startswith("3")
        archive = await caller.client.post(
            f"{fleet.outbound.url}/_tallyard/export",
            headers=control.command("outbound", "export"),
        )
        names = zipfile.ZipFile(io.BytesIO(archive.content)).namelist()
        assert set(names) == {"manifest.json", "data.sqlite3"}

    # A repeat of what was accepted before still finds its first answer.
    again = await caller.ship("s1", ("A", "2"))
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")

    await stand(control, caller, Standing.RETAINED)
    closed = await caller.get(fleet.stock_query, "/v1/stock")
    assert (closed.status_code, closed.json()["code"]) == (403, "standing_ended")
    # The control plane still winds it up: drained, then exported.
    for action in ("drain", "export"):
        done = await caller.client.post(
            f"{fleet.inbound.url}/_tallyard/{action}", headers=control.command("inbound", action)
        )
        assert done.status_code == 200, done.text

    await stand(control, caller, Standing.ACTIVE)
    assert (await caller.ship("s2", ("A", "1"))).status_code == 201


async def test_the_refusal_says_in_both_languages_what_to_do(
    control: FakeControlPlane, caller: Caller
):
    await stand(control, caller, Standing.READ_ONLY)

    answers = [
        await caller.client.post(
            f"{caller.fleet.outbound.url}/v1/shipments",
            headers={
                "Authorization": f"Bearer {FULL_KEY}",
                "Idempotency-Key": "k",
                "Accept-Language": language,
            },
            json={"lines": [{"sku": "A", "quantity": "1"}]},
        )
        for language in ("en", "zh-CN")
    ]

    assert "Pay the open invoices" in answers[0].json()["remedy"]
    assert "未付账单" in answers[1].json()["remedy"]


@pytest.mark.parametrize("standing", [Standing.READ_ONLY, Standing.SUSPENDED])
async def test_what_was_never_bought_stays_closed_for_reading_too(
    control: FakeControlPlane, caller: Caller, standing: Standing
):
    control.modules = ("inbound", "outbound")
    await stand(control, caller, standing)

    answer = await caller.get(caller.fleet.stock_query, "/v1/stock")

    assert (answer.status_code, answer.json()["code"]) == (403, "not_subscribed")

"""What a subscription refuses: bad input, and tokens for anything but what they showed."""

import pytest

from tests.scenarios.test_subscription_life import start
from tests.support.life_catalogue import WITH_OURS


@pytest.fixture
async def shop(sandboxes, sandbox):
    """Open a company under the lives' catalogue, its clock at an instant."""
    await sandboxes.application.apply_catalog(WITH_OURS)
    return sandbox


async def test_what_is_asked_wrongly_changes_nothing(shop):
    bella = await shop("2026-04-01")
    await start(bella)
    before = [await bella.get(f"{bella.path}/timeline"), await bella.bills()]
    wrong = {
        "unknown component": {"type": "change_quantity", "component": "trucks", "quantity": 2},
        "negative": {"type": "change_quantity", "component": "seats", "quantity": -1},
        "the past": {"type": "pause", "when": "2026-03-01T00:00:00+08:00"},
        "not paused": {"type": "resume"},
        "not cancelled": {"type": "reactivate"},
        "no such booking": {"type": "cancel_booking", "booking_id": "chg_" + "0" * 26},
        "no such change": {"type": "undo", "change_id": "chg_" + "0" * 26},
        "no window": {
            "type": "book_addon",
            "addon_code": "early_618",
            "window_start": "2026-06-01T01:00:00+08:00",
            "window_end": "2026-06-02T00:00:00+08:00",
        },
        "no plan": {"type": "change_plan", "plan_code": "none"},
        "no type": {"type": "nonsense"},
        "the vendor's": {"type": "extend_trial", "until": "2026-06-01T00:00:00+08:00"},
    }
    for name, body in wrong.items():
        for step in ("previews", "changes"):
            answer = await bella.company.post(f"{bella.path}/{step}", {**body, "token": ""})
            assert 400 <= answer.status_code < 500, (name, step, answer.text)
    assert [await bella.get(f"{bella.path}/timeline"), await bella.bills()] == before


async def test_a_token_is_good_for_what_it_showed_and_nothing_else(shop):
    bella = await shop("2026-04-01")
    await start(bella)
    body = {"type": "change_quantity", "component": "seats", "quantity": 2}
    token = (await bella.post(f"{bella.path}/previews", body))["token"]

    other = await bella.company.post(
        f"{bella.path}/changes", {**body, "quantity": 3, "token": token}
    )
    forged = await bella.company.post(f"{bella.path}/changes", {**body, "token": token + "x"})
    await bella.post(f"{bella.path}/changes", {**body, "token": token})
    twice = await bella.company.post(f"{bella.path}/changes", {**body, "token": token})

    assert (other.status_code, other.json()["code"]) == (409, "preview_stale")
    assert (forged.status_code, forged.json()["code"]) == (400, "preview_invalid")
    assert twice.status_code == 409
    assert (await bella.get(bella.path))["quantities"] == {"seats": 2}

"""A module is covered once, whatever is taken back or goes on again."""

from typing import Any

import pytest

from tests.scenarios.sandbox import Sandbox
from tests.scenarios.test_subscription_life import change, start
from tests.support.life_catalogue import WITH_OURS


@pytest.fixture
async def bella(sandboxes, sandbox) -> Sandbox:
    """A company under the lives' catalogue."""
    await sandboxes.application.apply_catalog(WITH_OURS)
    return await sandbox("2026-04-01")


async def refused(bella: Sandbox, path: str, body: Any) -> None:
    answer = await bella.company.post(
        f"{path}/{'changes' if 'token' in body else 'previews'}", body
    )
    assert (answer.status_code, answer.json().get("code")) == (409, "module_already_subscribed")


async def scheduled(bella: Sandbox) -> str:
    [entry] = (await bella.get(bella.path))["scheduled"]
    return str(entry["change_id"])


async def test_a_cancellation_is_not_taken_back_once_another_subscription_follows(bella):
    await start(bella, "free")
    ending = bella.path
    await change(bella, "cancel")
    undo = {"type": "undo", "change_id": await scheduled(bella)}
    token = (await bella.post(f"{ending}/previews", undo))["token"]
    await start(bella, "tiny", starts_at="2026-05-01T00:00:00+08:00")

    await refused(bella, ending, undo)
    await refused(bella, ending, {**undo, "token": token})
    await refused(bella, ending, {"type": "reactivate"})


async def test_a_plan_change_is_not_taken_back_once_its_modules_are_taken(bella):
    await start(bella, "team")
    first = bella.path
    await change(bella, "change_plan", plan_code="free", when="period_end")
    undo = {"type": "undo", "change_id": await scheduled(bella)}
    await start(bella, "outbound_only", starts_at="2026-05-01T00:00:00+08:00")

    await refused(bella, first, undo)


async def test_a_start_that_was_taken_back_stays_so_once_another_subscription_is_there(bella):
    await start(bella, "free", starts_at="2026-05-01T00:00:00+08:00")
    ahead = bella.path
    await change(bella, "undo", change_id=await scheduled(bella))
    await start(bella, "tiny")

    await bella.advance("2026-05-03")
    await refused(bella, ahead, {"type": "reactivate"})

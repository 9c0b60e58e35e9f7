"""What goes over all organisations gives up in time, and says what to do instead."""

import asyncio

import pytest

from billing.domain.whatif.errors import HistoryTooLong
from web.patience import as_long_as_a_request_may


async def test_what_takes_too_long_is_refused_and_names_the_command():
    with pytest.raises(HistoryTooLong, match="0 s an answer may take") as refusal:
        async with as_long_as_a_request_may("tallyard backtest", seconds=0.01):
            await asyncio.sleep(5)
    assert refusal.value.fields["command"] == "tallyard backtest"


async def test_what_is_done_in_time_is_not_noticed():
    async with as_long_as_a_request_may("tallyard backtest"):
        await asyncio.sleep(0)

"""A body is read to its end or not at all."""

import pytest
from litestar.exceptions import HTTPException

from web.edge.body import MAX_WRITE_BYTES, read_body


def receiving(*messages):
    coming = iter(messages)

    async def receive():
        return next(coming)

    return receive


def part(body, *, more):
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_in_parts_is_read_once_and_replayed_whole():
    scope, gone = {}, {"type": "http.disconnect"}
    body, replay = await read_body(
        scope, receiving(part(b"a=1", more=True), part(b"00", more=False), gone)
    )
    assert body == b"a=100"
    assert await replay() == part(b"a=100", more=False)
    assert await replay() == gone
    assert (await read_body(scope, receiving()))[0] == b"a=100"


async def test_a_body_whose_sender_went_before_its_end_is_refused():
    scope = {}
    with pytest.raises(HTTPException) as refused:
        await read_body(scope, receiving(part(b"a=1", more=True), {"type": "http.disconnect"}))
    assert refused.value.status_code == 400


async def test_a_body_that_is_too_large_is_not_read_on():
    with pytest.raises(HTTPException) as refused:
        await read_body({}, receiving(part(bytes(MAX_WRITE_BYTES + 1), more=True)))
    assert refused.value.status_code == 413

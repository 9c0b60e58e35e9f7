"""Whatever the reader lets through, PostgreSQL must take and give back unchanged."""

import json
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_plane.kernel.ids import TenantId, new_id
from control_plane.kernel.period import Period
from metering.domain.cloudevents import parse_events
from metering.domain.events import IngestStatus, UsageEvent
from tests.property.metering.test_reading_events import ANYTHING
from tests.support.usage import LINES, cloud_event, meter

_TEXT = st.text(min_size=1, max_size=255)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.dictionaries(st.sampled_from(["lines", "x"]) | st.text(), ANYTHING, max_size=4),
    source=_TEXT,
    id_=_TEXT,
    subject=_TEXT,
    time=st.datetimes(max_value=datetime(9999, 1, 1)),  # noqa: DTZ001 - the Z follows
)
async def test_any_readable_event_can_be_stored(store, data, source, id_, subject, time):
    body = cloud_event(id_, source=source, subject=subject, time=f"{time.isoformat()}Z", data=data)
    (event,) = parse_events(json.dumps(body).encode())
    if not isinstance(event, UsageEvent):
        return
    tenant = TenantId(new_id())

    results = [(await store.ingest(tenant, [event]))[0].status for _ in range(2)]

    assert results == [IngestStatus.ACCEPTED, IngestStatus.DUPLICATE]
    assert await _read_back(store, tenant, event) == event
    for named in [LINES, *[meter(property_=name) for name in event.data]]:
        await _total(store, tenant, named, event)


def _moment(event):
    return Period(event.time, event.time + timedelta(microseconds=1))


async def _read_back(store, tenant, event):
    page = await store.events(
        tenant,
        LINES,
        _moment(event),
        cutoff=await store.cutoff(),
        since=None,
        after=None,
        limit=1,
    )
    return page.events[0]


async def _total(store, tenant, named, event):
    total = await store.total(
        tenant, named, _moment(event), cutoff=await store.cutoff(), since=None
    )
    assert total.events == 1

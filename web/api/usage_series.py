"""Usage as quantities: by windows of time, by properties of the events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from control_plane.catalog.domain import Filter
from control_plane.identity.domain import Permission
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.period import Period, PeriodReversed
from metering.domain.series import SeriesGroup
from metering.domain.usage import UsagePoint
from metering.domain.windows import Window
from metering.errors_queries import InvalidUsageFilter
from web.api.common import ApiRequest, choice_from, instant_from, tenant
from web.compose import Application

_LONGEST_SHOWN = 100


class UsagePointView(msgspec.Struct):
    """One window's usage; the quantity is an exact decimal as text."""

    start: datetime
    quantity: str
    events: int


class UsageGroupView(msgspec.Struct):
    """The usage of one combination of property values, in the order of ``group_by``.

    A value is empty where events have none.
    """

    values: list[str]
    quantity: str
    events: int
    points: list[UsagePointView]


class UsageView(msgspec.Struct):
    """A meter's usage over a period, and of each group where groups were asked for.

    Everything committed by ``as_of`` is counted.
    """

    meter: str
    window: str
    zone: str
    quantity: str
    events: int
    as_of: datetime
    points: list[UsagePointView]
    group_by: list[str]
    groups: list[UsageGroupView]


@get("/usage", opt={"permission": Permission.USAGE_READ})
async def query_usage(
    request: ApiRequest,
    application: NamedDependency[Application],
    meter: FromQuery[str],
    from_: Annotated[str, QueryParameter(name="from")],
    to: FromQuery[str],
    window: FromQuery[str] = "day",
    group_by: FromQuery[list[str] | None] = None,
    filter_: Annotated[list[str] | None, QueryParameter(name="filter")] = None,
) -> UsageView:
    """Read a meter's usage between two instants, by windows of your zone: minute to year.

    ``group_by`` names properties of the events, and may be given several times; a ``filter`` is
    written ``property=value``: of one property's values any counts, of several properties all.
    """
    series = await application.query_usage(
        tenant_id=tenant(request),
        meter_code=meter,
        period=period_from(from_, to),
        window=choice_from(Window, window, field="window"),
        group_by=tuple(group_by or ()),
        filters=filters_from(filter_ or ()),
    )
    return UsageView(
        meter=meter,
        window=series.window.value,
        zone=series.zone,
        quantity=quantity_text(series.quantity),
        events=series.events,
        as_of=series.as_of,
        points=_points(series.points),
        group_by=list(series.group_by),
        groups=[_group(group) for group in series.groups],
    )


def filters_from(texts: Sequence[str]) -> tuple[Filter, ...]:
    """Read filters such as ``endpoint=/v1/orders``.

    Raises:
        InvalidUsageFilter: one has no property, or no equals sign.
    """
    values: dict[str, list[str]] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not name or not sign or "\0" in text:
            raise InvalidUsageFilter(value=text[:_LONGEST_SHOWN], field="filter")
        values.setdefault(name, []).append(value)
    return tuple(Filter(name, tuple(said)) for name, said in values.items())


def period_from(from_: str, to: str) -> Period:
    """Read a period from its two instants."""
    start, end = instant_from(from_, field="from"), instant_from(to, field="to")
    if end < start:
        raise PeriodReversed(start=from_, end=to, value=to, field="to")
    return Period(start, end)


def _points(points: Sequence[UsagePoint]) -> list[UsagePointView]:
    return [UsagePointView(p.start, quantity_text(p.quantity), p.events) for p in points]


def _group(group: SeriesGroup) -> UsageGroupView:
    quantity = quantity_text(group.quantity)
    return UsageGroupView(list(group.values), quantity, group.events, _points(group.points))


router = Router("/v1", tags=["Usage"], route_handlers=[query_usage])

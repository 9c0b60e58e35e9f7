"""``tallyard usage``: what was used, and whether its rollups hold what the events say."""

import json
from collections.abc import AsyncIterator

import click
import msgspec

from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.instants import instant_text
from metering.domain.series import UsageSeries
from metering.domain.windows import Window
from metering.stores.rollups.checking import Difference
from web.api.common import id_from
from web.api.usage_series import filters_from, period_from
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.commands.usage_export import export
from web.commands.usage_moving import migrate
from web.commands.usage_retention import retention
from web.compose import Application
from web.i18n import N_, translate

_PAGE = 500


@click.group()
def usage() -> None:
    """Ask for usage, and check and rebuild its rollups."""


usage.add_command(export)
usage.add_command(retention)
usage.add_command(migrate)


@usage.command()
@click.option("--tenant", required=True, help="The organisation (ten_…).")
@click.option("--meter", required=True, help="The meter's code.")
@click.option("--from", "from_", required=True, help="The first instant, with its offset.")
@click.option("--to", required=True, help="The instant at which it ends, with its offset.")
@click.option("--window", type=click.Choice([w.value for w in Window]), default="day")
@click.option("--group-by", multiple=True, help="A property of the events; may be repeated.")
@click.option("--filter", "filters", multiple=True, help="PROPERTY=VALUE; may be repeated.")
@refusals
def show(
    tenant: str,
    meter: str,
    from_: str,
    to: str,
    window: str,
    group_by: tuple[str, ...],
    filters: tuple[str, ...],
) -> None:
    """Show a meter's usage: a line for each window (and group) that has any, then the whole."""
    series = run(
        lambda application: application.query_usage(
            tenant_id=TenantId(id_from("ten", tenant)),
            meter_code=meter,
            period=period_from(from_, to),
            window=Window(window),
            group_by=group_by,
            filters=filters_from(filters),
        )
    )
    for line in _lines(series):
        click.echo(line)


def _lines(series: UsageSeries) -> list[str]:
    lines = []
    for values, points in [(g.values, g.points) for g in series.groups] or [((), series.points)]:
        named = f"  {json.dumps(values, ensure_ascii=False)}" if values else ""
        lines += [
            f"{instant_text(point.start)}{named}  {quantity_text(point.quantity)}  {point.events}"
            for point in points
            if point.events
        ]
    whole = f"{quantity_text(series.quantity)}  {series.events}  {instant_text(series.as_of)}"
    return [*lines, whole]


@usage.command()
@click.option("--tenant", default=None, help="Only this organisation (ten_…).")
@refusals
def check(tenant: str | None) -> None:
    """Compare rollups with the events they hold, bucket by bucket.

    Ends with status 1 when anything differs; `tallyard usage rebuild` makes them again.
    """
    found = run(lambda application: _check(application, tenant))
    for whose, difference in found:
        click.secho(f"{whose}: {told(difference)}", fg="red")
    if found:
        raise SystemExit(1)
    click.echo(translate(shell_language(), N_("The rollups hold what the events say.")))


@usage.command()
@click.option("--tenant", required=True, help="The organisation (ten_…).")
@refusals
def rebuild(tenant: str) -> None:
    """Make an organisation's rollups again from its events; the old ones answer meanwhile."""
    owner = TenantId(id_from("ten", tenant))
    steps = run(lambda application: application.rebuild_rollups(owner))
    said = N_("The rollups were made again, in {steps} steps.")
    click.echo(translate(shell_language(), said, steps=steps))


def told(difference: Difference) -> str:
    """Write a difference in one line of JSON."""
    return msgspec.json.encode(difference).decode()


async def _check(application: Application, tenant: str | None) -> list[tuple[str, Difference]]:
    found: list[tuple[str, Difference]] = []
    async for owner in _owners(application, tenant):
        name = format_id("ten", owner)
        found += [(name, difference) for difference in await application.check_rollups(owner)]
    return found


async def _owners(application: Application, tenant: str | None) -> AsyncIterator[TenantId]:
    if tenant is not None:
        owner = TenantId(id_from("ten", tenant))
        await application.read_organisation(owner)
        yield owner
        return
    after: TenantId | None = None
    while page := await application.list_organisations(text=None, after=after, limit=_PAGE):
        for organisation in page:
            yield organisation.id
        after = page[-1].id

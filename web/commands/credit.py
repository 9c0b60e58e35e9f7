"""``tallyard credit``: customers' promotional credits."""

import click

from billing.domain.discounts.recurring import Rollover
from billing.services.discounts.list_discounts import Holdings
from billing.services.discounts.recur_credit import Cycle
from control_plane.kernel.anchor import Interval
from control_plane.kernel.currency import currency as currency_of
from control_plane.kernel.ids import CreditScheduleId, TenantId, format_id
from control_plane.kernel.money import Money
from web.api.common import id_from
from web.commands.catalog import run
from web.commands.failing import refusals

ACTOR = "cli"


@click.group()
def credit() -> None:
    """Grant promotional credit, once or every cycle; list and end it."""


@credit.command()
@click.argument("tenant")
@click.argument("amount")
@click.argument("currency")
@click.option("--reason", required=True, help="The customer reads it.")
@click.option("--every", type=click.Choice([one.value for one in Interval]), help="Comes again.")
@click.option("--count", default=1, show_default=True, help="Every so many intervals.")
@click.option("--times", type=int, help="So often; until it is ended without.")
@click.option("--rollover", type=int, default=0, show_default=True, help="A rest's further cycles.")
@click.option("--rollover-for-good", is_flag=True, help="A rest never lapses.")
@click.option("--rollover-most", help="At most so much of all rests passes a cycle's end.")
@refusals
def grant(
    tenant: str,
    amount: str,
    currency: str,
    reason: str,
    every: str | None,
    count: int,
    times: int | None,
    rollover: int,
    *,
    rollover_for_good: bool,
    rollover_most: str | None,
) -> None:
    """Grant TENANT (ten_…) a credit of AMOUNT CURRENCY, such as 100.00 CNY."""
    code, tenant_id = currency_of(currency), TenantId(id_from("ten", tenant))
    money = Money.parse(amount, code)
    if every is None:
        granted = run(
            lambda application: application.grant_credit(
                tenant_id=tenant_id, amount=money, reason=reason, actor=ACTOR
            )
        )
        click.echo(f"{format_id('crd', granted.id)}  {granted.granted} is free to use")
        return
    most = None if rollover_most is None else Money.parse(rollover_most, code)
    made = run(
        lambda application: application.recur_credit(
            tenant_id=tenant_id,
            amount=money,
            reason=reason,
            cycle=Cycle(Interval(every), count, times),
            rollover=Rollover(None if rollover_for_good else rollover, most),
            actor=ACTOR,
        )
    )
    click.echo(f"{format_id('crs', made.id)}  {made.amount} every {count} {every}")


@credit.command()
@click.argument("tenant")
@click.argument("schedule")
@refusals
def end(tenant: str, schedule: str) -> None:
    """Let the recurring credit SCHEDULE (crs_…) of TENANT come no more."""
    tenant_id = TenantId(id_from("ten", tenant))
    schedule_id = CreditScheduleId(id_from("crs", schedule))
    run(
        lambda application: application.recur_credit.end(
            tenant_id=tenant_id, schedule_id=schedule_id, actor=ACTOR
        )
    )
    click.echo("It comes no more; what was granted keeps its end.")


@credit.command(name="list")
@click.argument("tenant")
@refusals
def list_credits(tenant: str) -> None:
    """Show the credits of TENANT, and what comes again."""
    tenant_id = TenantId(id_from("ten", tenant))
    _show(run(lambda application: application.list_discounts(tenant_id)))


def _show(held: Holdings) -> None:
    for grant in held.grants:
        ends = "never ends" if grant.expires_at is None else f"ends {grant.expires_at.isoformat()}"
        click.echo(
            f"{format_id('crd', grant.id)}  {grant.granted} granted, {grant.spent} spent, "
            f"{grant.held} held, {grant.expired} expired, {grant.free} free, {ends}"
        )
    for one in held.schedules:
        following = "over" if one.next_at is None else f"next {one.next_at.isoformat()}"
        every = f"{one.anchor.count} {one.anchor.interval.value}"
        click.echo(f"{format_id('crs', one.id)}  {one.amount} every {every}, {following}")

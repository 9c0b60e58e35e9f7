"""``tallyard entitlements``: why an answer is what it is; grants and overrides of features."""

import click

from control_plane.entitlements.domain.grants import Rollover
from control_plane.entitlements.services.explain_entitlement import Explanation
from control_plane.entitlements.services.grant_feature import Terms
from control_plane.kernel.anchor import Interval
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.instants import instant_text
from web.api.common import id_from, instant_from
from web.api.staff_grants import given_id_from
from web.commands.catalog import run
from web.commands.failing import refusals
from web.commands.leases_audit import audit
from web.compose import Application
from web.grant_words import value_from, value_text

ACTOR = "cli"


@click.group()
def entitlements() -> None:
    """Explain what organisations may do; grant and override features."""


@entitlements.command()
@click.argument("tenant")
@click.argument("feature")
@click.option("--at", help="An instant of its own time, with an offset; without: now.")
@refusals
def explain(tenant: str, feature: str, at: str | None) -> None:
    """Say why FEATURE was, is or will be allowed for TENANT (ten_…), and by what."""
    owner = TenantId(id_from("ten", tenant))
    moment = None if at is None else instant_from(at, field="at")
    found = run(lambda application: application.explain_entitlement(owner, feature, moment))
    for line in _told(found):
        click.echo(line)


def _told(found: Explanation) -> list[str]:
    decision, window = found.decision, found.window
    answer = "allowed" if decision.allowed else "refused"
    lines = [
        f"{found.feature}  {answer}  ({decision.reason.value})  at {instant_text(found.at)}"
        + ("  as far as is known" if found.foreseen else ""),
        f"revision {decision.revision}, standing {found.standing.value}",
    ]
    if window is not None:
        end = "no end" if window.end is None else instant_text(window.end)
        burst = "" if window.burst is None else f", burst {window.burst}"
        value = "yes" if window.value is None else f"{window.value}{burst}"
        lines.append(f"{value}, from {instant_text(window.start)} until {end}")
    for source in found.sources:
        value = "" if source.value is None else f"  {value_text(source.value)}"
        by = f"  by {source.created_by}: {source.reason}" if source.reason else ""
        lines.append(f"- {source.kind} {source.name}{value}{by}")
    return lines


@entitlements.command("list")
@click.argument("tenant")
@refusals
def list_(tenant: str) -> None:
    """List the grants and overrides of TENANT (ten_…), the newest first."""
    given = run(lambda application: application.list_grants(TenantId(id_from("ten", tenant))))
    for one in given.grants:
        balance = given.balances.get(one.id)
        left = "" if balance is None else f"  {balance.left} left of {balance.granted}"
        until = "for good" if one.until is None else f"until {instant_text(one.until)}"
        name = format_id("gra", one.id)
        click.echo(f"{name}  {one.feature}  {value_text(one.value)}  {until}{left}  {one.reason}")
    for override in given.overrides:
        until = "for good" if override.until is None else f"until {instant_text(override.until)}"
        name, value = format_id("ovr", override.id), value_text(override.value)
        click.echo(f"{name}  {override.feature}  {value}  {until}  {override.reason}")


@entitlements.command()
@click.argument("tenant")
@click.argument("feature")
@click.argument("value")
@click.option("--reason", required=True, help="The customer reads it.")
@click.option("--from", "starts", help="An instant with an offset; without: now.")
@click.option("--until", help="An instant with an offset; without: for good.")
@click.option("--priority", default=100, show_default=True, help="The smaller is used first.")
@click.option("--every", type=click.Choice([one.value for one in Interval]), help="Comes again.")
@click.option("--count", default=1, show_default=True, help="Every so many intervals.")
@click.option("--rollover-most", type=int, help="At most so much of a rest is carried over.")
@click.option("--rollover-least", type=int, help="A rest is made up to so much.")
@refusals
def grant(  # one option each
    tenant: str,
    feature: str,
    value: str,
    reason: str,
    starts: str | None,
    until: str | None,
    priority: int,
    every: str | None,
    count: int,
    rollover_most: int | None,
    rollover_least: int | None,
) -> None:
    """Grant TENANT (ten_…) a VALUE of FEATURE: yes, units, a text, or a rate as in 2.5/9."""
    rolls = rollover_most is not None or rollover_least is not None
    terms = Terms(
        starts_at=None if starts is None else instant_from(starts, field="starts_at"),
        expires_at=None if until is None else instant_from(until, field="expires_at"),
        priority=priority,
        every=None if every is None else Interval(every),
        count=count,
        rollover=Rollover(rollover_least or 0, rollover_most) if rolls else None,
    )
    owner = TenantId(id_from("ten", tenant))

    async def act(application: Application) -> str:
        given = await application.list_grants(owner)
        made = await application.grant_feature(
            tenant_id=owner,
            feature=feature,
            value=value_from(value, given.feature(feature)),
            reason=reason,
            actor=ACTOR,
            terms=terms,
        )
        return format_id("gra", made.id)

    click.echo(run(act))


@entitlements.command()
@click.argument("tenant")
@click.argument("feature")
@click.argument("value")
@click.option("--reason", required=True, help="The customer reads it.")
@click.option("--from", "starts", help="An instant with an offset; without: now.")
@click.option("--until", help="An instant with an offset; without: until it is ended.")
@refusals
def override(
    tenant: str, feature: str, value: str, reason: str, starts: str | None, until: str | None
) -> None:
    """Have the last word on FEATURE of TENANT (ten_…): a VALUE, or no to take it away."""
    owner = TenantId(id_from("ten", tenant))

    async def act(application: Application) -> str:
        given = await application.list_grants(owner)
        made = await application.override_feature(
            tenant_id=owner,
            feature=feature,
            value=value_from(value, given.feature(feature), override=True),
            reason=reason,
            actor=ACTOR,
            starts_at=None if starts is None else instant_from(starts, field="starts_at"),
            ends_at=None if until is None else instant_from(until, field="ends_at"),
        )
        return format_id("ovr", made.id)

    click.echo(run(act))


@entitlements.command()
@click.argument("tenant")
@click.argument("given")
@click.option("--reason", required=True, help="The customer reads it.")
@refusals
def end(tenant: str, given: str, reason: str) -> None:
    """End GIVEN (gra_… or ovr_…) of TENANT (ten_…) now."""
    owner, of = TenantId(id_from("ten", tenant)), given_id_from(given)
    run(
        lambda application: application.end_grant(
            tenant_id=owner, of=of, reason=reason, actor=ACTOR
        )
    )
    click.echo(f"{given} is ended.")


entitlements.add_command(audit)

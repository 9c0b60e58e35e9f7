"""``tallyard events``: events whose type no meter counts, and what becomes of them."""

import click

from control_plane.kernel.ids import TenantId
from control_plane.kernel.instants import instant_text
from metering.domain.quarantine import QuarantinePage, Replayed
from metering.services.replay_quarantine import MOST_AT_ONCE
from web.api.common import id_from
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.compose import Application
from web.i18n import N_, filled, translate

ACTOR = "cli"
_of = click.option("--tenant", required=True, help="The organisation (ten_…).")


@click.command()
@_of
@click.option("--type", "event_type", help="Events of this type only.")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@click.option("--after", type=click.IntRange(0), help="The mark that the page before ended with.")
@refusals
def quarantined(tenant: str, event_type: str | None, limit: int, after: int | None) -> None:
    """List events whose type no meter counts, the latest first.

    Each is one line: when it came, its own time, type, source, id, data and, where a replay left
    it there, the reason.
    """
    owner = TenantId(id_from("ten", tenant))
    page = run(
        lambda application: application.list_quarantine(
            tenant_id=owner, event_type=event_type, after=after, limit=limit
        )
    )
    for line in _lines(page):
        click.echo(line)
    language = shell_language()
    if not page.types:
        click.echo(translate(language, N_("Nothing is in quarantine.")), err=True)
    for kind in page.types:
        words = N_("{events} of {type}, counted by a meter now: replay them.")
        words = words if kind.known else N_("{events} of {type}, counted by no meter.")
        told = filled(language, words, {"events": kind.events, "type": kind.type})
        click.echo(told, err=True)
    if page.after is not None:
        click.echo(f"--after {page.after}", err=True)


@click.command()
@_of
@click.option("--type", "event_type", help="Events of this type only.")
@refusals
def replay(tenant: str, event_type: str | None) -> None:
    """Count events in quarantine whose type a meter counts by now.

    However often it is run, each event counts once.
    """
    owner = TenantId(id_from("ten", tenant))
    done = run(lambda application: _replay(application, owner, event_type))
    words = N_(
        "{accepted} counted, {duplicate} counted before, {too_late} too late, {kept} still there."
    )
    fields = {
        "accepted": done.accepted,
        "duplicate": done.duplicate,
        "too_late": done.too_late,
        "kept": done.kept,
    }
    click.echo(filled(shell_language(), words, fields))


@click.command()
@_of
@click.option("--type", "event_type", required=True, help="Every event of this type.")
@click.option("--reason", required=True, help="Kept in the audit trail.")
@refusals
def discard(tenant: str, event_type: str, reason: str) -> None:
    """Give up events in quarantine: they will never be counted."""
    owner = TenantId(id_from("ten", tenant))
    events = run(
        lambda application: application.discard_quarantined(
            tenant_id=owner, event_type=event_type, reason=reason, actor=ACTOR
        )
    )
    click.echo(filled(shell_language(), N_("{events} discarded."), {"events": events}))


async def _replay(application: Application, owner: TenantId, event_type: str | None) -> Replayed:
    """Replay in as many transactions as there are events for; what stays is not tried twice."""
    waiting = await application.list_quarantine.waiting(owner)
    done = Replayed()
    for _ in range(waiting // MOST_AT_ONCE + 1):
        one = await application.replay_quarantine(
            tenant_id=owner, actor=ACTOR, event_type=event_type
        )
        done = done.plus(one)
        if not one.more:
            break
    return done


def _lines(page: QuarantinePage) -> list[str]:
    return [
        "  ".join(
            (
                instant_text(kept.received_at),
                instant_text(kept.event.time),
                kept.event.type,
                kept.event.source,
                kept.event.id,
                kept.event.data_json.decode(),
                *((kept.refusal,) if kept.refusal else ()),
            )
        )
        for kept in page.events
    ]

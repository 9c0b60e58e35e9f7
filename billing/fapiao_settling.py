"""Moves a fapiao to where the platform says it stands, with all that follows from it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.fapiao.composing import Note
from billing.domain.fapiao.content import CNY, FapiaoContent
from billing.domain.fapiao.records import Fapiao
from billing.domain.fapiao.reversing import red_of_note
from billing.domain.fapiao.states import IN_FLIGHT, Colour, FapiaoState, may_move
from billing.fapiao_bills import read_bills
from billing.fapiao_port import PlatformState, Standing
from billing.repositories.fapiao import FapiaoRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import FapiaoId, format_id, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import FAPIAO_REQUESTED

ACTOR: Final = "fapiao"
_STATES: Final[Mapping[PlatformState, FapiaoState]] = MappingProxyType(
    {
        PlatformState.PENDING: FapiaoState.SUBMITTED,
        PlatformState.ISSUED: FapiaoState.ISSUED,
        PlatformState.FAILED: FapiaoState.FAILED,
        PlatformState.AWAITING_BUYER: FapiaoState.AWAITING_BUYER,
        PlatformState.CONFIRMED: FapiaoState.CONFIRMED,
        PlatformState.REFUSED: FapiaoState.REFUSED,
    }
)
_LOOK_AFTER: Final[Mapping[FapiaoState, timedelta]] = MappingProxyType(
    {
        FapiaoState.SUBMITTED: timedelta(seconds=5),
        FapiaoState.CONFIRMED: timedelta(seconds=5),
        FapiaoState.AWAITING_BUYER: timedelta(seconds=60),
    }
)


async def settle(
    session: AsyncSession,
    fapiao: Fapiao,
    standing: Standing,
    *,
    actor: str,
    now: datetime,
    look_from: datetime | None,
) -> Fapiao:
    """Bring a locked fapiao to where the platform says it stands, and return it.

    News that comes late or twice changes nothing.

    Args:
        session: the transaction that holds the lock.
        fapiao: as locked.
        standing: what the platform said of this very attempt.
        actor: who is told to have moved it.
        now: the tenant's present instant.
        look_from: real time, from which the next look is counted; None where nobody can ask.
    """
    state = _STATES[standing.state]
    if state is fapiao.state or not may_move(fapiao.colour, fapiao.state, state):
        if fapiao.state in IN_FLIGHT:
            await _look_again(session, fapiao, fapiao.state, look_from)
        return fapiao
    moved = replace(
        fapiao,
        state=state,
        sheet=standing.sheet or fapiao.sheet,
        number=standing.number,
        issued_at=(standing.issued_at or now) if state is FapiaoState.ISSUED else None,
        failure=standing.failure,
        retryable=standing.retryable,
    )
    names = ("state", "sheet", "number", "issued_at", "failure", "retryable")
    await FapiaoRepository(session).update(fapiao, {n: getattr(moved, n) for n in names})
    await _look_again(session, fapiao, state, look_from)
    await record_fapiao(session, moved, actor, state.value)
    if state is FapiaoState.ISSUED:
        await _follow(session, moved, now)
    return moved


async def _look_again(
    session: AsyncSession, fapiao: Fapiao, state: FapiaoState, look_from: datetime | None
) -> None:
    pause = _LOOK_AFTER.get(state)
    at = None if pause is None or look_from is None else look_from + pause
    await FapiaoRepository(session).update(fapiao, {"next_look_at": at})


async def _follow(session: AsyncSession, fapiao: Fapiao, now: datetime) -> None:
    """Do what an issued fapiao makes due: reds that waited for their blue, invoices set free."""
    repository = FapiaoRepository(session)
    if fapiao.colour is Colour.BLUE:
        await open_missing_reds(session, fapiao, now=now)
        return
    blue = await repository.get(fapiao.tenant_id, fapiao.blue_id or fapiao.id, lock=True)
    reds = await repository.reds_of(blue)
    taken = sum(red.total.minor for red in reds if red.state is FapiaoState.ISSUED)
    if taken == -blue.total.minor:
        await repository.release(blue)


async def open_missing_reds(session: AsyncSession, blue: Fapiao, *, now: datetime) -> list[Fapiao]:
    """Ask for a red fapiao for every credit note that an issued, locked blue one lacks.

    Credit notes that came before the blue one were taken off it; those that came while it was
    under way are caught up when it is issued.
    """
    if blue.state is not FapiaoState.ISSUED:
        return []
    repository = FapiaoRepository(session)
    sources = {source.document: source for source in blue.sources if source.active}
    bills = await read_bills(session, blue.tenant_id, list(sources))
    reds = list(await repository.reds_of(blue))
    done = {red.note_number for red in reds}
    opened: list[Fapiao] = []
    for bill in bills:
        known = set(sources[bill.document].known_notes) | done
        for note in (note for note in bill.bill.notes if note.number not in known):
            taken = [red.content for red in (*reds, *opened)]
            content = red_of_note(
                blue.content, bill.number, note, taken, in_part=bill.bill.card_minor > 0
            )
            opened += await _open_for_note(session, blue, note, content, now)
    return opened


async def _open_for_note(
    session: AsyncSession, blue: Fapiao, note: Note, content: FapiaoContent, now: datetime
) -> list[Fapiao]:
    if not content.lines:
        return []
    red = await open_red(session, blue, content, note=note.number, actor=ACTOR, now=now)
    return [] if red is None else [red]


async def open_red(
    session: AsyncSession,
    blue: Fapiao,
    content: FapiaoContent,
    *,
    note: str | None,
    actor: str,
    now: datetime,
) -> Fapiao | None:
    """Ask for a red fapiao against an issued, locked blue one, and take its amount of it.

    None where the note has one already, be it one that was given up.
    """
    red = replace(
        blue,
        id=FapiaoId(new_id()),
        colour=Colour.RED,
        state=FapiaoState.REQUESTED,
        attempt=1,
        content=content,
        red=Money.zero(CNY),
        blue_id=blue.id,
        note_number=note,
        sheet=None,
        number=None,
        issued_at=None,
        requested_by=actor,
        requested_at=now,
        sources=(),
    )
    repository = FapiaoRepository(session)
    if not await repository.add(red):
        return None
    await repository.reserve(blue, -content.total.minor)
    await hand_over(session, red)
    await record_fapiao(session, red, actor, "requested")
    return red


async def hand_over(session: AsyncSession, fapiao: Fapiao) -> None:
    """Have the outbox take a fapiao to the platform, after the commit."""
    await enqueue(session, fapiao.tenant_id, FAPIAO_REQUESTED, {"fapiao_id": str(fapiao.id)})


async def record_fapiao(session: AsyncSession, fapiao: Fapiao, actor: str, what: str) -> None:
    """Keep in the audit trail what happened to a fapiao."""
    details = {
        "colour": fapiao.colour.value,
        "kind": fapiao.kind.value,
        "total_minor": fapiao.total.minor,
        "number": fapiao.number,
        "failure": fapiao.failure,
    }
    object_id = format_id("fap", fapiao.id)
    await record(session, fapiao.tenant_id, actor, f"fapiao.{what}", "fapiao", object_id, details)

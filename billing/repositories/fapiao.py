"""Fapiao and their titles: kept, read, found when due."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.fapiao.content import CNY
from billing.domain.fapiao.errors import FapiaoNotFound
from billing.domain.fapiao.records import Fapiao, Source, paper_of
from billing.domain.fapiao.states import Colour, FapiaoState
from billing.domain.fapiao.title import FapiaoKind, Title
from billing.models.fapiao import FAPIAO, FAPIAO_SOURCES, FAPIAO_TITLES
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.ids import FapiaoId, InvoiceId, TenantId, TopupId, format_id
from control_plane.kernel.money import Money

_TITLE = tuple(c.name for c in FAPIAO_TITLES.c if c.name not in {"tenant_id", "updated_at"})
_DUE = text(
    """
    UPDATE fapiao SET next_look_at = :later WHERE (tenant_id, id) IN (
        SELECT tenant_id, id FROM fapiao WHERE next_look_at <= :now
        ORDER BY next_look_at LIMIT :most FOR UPDATE SKIP LOCKED
    ) RETURNING tenant_id, id
    """
)


@dataclass(frozen=True, slots=True)
class FapiaoFilter:
    """Which fapiao to list; None leaves a question open. ``before`` is the last page's last."""

    states: frozenset[FapiaoState] | None = None
    tenant_id: TenantId | None = None
    id: FapiaoId | None = None
    before: FapiaoId | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class FapiaoRepository:
    """The fapiao of the session's tenant (of all tenants, in a staff session)."""

    session: AsyncSession

    async def title(self, tenant_id: TenantId) -> Title | None:
        """Return to whom the tenant's fapiao are made out; None before anybody said so."""
        query = select(FAPIAO_TITLES).where(FAPIAO_TITLES.c.tenant_id == tenant_id)
        row = (await self.session.execute(query)).one_or_none()
        if row is None:
            return None
        return Title.from_body({name: getattr(row, name) for name in _TITLE})

    async def save_title(self, tenant_id: TenantId, title: Title, now: datetime) -> None:
        """Keep the title; fapiao that were asked for keep the one they had."""
        values = {**title.body(), "updated_at": now}
        statement = insert(FAPIAO_TITLES).values(tenant_id=tenant_id, **values)
        await self.session.execute(
            statement.on_conflict_do_update(index_elements=["tenant_id"], set_=values)
        )

    async def add(self, fapiao: Fapiao) -> bool:
        """Keep a fapiao with its sources; False, keeping nothing, where one is covered already."""
        values = {
            "tenant_id": fapiao.tenant_id,
            "id": fapiao.id,
            "colour": fapiao.colour.value,
            "kind": fapiao.kind.value,
            "entity": fapiao.entity,
            "provider": fapiao.provider,
            "state": fapiao.state.value,
            "attempt": fapiao.attempt,
            **content_values(fapiao),
            "blue_id": fapiao.blue_id,
            "note_number": fapiao.note_number,
            "requested_by": fapiao.requested_by,
            "requested_at": fapiao.requested_at,
        }
        async with self.session.begin_nested() as attempt:
            added = await self.session.execute(
                insert(FAPIAO).values(values).on_conflict_do_nothing().returning(FAPIAO.c.id)
            )
            kept = added.first() is not None
            for source in fapiao.sources if kept else ():
                kept = kept and await self._claim(fapiao, source)
            if not kept:
                await attempt.rollback()
            return kept

    async def _claim(self, fapiao: Fapiao, source: Source) -> bool:
        statement = insert(FAPIAO_SOURCES).values(
            tenant_id=fapiao.tenant_id,
            fapiao_id=fapiao.id,
            invoice_id=None if source.topup else source.document,
            topup_id=source.document if source.topup else None,
            number=source.number,
            known_notes=list(source.known_notes),
        )
        claimed = await self.session.execute(
            statement.on_conflict_do_nothing().returning(FAPIAO_SOURCES.c.number)
        )
        return claimed.first() is not None

    async def get(self, tenant_id: TenantId, fapiao_id: FapiaoId, *, lock: bool = False) -> Fapiao:
        """Return a fapiao; locked, nobody else moves it before this transaction ends.

        Raises:
            FapiaoNotFound: the tenant has none of that id.
        """
        query = select(FAPIAO).where(FAPIAO.c.tenant_id == tenant_id, FAPIAO.c.id == fapiao_id)
        query = query.with_for_update() if lock else query
        row = (await self.session.execute(query)).one_or_none()
        if row is None:
            raise FapiaoNotFound(fapiao_id=format_id("fap", fapiao_id))
        return (await self._read([row]))[0]

    async def list(self, wanted: FapiaoFilter) -> Sequence[Fapiao]:
        """Return fapiao, the latest first."""
        rows = await self.session.execute(_filtered(select(FAPIAO), wanted))
        return await self._read(rows.all())

    async def reds_of(self, blue: Fapiao) -> Sequence[Fapiao]:
        """Return the red ones that take back, or are about to take back, some of a blue one."""
        query = (
            select(FAPIAO)
            .where(FAPIAO.c.tenant_id == blue.tenant_id, FAPIAO.c.blue_id == blue.id)
            .where(FAPIAO.c.state != FapiaoState.WITHDRAWN.value)
            .order_by(FAPIAO.c.requested_at, FAPIAO.c.id)
        )
        return await self._read((await self.session.execute(query)).all())

    async def blue_over(
        self, tenant_id: TenantId, document: InvoiceId | TopupId
    ) -> FapiaoId | None:
        """Return the blue fapiao that covers an invoice or a top-up now."""
        found = await self.session.scalar(
            select(FAPIAO_SOURCES.c.fapiao_id).where(
                FAPIAO_SOURCES.c.tenant_id == tenant_id,
                (FAPIAO_SOURCES.c.invoice_id == document) | (FAPIAO_SOURCES.c.topup_id == document),
                FAPIAO_SOURCES.c.active,
            )
        )
        return None if found is None else FapiaoId(found)

    async def covered(self, tenant_id: TenantId, numbers: Iterable[str]) -> set[str]:
        """Return the numbers of those invoices and top-ups that a fapiao covers."""
        rows = await self.session.scalars(
            select(FAPIAO_SOURCES.c.number).where(
                FAPIAO_SOURCES.c.tenant_id == tenant_id,
                FAPIAO_SOURCES.c.active,
                FAPIAO_SOURCES.c.number.in_(list(numbers)),
            )
        )
        return set(rows)

    async def update(self, fapiao: Fapiao, values: Mapping[str, object]) -> None:
        """Change where a locked fapiao stands."""
        mine = (FAPIAO.c.tenant_id == fapiao.tenant_id, FAPIAO.c.id == fapiao.id)
        await self.session.execute(update(FAPIAO).where(*mine).values(**values))

    async def reserve(self, blue: Fapiao, minor: int) -> None:
        """Take so much (or, negative, give it back) of a locked blue fapiao for a red one."""
        await self.update(blue, {"red_minor": FAPIAO.c.red_minor + minor})

    async def release(self, fapiao: Fapiao) -> None:
        """Let the invoices of a blue fapiao be covered by another."""
        await self._sources(fapiao, {"active": False})

    async def relearn(self, fapiao: Fapiao, source: Source) -> None:
        """Keep which credit notes a new attempt took off."""
        await self._sources(
            fapiao,
            {"known_notes": list(source.known_notes)},
            FAPIAO_SOURCES.c.number == source.number,
        )

    async def _sources(self, fapiao: Fapiao, values: Mapping[str, object], *more: Any) -> None:
        await self.session.execute(
            update(FAPIAO_SOURCES)
            .where(
                FAPIAO_SOURCES.c.tenant_id == fapiao.tenant_id,
                FAPIAO_SOURCES.c.fapiao_id == fapiao.id,
                *more,
            )
            .values(**values)
        )

    async def _read(self, rows: Sequence[Row[Any]]) -> Sequence[Fapiao]:
        found = await self.session.execute(
            select(FAPIAO_SOURCES)
            .where(FAPIAO_SOURCES.c.fapiao_id.in_([row.id for row in rows]))
            .order_by(FAPIAO_SOURCES.c.number)
        )
        sources: dict[Any, list[Source]] = {}
        for row in found:
            topup = row.invoice_id is None
            document = TopupId(row.topup_id) if topup else InvoiceId(row.invoice_id)
            source = Source(document, topup, row.number, tuple(row.known_notes), row.active)
            sources.setdefault(row.fapiao_id, []).append(source)
        return [_fapiao(row, tuple(sources.get(row.id, ()))) for row in rows]


async def claim_due(
    system: AsyncSession, now: datetime, later: datetime, most: int
) -> list[tuple[TenantId, FapiaoId]]:
    """Claim fapiao that are to be asked about, until ``later``; for a session of the system."""
    rows = await system.execute(_DUE, {"now": now, "later": later, "most": most})
    return [(TenantId(row.tenant_id), FapiaoId(row.id)) for row in rows]


def content_values(fapiao: Fapiao) -> dict[str, object]:
    """Return the columns that hold what is printed."""
    return {
        "body": canonical_json(fapiao.body()),
        "net_minor": fapiao.content.net.minor,
        "tax_minor": fapiao.content.tax.minor,
        "total_minor": fapiao.total.minor,
    }


def _filtered(query: Select[Any], wanted: FapiaoFilter) -> Select[Any]:
    if wanted.states is not None:
        query = query.where(FAPIAO.c.state.in_([state.value for state in wanted.states]))
    if wanted.tenant_id is not None:
        query = query.where(FAPIAO.c.tenant_id == wanted.tenant_id)
    if wanted.id is not None:
        query = query.where(FAPIAO.c.id == wanted.id)
    if wanted.before is not None:
        last = select(FAPIAO.c.requested_at).where(FAPIAO.c.id == wanted.before).scalar_subquery()
        mark = func.row(last, wanted.before)
        query = query.where(func.row(FAPIAO.c.requested_at, FAPIAO.c.id) < mark)
    return query.order_by(FAPIAO.c.requested_at.desc(), FAPIAO.c.id.desc()).limit(wanted.limit)


def _fapiao(row: Row[Any], sources: tuple[Source, ...]) -> Fapiao:
    return Fapiao(
        tenant_id=TenantId(row.tenant_id),
        id=FapiaoId(row.id),
        colour=Colour(row.colour),
        kind=FapiaoKind(row.kind),
        entity=row.entity,
        provider=row.provider,
        state=FapiaoState(row.state),
        attempt=row.attempt,
        **paper_of(json.loads(row.body)),
        red=Money(row.red_minor, CNY),
        blue_id=None if row.blue_id is None else FapiaoId(row.blue_id),
        note_number=row.note_number,
        sheet=row.sheet,
        number=row.number,
        issued_at=None if row.issued_at is None else row.issued_at.astimezone(UTC),
        failure=row.failure,
        retryable=row.retryable,
        requested_by=row.requested_by,
        requested_at=row.requested_at.astimezone(UTC),
        sources=sources,
    )

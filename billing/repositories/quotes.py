"""Reads quotes and their answers, and appends to both."""

import json
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billing.domain.life.errors import QuoteNotFound
from billing.domain.life.quotes import Answer, QuoteState, SalesQuote, quote_number
from billing.models.life import QuoteAnswerRow, QuoteRow
from control_plane.kernel.calendar import as_utc
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.ids import QuoteId, SubscriptionId, TenantId, format_id

_NEXT = text(
    "INSERT INTO quote_numbers (year, last) VALUES (:year, 1) "
    "ON CONFLICT (year) DO UPDATE SET last = quote_numbers.last + 1 RETURNING last"
)


@dataclass(frozen=True, slots=True)
class QuoteRepository:
    """The quotes of the session's tenant; of every tenant in a session of staff."""

    session: AsyncSession

    async def next_number(self, year: int) -> str:
        """Draw the next number of a year, held until the commit."""
        place = await self.session.scalar(_NEXT, {"year": year})
        return quote_number(year, int(place or 0))

    async def add(self, quote: SalesQuote) -> None:
        """Keep a quote as it was made."""
        self.session.add(
            QuoteRow(
                tenant_id=quote.tenant_id,
                id=quote.id,
                number=quote.number,
                body=canonical_json(dict(quote.body)),
                body_sha256=quote.sha256,
                promise=quote.promise,
                valid_until=quote.valid_until,
                made_at=quote.made_at,
                made_by=quote.made_by,
            )
        )
        await self.session.flush()

    async def answer(self, quote: SalesQuote, answer: Answer) -> None:
        """Record what became of a quote that `lock` holds."""
        self.session.add(
            QuoteAnswerRow(
                tenant_id=quote.tenant_id,
                quote_id=quote.id,
                answer=answer.state.value,
                at=answer.at,
                actor=answer.actor,
                subscription_id=answer.subscription_id,
            )
        )
        await self.session.flush()

    async def lock(self, quote_id: QuoteId) -> SalesQuote:
        """Return a quote, and let nobody else answer it before this transaction ends.

        Raises:
            QuoteNotFound: the tenant has none of that id.
        """
        # Rows of quotes refuse any update, and so a row lock: a named lock does the same.
        await self.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
            {"name": f"quote:{quote_id}"},
        )
        return await self.get(quote_id)

    async def get(self, quote_id: QuoteId) -> SalesQuote:
        """Return a quote with its answer.

        Raises:
            QuoteNotFound: the tenant has none of that id.
        """
        found = await self._read(quote_id)
        if not found:
            raise QuoteNotFound(quote_id=format_id("quo", quote_id))
        return found[0]

    async def newest_first(self) -> list[SalesQuote]:
        """Return every quote, the newest first."""
        return await self._read()

    async def _read(self, quote_id: QuoteId | None = None) -> list[SalesQuote]:
        query = (
            select(QuoteRow, QuoteAnswerRow)
            .outerjoin(
                QuoteAnswerRow,
                (col(QuoteAnswerRow.tenant_id) == col(QuoteRow.tenant_id))
                & (col(QuoteAnswerRow.quote_id) == col(QuoteRow.id)),
            )
            .order_by(col(QuoteRow.made_at).desc(), col(QuoteRow.number).desc())
        )
        if quote_id is not None:
            query = query.where(col(QuoteRow.id) == quote_id)
        rows = await self.session.execute(query)
        return [_quote(row, answer) for row, answer in rows]


def _quote(row: QuoteRow, answer: QuoteAnswerRow | None) -> SalesQuote:
    return SalesQuote(
        id=QuoteId(row.id),
        tenant_id=TenantId(row.tenant_id),
        number=row.number,
        body=json.loads(row.body),
        sha256=row.body_sha256,
        promise=row.promise,
        valid_until=as_utc(row.valid_until),
        made_at=as_utc(row.made_at),
        made_by=row.made_by,
        answer=None if answer is None else _answer(answer),
    )


def _answer(row: QuoteAnswerRow) -> Answer:
    started = row.subscription_id
    return Answer(
        state=QuoteState(row.answer),
        at=as_utc(row.at),
        actor=row.actor,
        subscription_id=None if started is None else SubscriptionId(started),
    )

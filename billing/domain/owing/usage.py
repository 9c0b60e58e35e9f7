"""Usage, and fees in arrears: one item per piece of time that a charge prices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from billing.domain.owing.fees import lived
from billing.domain.owing.item import FeePart, Item, LineKind
from billing.domain.owing.pieces import Piece, Reign, all_reigns, billed_share, pieces
from billing.domain.owing.shares import Ruler, Share
from billing.domain.owing.states import Billable, State, grid_of
from billing.domain.pricing import price_fee
from control_plane.catalog.domain import Charge
from control_plane.catalog.policies import ShortPeriod, Split
from control_plane.kernel.calendar import Anchor, Period, instant_text

_INSTANT = timedelta(microseconds=1)


def arrears(
    about: Billable, since: datetime, at: datetime, *, again: bool = False
) -> Iterator[Item]:
    """Yield what pieces that end after ``since`` owe, due or under way at ``at``, in order.

    With ``again``, also every piece that draws on an allowance which ends after ``since``.
    """
    for states in about.lives:
        if not states:
            continue
        held = all_reigns(states)
        builder = _Arrears(about, states, held)
        for code, laid in held.items():
            for reign in laid:
                first = _allowance_start(reign, since) if again else since
                for piece in pieces(reign, first, at):
                    yield from builder.items(code, piece)


@dataclass(frozen=True, slots=True)
class _Arrears:
    about: Billable
    states: tuple[State, ...]
    held: dict[str, list[Reign]]

    def items(self, code: str, piece: Piece) -> Iterator[Item]:
        """Yield the item of a piece."""
        if piece.reign.charge.meter is not None:
            yield self._usage(code, piece)
        else:
            yield from self._fees(piece)

    def _usage(self, code: str, piece: Piece) -> Item:
        reign, span = piece.reign, piece.span
        allowance = _allowance(piece)
        share, earlier = self._share(piece), tuple[str, ...]()
        start, final, ahead = span.start, True, piece
        if allowance is not None and reign.state.policies.split is Split.EACH_ALONE:
            share = _alone(piece, allowance)
        elif allowance is not None:
            pooled = _pooled(reign, allowance)
            start, ahead = pooled[0].span.start, pooled[0]
            final = span.end in {reign.end, allowance.end}
            earlier = tuple(self._key(p) for p in pooled if p.span.end <= span.start)
            share = self._pooled_share(reign, allowance, None if final else span.end)
        return self._item(
            piece,
            LineKind.USAGE,
            self._key(piece),
            share=share,
            usage=reign.charge,
            measure=Period(start, span.end),
            final=final,
            follows=self._follows(code, ahead),
            counts=earlier,
        )

    def _fees(self, piece: Piece) -> Iterator[Item]:
        parts = tuple(p for p in self._parts(piece) if p.share.numerator)
        if not parts:
            return
        key = self._key(piece, "arrears")
        yield self._item(piece, LineKind.FEE, key, share=self._share(piece), fee_parts=parts)

    def _parts(self, piece: Piece) -> Iterator[FeePart]:
        charge, period = piece.reign.charge, piece.period
        of = self._of(piece.reign, period)
        for state in piece.reign.states:
            start = max(state.first, period.start)
            end = period.end if state.last is None else min(state.last, period.end)
            if start < end and not state.unbilled:
                quantity = Decimal(state.segment.quantity(charge.quantity))
                price = price_fee(charge, quantity, state.policies)
                share = Ruler(piece.reign.grid, state.policies).share(period, start, end, of)
                span = Period(start, end)
                steps = (*state.holding_steps(charge), *price.steps)
                yield FeePart(span, share, quantity, price.amount, steps, price.least)

    def _share(self, piece: Piece) -> Share:
        return billed_share(piece.reign, piece.period, self._of(piece.reign, piece.period))

    def _pooled_share(self, reign: Reign, allowance: Period, upto: datetime | None) -> Share:
        """Return the share of an allowance's own period.

        Under way (``upto`` given) it is compared with a period that goes on: an end that comes
        later takes nothing back of what was billed before.
        """
        wide = replace(reign, grid=_allowance_grid(reign))
        of = self._of(reign, allowance)
        if upto is not None:
            of = Period(of.start, allowance.end)
        return billed_share(wide, allowance, of, upto)

    def _of(self, reign: Reign, period: Period) -> Period:
        by_days = reign.state.policies.short_period is ShortPeriod.BY_DAYS
        return period if by_days else lived(self.states, period)

    def _follows(self, code: str, piece: Piece) -> str | None:
        """Return the usage item of the same meter that ends where a piece starts."""
        start, meter = piece.span.start, piece.reign.charge.meter
        for other in (code, *(c for c in self.held if c != code)):
            for reign in self.held[other]:
                ends_before = reign.end is not None and reign.end < start
                if reign.charge.meter == meter and reign.start < start and not ends_before:
                    before = list(pieces(reign, start - _INSTANT, start - _INSTANT))
                    if before and before[-1].span.end == start:
                        return self._key(before[-1])
        return None

    def _key(self, piece: Piece, word: str = "usage") -> str:
        reign, start = piece.reign, instant_text(piece.span.start)
        return self.about.key(reign.state.plan.label, reign.charge.code, word, start)

    def _item(
        self,
        piece: Piece,
        kind: LineKind,
        key: str,
        *,
        share: Share,
        usage: Charge | None = None,
        measure: Period | None = None,
        final: bool = True,
        follows: str | None = None,
        counts: tuple[str, ...] = (),
        fee_parts: tuple[FeePart, ...] = (),
    ) -> Item:
        state: State = piece.reign.state
        charge = piece.reign.charge
        return Item(
            key=key,
            kind=kind,
            due_at=piece.due_at,
            until=max(piece.period.end, piece.span.end, _allowance_end(piece)),
            subscription_id=self.about.subscription_id,
            version_id=state.plan.id,
            item=state.plan.label,
            item_name=state.plan.name,
            charge_code=charge.code,
            name=charge.name,
            currency=self.about.currency,
            zone=piece.reign.grid.zone,
            period=piece.period,
            service=piece.span,
            share=share,
            fee_parts=fee_parts,
            usage=usage,
            measure=measure,
            final=final,
            follows=follows,
            counts=counts,
            tax_category=charge.tax_category,
            tax_inclusive=state.price.tax_inclusive,
            policies=state.policies,
        )


def _allowance(piece: Piece) -> Period | None:
    """Return the period that a piece's allowance is counted over; None if it is the piece's own."""
    if piece.reign.charge.allowance_interval is None:
        return None
    grid = _allowance_grid(piece.reign)
    found = grid.period_at(max(piece.span.start, piece.period.start))
    return None if found == piece.period else found


def _allowance_end(piece: Piece) -> datetime:
    allowance = _allowance(piece)
    return piece.span.end if allowance is None else allowance.end


def _alone(piece: Piece, allowance: Period) -> Share:
    """Return a piece's own part of an allowance: its days, by those of the whole."""
    ruler = Ruler(_allowance_grid(piece.reign), piece.reign.state.policies)
    whole = ruler.share(allowance, allowance.start, allowance.end, allowance)
    own = billed_share(piece.reign, piece.period, piece.period)
    return replace(whole, numerator=min(own.numerator, whole.denominator))


def _allowance_start(reign: Reign, since: datetime) -> datetime:
    """Return where the allowance began that is drawn on at an instant."""
    if reign.charge.allowance_interval is None:
        return since
    return min(since, _allowance_grid(reign).period_at(since).start)


def _allowance_grid(reign: Reign) -> Anchor:
    return grid_of(reign.state.segment.anchor, reign.charge.allowance_interval)


def _pooled(reign: Reign, allowance: Period) -> Sequence[Piece]:
    """Return the pieces of a reign that draw on one allowance, in order."""
    found = pieces(reign, allowance.start, allowance.end - _INSTANT)
    return [piece for piece in found if piece.span.end <= allowance.end]

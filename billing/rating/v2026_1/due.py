"""What a subscription owes and when, as a pure function of its timeline.

Every line has a key that never changes, whoever computes it and when: what is due, less the keys
already invoiced, is what is still to be invoiced. Missed runs, crashed runs and two workers at once
therefore all come to the same lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from billing.rating.v2026_1.lines import ORDER, DueLine, LineKind, Versions
from billing.rating.v2026_1.pieces import Piece, pieces
from billing.rating.v2026_1.proration import WHOLE, DayShare, days_after
from billing.rating.v2026_1.timeline import Segment, Timeline
from control_plane.catalog.domain import Charge, ChargeKind, Price, Timing
from control_plane.kernel.calendar import Period, instant_text
from control_plane.kernel.currency import Currency, currency
from control_plane.subscriptions.domain import BookAddon, Cancel, Change, ChangePlan


def due_lines(
    timeline: Timeline, versions: Versions, *, since: datetime, upto: datetime
) -> tuple[DueLine, ...]:
    """Return every line due from ``since`` to ``upto``, both included, earliest first."""
    source = _Source(timeline, versions, currency(timeline.currency))
    lines = (
        *source.arrears(since, upto),
        *source.changes(),
        *source.fees(since, upto),
        *source.addons(),
    )
    within = [line for line in lines if since <= line.due_at <= upto]
    return tuple(sorted(within, key=lambda line: (line.due_at, ORDER[line.kind])))


@dataclass(frozen=True, slots=True)
class _Source:
    """The four sources of lines of one subscription."""

    timeline: Timeline
    versions: Versions
    currency: Currency

    def fees(self, since: datetime, upto: datetime) -> Iterator[DueLine]:
        """Yield the fees in advance, due where a period starts.

        They are those of the plan known before that instant. A plan change recorded at the very
        instant (a test clock stands still there) comes on top, as credit and charge of all days.
        """
        for at in self._boundaries(since, upto):
            segment = self._known_before(at).segment_at(at)
            if segment is not None and segment.anchor.period_at(at).start == at:
                period = segment.anchor.period_at(at)
                for charge in self._advance(segment):
                    yield self._line(LineKind.FEE, at, segment, charge, period, WHOLE)

    def changes(self) -> Iterator[DueLine]:
        """Yield what plan changes give back and ask for, due where they take effect."""
        for number, change in enumerate(self.timeline.changes):
            if isinstance(change.action, ChangePlan):
                before = Timeline(self.timeline.subscription_id, self.timeline.changes[:number])
                old = before.segment_at(change.effective_at)
                if old is not None:
                    yield from self._change(change, change.action, before, old)

    def _change(
        self, change: Change, action: ChangePlan, before: Timeline, old: Segment
    ) -> Iterator[DueLine]:
        at, period = change.effective_at, old.anchor.period_at(change.effective_at)
        at_boundary = period.start == at and change.known_at < at
        same = (action.plan_version_id, action.interval) == (
            old.plan_version_id,
            old.anchor.interval,
        )
        if at_boundary or same or change not in self._still_effective(change):
            return
        after = Timeline(before.subscription_id, (*before.changes, change))
        new = after.segments[-1]
        unused = days_after(period, at, old.anchor.zone)
        if unused.days:
            for charge in self._advance(old):
                yield self._line(LineKind.CREDIT, at, old, charge, period, unused, change)
        restarted = new.anchor != old.anchor
        share = WHOLE if restarted else unused
        if share.days:
            into = new.anchor.period_at(at) if restarted else period
            for charge in self._advance(new):
                yield self._line(LineKind.CHARGE, at, new, charge, into, share, change)

    def _still_effective(self, change: Change) -> tuple[Change, ...]:
        """Return the change, or nothing when a later record took it away before it took effect."""
        superseded = any(
            isinstance(later.action, ChangePlan | Cancel)
            and later.known_at < change.effective_at
            and later.effective_at <= change.effective_at
            for later in self.timeline.changes[change.seq :]
        )
        return () if superseded else (change,)

    def arrears(self, since: datetime, upto: datetime) -> Iterator[DueLine]:
        """Yield usage, and fees in arrears, due where a piece of time is closed."""
        previous: dict[str, str] = {}
        for piece in pieces(self.timeline, since=since, upto=upto):
            current: dict[str, str] = {}
            for charge in self._price(piece.segment).charges:
                if charge.timing is Timing.ADVANCE:
                    continue
                line = self._arrears_line(piece, charge, previous.get(charge.meter or ""))
                if charge.meter is not None:
                    current.setdefault(charge.meter, line.key)
                yield line
            previous = current

    def _arrears_line(self, piece: Piece, charge: Charge, follows: str | None) -> DueLine:
        kind = LineKind.FEE if charge.kind is ChargeKind.FLAT else LineKind.USAGE
        plan = self.versions.plans[piece.segment.plan_version_id]
        word = "arrears" if kind is LineKind.FEE else "usage"
        return DueLine(
            key=self._key(charge.code, word, instant_text(piece.span.start)),
            kind=kind,
            due_at=piece.due_at,
            subscription_id=self.timeline.subscription_id,
            version_id=plan.id,
            item=plan.label,
            item_name=plan.name,
            charge_code=charge.code,
            name=charge.name,
            currency=self.currency,
            zone=piece.segment.anchor.zone,
            service=piece.span,
            share=piece.share,
            fee=charge.amount,
            usage=charge if kind is LineKind.USAGE else None,
            follows=follows,
        )

    def addons(self) -> Iterator[DueLine]:
        """Yield the add-ons, due when they are booked, prorated over their own days only."""
        zone = self.timeline.anchor.zone
        for change in self.timeline.changes:
            if isinstance(change.action, BookAddon):
                version = self.versions.addons[change.action.addon_version_id]
                window, booked = change.action.window, change.effective_at
                late = window.contains(booked)
                yield DueLine(
                    key=self._key(str(change.id), "addon"),
                    kind=LineKind.ADDON,
                    due_at=booked,
                    subscription_id=self.timeline.subscription_id,
                    version_id=version.id,
                    item=version.label,
                    item_name=version.name,
                    charge_code=version.code,
                    name=version.name,
                    currency=self.currency,
                    zone=zone,
                    service=Period(max(window.start, booked), window.end),
                    share=days_after(window, booked, zone) if late else WHOLE,
                    fee=version.price(self.currency),
                )

    def _line(
        self,
        kind: LineKind,
        at: datetime,
        segment: Segment,
        charge: Charge,
        period: Period,
        share: DayShare,
        change: Change | None = None,
    ) -> DueLine:
        """Build a line of a fee in advance; a ``change`` names the cause in its key."""
        plan = self.versions.plans[segment.plan_version_id]
        cause = instant_text(at) if change is None else str(change.id)
        return DueLine(
            key=self._key(charge.code, kind.value, cause),
            kind=kind,
            due_at=at,
            subscription_id=self.timeline.subscription_id,
            version_id=plan.id,
            item=plan.label,
            item_name=plan.name,
            charge_code=charge.code,
            name=charge.name,
            currency=self.currency,
            zone=segment.anchor.zone,
            service=Period(max(at, period.start), period.end),
            share=share,
            fee=charge.amount,
        )

    def _key(self, *parts: str) -> str:
        return ":".join((str(self.timeline.subscription_id), *parts))

    def _price(self, segment: Segment) -> Price:
        plan = self.versions.plans[segment.plan_version_id]
        sold = (self.currency, segment.anchor.interval)
        return next(p for p in plan.prices if (p.currency, p.interval) == sold)

    def _advance(self, segment: Segment) -> Iterator[Charge]:
        for charge in self._price(segment).charges:
            if charge.kind is ChargeKind.FLAT and charge.timing is Timing.ADVANCE:
                yield charge

    def _boundaries(self, since: datetime, upto: datetime) -> Iterator[datetime]:
        """Yield the starts of periods within the life, from ``since`` to ``upto``."""
        for segment in self.timeline.segments:
            n = segment.anchor.index_at(max(segment.start, since))
            while (at := segment.anchor.boundary(n)) <= upto:
                if segment.holds(at):
                    yield at
                elif at >= segment.start:
                    break
                n += 1

    def _known_before(self, at: datetime) -> Timeline:
        """Return the timeline without what was recorded at or after an instant."""
        changes = self.timeline.changes
        if all(change.known_at < at for change in changes[1:]):
            return self.timeline
        known = tuple(change for change in changes[1:] if change.known_at < at)
        return Timeline(self.timeline.subscription_id, (changes[0], *known))

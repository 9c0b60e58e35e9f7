"""Usage and fees in arrears: every event goes to the piece that its day and hour belong to."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from billing.domain.pricing import Usage, price_usage
from control_plane.catalog.domain import Charge, ChargeKind
from control_plane.catalog.policies import DEFAULTS, Pause, Split
from control_plane.kernel.calendar import Anchor, Period, local_date, local_day_start
from tests.support.oracle.fees import Fees, grid_of, is_advance
from tests.support.oracle.slots import Billed, day_end
from tests.support.oracle.states import INSTANT, Held, Lived


@dataclass(frozen=True)
class Key:
    """What an instant's usage is priced by."""

    label: str
    charge: Charge
    grid: Anchor
    anchor: Anchor


@dataclass
class Piece:
    """A stretch of one period in one unbroken reign of a charge."""

    life: int
    reign: int
    key: Key
    period: Period
    probes: list[datetime]


class Arrears:
    """What is owed in arrears by an instant; ``events`` are (instant, quantity) of a meter."""

    def __init__(self, fees: Fees, events) -> None:
        self.fees, self.events = fees, events
        self.history, self.shop = fees.history, fees.shop
        self.policies, self.at, self.calendar = fees.policies, fees.at, fees.calendar
        self.zone = self.history.zone
        self.probes = self._probes()
        self.labels: dict[int, str] = {}
        self.stretches: dict[tuple, tuple[datetime, datetime]] = {}

    def owed(self) -> dict[tuple, Fraction]:
        """Exact amounts by piece, or by reign and allowance."""
        found: dict[tuple, Fraction] = {}
        for code in self._codes():
            closed = self._closed(code)
            for piece in closed:
                charge = piece.key.charge
                if charge.kind is ChargeKind.FLAT:
                    found[code, piece.life, piece.reign, piece.period] = self._fee(piece)
                elif self._pool(piece) is None or self.policies.split is Split.EACH_ALONE:
                    found[code, piece.life, piece.reign, piece.period] = self._alone(code, piece)
                else:
                    pool = self._pool(piece)
                    found[code, piece.life, piece.reign, pool] = self._pooled(code, piece, pool)
                key = (code, piece.life, piece.reign, piece.period)
                self.stretches[key] = piece.probes[0], piece.probes[-1]
        return {key: exact for key, exact in found.items() if exact is not None}

    def _codes(self) -> list[str]:
        found: dict[str, None] = {}
        for mark in self.history.instants():
            if self.history.life_at(mark) is not None:
                for charge in self.shop.price(self.history.held(mark)).charges:
                    if not is_advance(charge):
                        found[charge.code] = None
        return list(found)

    # Which piece an instant belongs to

    def _key_at(self, at: datetime, code: str) -> Key | None:
        """What prices usage at an instant; None where nothing does."""
        life = self.history.life_at(at)
        if life is None or self.history.in_trial(at):
            return None
        if not self.calendar.by_day:
            return self._key(self.history.held(at), code)
        morning, evening = self._morning(at, life), self._evening(at, life)
        if evening is None:
            return None
        known = self.shop.charge(evening, code) or self.shop.charge(morning, code)
        if known is None:
            return None
        cut = self._cut(at, morning, evening, known)
        return self._key(morning if at < cut else evening, code)

    def _key(self, held: Held, code: str) -> Key | None:
        charge = self.shop.charge(held, code)
        if charge is None:
            return None
        label = self.shop.plan(held).label
        return Key(label, charge, grid_of(held.anchor, charge.interval), held.anchor)

    def _morning(self, at: datetime, life: Lived) -> Held:
        """What held when the day began, or when the life or its paid part did."""
        start = local_day_start(local_date(at, self.zone), self.zone)
        opened = life.start
        if life is self.history.lives[0] and self.history.trial_end is not None:
            opened = max(opened, self.history.trial_end)
        return self.history.held(start - INSTANT if opened < start else opened)

    def _evening(self, at: datetime, life: Lived) -> Held | None:
        """What held when the day was over, or when the life was."""
        end = day_end(at, self.zone)
        last = end if life.holds(end) else life.end - INSTANT
        return None if self.history.in_trial(last) else self.history.held(last)

    def _cut(self, at: datetime, morning: Held, evening: Held, charge: Charge) -> datetime:
        """From when on the day belongs to the evening."""
        start = local_day_start(local_date(at, self.zone), self.zone)
        old = grid_of(morning.anchor, charge.interval)
        new = grid_of(evening.anchor, charge.interval)
        current = old.period_at(day_end(at, self.zone))
        if old != new and current.start > (restart := self._restart(at, new, charge)):
            return restart
        return start if current.start == old.at else max(start, current.start)

    def _restart(self, at: datetime, new: Anchor, charge: Charge) -> datetime:
        today = local_date(at, self.zone)
        return next(
            mark
            for mark in self.history.instants()
            if local_date(mark, self.zone) == today
            and grid_of(self.history.held(mark).anchor, charge.interval) == new
        )

    # Pieces

    def _probes(self) -> list[datetime]:
        """Instants enough to meet every piece, in order, none later than asked."""
        found = {at for at, _ in self.events} | set(self.history.instants()) | {self.at}
        found |= {life.end - INSTANT for life in self.history.lives if life.end is not None}
        day = local_date(self.history.started_at, self.zone)
        start = local_day_start(day, self.zone)
        while start <= self.at:
            end = day_end(start, self.zone)
            found |= {start, end}
            start = end + INSTANT
        for anchor in {self.history.held(m).anchor for m in self._alive()}:
            for interval in {None, *self._intervals()}:
                grid = grid_of(anchor, interval)
                n = grid.index_at(self.history.started_at)
                while (edge := grid.boundary(n)) <= self.at:
                    found |= {edge, edge - INSTANT}
                    n += 1
        return sorted(at for at in found if at <= self.at)

    def _alive(self) -> list[datetime]:
        return [m for m in self.history.instants() if self.history.life_at(m) is not None]

    def _intervals(self) -> set:
        return {
            charge.interval
            for mark in self._alive()
            for charge in self.shop.price(self.history.held(mark)).charges
        }

    def _pieces(self, code: str) -> list[Piece]:
        found: list[Piece] = []
        reign, before = len(self.labels) * 1000, None
        self.reigns: list[tuple[datetime, int]] = []
        for at in self.probes:
            life = self.history.life_at(at)
            key = self._key_at(at, code)
            place = None if life is None else self.history.lives.index(life)
            if (place, key) != before:
                reign, before = reign + 1, (place, key)
            self.reigns.append((at, reign))
            if key is None or place is None:
                continue
            self.labels[reign] = key.label
            period = self._period(at, key.grid)
            last = found[-1] if found else None
            if last is not None and (last.reign, last.period) == (reign, period):
                last.probes.append(at)
            else:
                found.append(Piece(place, reign, key, period, [at]))
        return found

    def _period(self, at: datetime, grid: Anchor) -> Period:
        same_day = local_date(at, self.zone) == local_date(grid.at, self.zone)
        return grid.period(0) if at < grid.at and same_day else grid.period_at(at)

    def _closed(self, code: str) -> list[Piece]:
        self.pieces = self._pieces(code)
        return [piece for piece in self.pieces if self.at not in piece.probes]

    # What they cost

    def _used(self, pieces: list[Piece]):
        inside = {probe for piece in pieces for probe in piece.probes}
        return sum((q for at, q in self.events if at in inside), Decimal(0))

    def _had(self, piece: Piece, period: Period, upto: datetime | None = None):
        """The slots of a period that the piece's reign was billed for; whether any was paused."""
        slots = self.calendar.slots(period, upto)
        had, paused = [], False
        for slot in slots:
            one = self.calendar.billed(slot.sample)
            mine = one is not None and self._reign_of(one, piece)
            if upto is not None and slot.sample >= upto:
                had.append(True)
                continue
            unbilled = mine and one.held.paused and self.policies.pause is Pause.CREDIT_UNUSED
            paused = paused or unbilled
            had.append(mine and not unbilled)
        return slots, had, paused

    def _reign_of(self, one: Billed, piece: Piece) -> bool:
        """Whether what a slot is billed by is in a piece's reign; what holds at last goes on."""
        place = bisect_right(self.reigns, (one.asked, 10**9)) - 1
        return self.reigns[place][1] == piece.reign

    def _billed(self, piece: Piece, slots):
        """What slots are billed by in the piece's own life: what another life costs is its own."""
        life = self.history.lives[piece.life]
        found = [self.calendar.billed(slot.sample) for slot in slots]
        return [one if one is not None and one.life is life else None for one in found]

    def _share(self, piece: Piece, grid: Anchor, period: Period, upto: datetime | None = None):
        slots, had, paused = self._had(piece, period, upto)
        weights = self.calendar.weights(grid, slots)
        billed = self._billed(piece, slots)
        some = sum(w for w, mine in zip(weights, had, strict=True) if mine)
        if not slots:
            return Fraction(1)
        of = self.fees.denominator(weights, billed, goes_on=upto is not None)
        paused = paused or self._in_a_pause(piece, period)
        if some == 0 and not paused and self.calendar.by_day:
            some = 1
        return min(Fraction(some) / of, Fraction(1))

    def _fee(self, piece: Piece) -> Fraction | None:
        slots, had, _ = self._had(piece, piece.period)
        weights = self.calendar.weights(piece.key.grid, slots)
        billed = self._billed(piece, slots)
        if not any(had):
            return None
        total = Fraction(0)
        for one, weight, mine in zip(billed, weights, had, strict=True):
            if mine:
                total += self.shop.whole(piece.key.charge, one.held, self.policies) * weight
        return total / self.fees.denominator(weights, billed)

    def _alone(self, code: str, piece: Piece) -> Fraction:
        pool = self._pool(piece)
        if pool is None:
            share = self._share(piece, piece.key.grid, piece.period)
        else:
            grid = grid_of(piece.key.anchor, piece.key.charge.allowance_interval)
            whole = sum(self.calendar.weights(grid, self.calendar.slots(pool)))
            share = min(Fraction(1), Fraction(self._days(piece)) / whole)
        return self._price(piece, [piece], share, final=True)

    def _days(self, piece: Piece) -> int:
        """The slots of a piece's own period that it has; at least a day, unless it is paused."""
        slots, had, paused = self._had(piece, piece.period)
        weights = self.calendar.weights(piece.key.grid, slots)
        some = sum(w for w, mine in zip(weights, had, strict=True) if mine)
        alive = not (paused or self._in_a_pause(piece, piece.period)) and self.calendar.by_day
        return some or int(alive)

    def _in_a_pause(self, piece: Piece, period: Period) -> bool:
        """Whether a piece's day is one of a pause, or its reign ends in one that began by then."""
        if self.policies.pause is not Pause.CREDIT_UNUSED:
            return False
        day = self.calendar.billed(day_end(piece.probes[0], self.zone))
        if day is not None and self._reign_of(day, piece) and day.held.paused:
            return True
        began = None
        for at in reversed([at for at, reign in self.reigns if reign == piece.reign]):
            if not self.history.held(at).paused:
                break
            began = at
        if began is None:
            return False
        return local_day_start(local_date(began, self.zone), self.zone) < period.end

    def _pool(self, piece: Piece) -> Period | None:
        charge = piece.key.charge
        if charge.allowance_interval is None:
            return None
        grid = grid_of(piece.key.anchor, charge.allowance_interval)
        found = grid.period_at(max(piece.probes[0], piece.period.start))
        return None if found == piece.period else found

    def _pooled(self, code: str, piece: Piece, pool: Period) -> Fraction:
        """The most that the pieces that are over ever came to together, one by one."""
        mine = [p for p in self.pieces if p.reign == piece.reign and self._pool(p) == pool]
        done = [p for p in mine if self.at not in p.probes]
        return max(self._so_far(piece, done[: n + 1], pool) for n in range(len(done)))

    def _so_far(self, piece: Piece, done: list[Piece], pool: Period) -> Fraction:
        last = done[-1]
        later = self.pieces[self.pieces.index(last) + 1 :]
        going_on = any(p.reign == piece.reign for p in later)
        final = last.period.end == pool.end or not going_on
        grid = grid_of(piece.key.anchor, piece.key.charge.allowance_interval)
        upto = None if final else last.period.end
        share = self._share(piece, grid, pool, upto)
        return self._price(piece, done, share, final=final)

    def _price(
        self, piece: Piece, pieces: list[Piece], share: Fraction, *, final: bool
    ) -> Fraction:
        usage = Usage(self._used(pieces), events=0)
        policies = DEFAULTS.over(
            {
                "tier_entry_fee": self.policies.tier_entry_fee.value,
                "price_discount": self.policies.price_discount.value,
            }
        )
        return price_usage(piece.key.charge, usage, share, policies, final=final).amount

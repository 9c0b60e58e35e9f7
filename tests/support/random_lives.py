"""Random lives of one customer through previews and confirmations, for real documents.

Every life is dealt some of the `KINDS` of change and makes all of them, among usage on time and
late, in one of four currencies, with or without tax, a coupon and a credit.
"""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from billing.domain.life.requests import (
    BookingCancelled,
    BookingMoved,
    BookingWanted,
    CancelWanted,
    Moment,
    PauseWanted,
    PlanWanted,
    QuantityWanted,
    ReactivateWanted,
    Request,
    ResumeWanted,
    StartWanted,
    TermsWanted,
    TrialWanted,
    UndoWanted,
)
from billing.services.subscriptions.confirm_change import ConfirmChange
from billing.services.subscriptions.preview_change import ChangePreview, PreviewChange
from billing.services.subscriptions.weighing import Weighing
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.calendar import Interval, local_date, local_day_start
from control_plane.kernel.currency import currency
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import ChangeId, PlanVersionId, SubscriptionId, TenantId
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import (
    Action,
    BookAddon,
    ChangePlan,
    ChargeTerms,
    Segment,
    Terms,
    Timeline,
)
from control_plane.subscriptions.repository import SubscriptionRepository
from tests.support.billing_world import ACTOR, World

Disturb = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
Step = Callable[["Life"], Awaitable[None]]
ZONE = "Asia/Shanghai"
PLANS = ("small", "large")
INTERVALS = (Interval.MONTH, Interval.QUARTER, Interval.YEAR)
PATIENCE = 4
KINDS: Mapping[str, type[Any]] = {
    "start": StartWanted,
    "extend_trial": TrialWanted,
    "plan": PlanWanted,
    "plan_by_rule": PlanWanted,
    "plan_at_the_end": PlanWanted,
    "back_dated_plan": PlanWanted,
    "interval": PlanWanted,
    "undo": UndoWanted,
    "quantity": QuantityWanted,
    "back_dated_quantity": QuantityWanted,
    "pause": PauseWanted,
    "resume": ResumeWanted,
    "cancel": CancelWanted,
    "cancel_at_the_end": CancelWanted,
    "reactivate": ReactivateWanted,
    "terms": TermsWanted,
    "list_price_again": TermsWanted,
    "book": BookingWanted,
    "move_booking": BookingMoved,
    "give_booking_up": BookingCancelled,
}
"""What is counted, and how it is asked for."""


@dataclass
class Life:
    """One customer's life. ``disturb`` runs a use case as the test wants it run."""

    world: World
    tenant_id: TenantId
    dice: random.Random
    code: str
    disturb: Disturb
    confirmed: Counter[str] = field(default_factory=Counter)
    subscription: SubscriptionId | None = None
    timeline: Timeline | None = None
    codes: Mapping[PlanVersionId, str] = field(default_factory=dict)

    async def ask(self, kind: str, request: Request) -> None:
        """Preview a request and confirm it; what was shown is charged and credited, to the unit.

        Raises:
            TallyardError: it is refused.
        """
        assert isinstance(request, KINDS[kind])
        weighing = Weighing.of(self.world.changing)
        preview = PreviewChange(self.world.work, weighing)
        confirm = ConfirmChange(self.world.work, weighing)
        what: dict[str, Any] = {
            "tenant_id": self.tenant_id,
            "request": request,
            "subscription_id": self.subscription,
            "staff": True,
        }
        shown: ChangePreview = await self.disturb(lambda: preview(**what))
        before = {i.summary.id for i in await self.world.invoices(self.tenant_id)}
        made = await self.disturb(lambda: confirm(**what, token=shown.token, actor=ACTOR))
        after = [i.summary for i in await self.world.invoices(self.tenant_id)]
        assert {i.id for i in made.invoices} == {i.id for i in after} - before, kind
        assert sum(i.total.minor for i in made.invoices) == shown.total.minor, kind
        assert sum(note.total.minor for note in made.notes) == shown.quote.credited.minor, kind
        self.subscription = made.subscription_id
        async with self.world.work(self.tenant_id) as session:
            self.timeline = await SubscriptionRepository(session).timeline(self.subscription)
            catalog = await CatalogRepository(session).current()
        self.codes = {plan.id: plan.code for plan in catalog.plans.values()}
        self.confirmed[kind] += 1

    async def begin(self, *, trial: bool) -> None:
        await self.ask(
            "start",
            StartWanted(
                self.dice.choice(PLANS),
                currency_code=self.code,
                trial_end=self._midnight(self.dice.randint(3, 20)) if trial else None,
                quantities={"seats": self.dice.randint(1, 5)},
            ),
        )

    async def make(self, step: Step) -> None:
        """Make one step of a life, later if it is refused for now.

        Raises:
            TallyardError: it is refused again and again.
        """
        for _ in range(PATIENCE):
            try:
                return await step(self)
            except TallyardError:
                await self.go_on(12)
        return await step(self)

    async def go_on(self, most_days: int = 25) -> None:
        """Let time pass, with usage on time and late, and close what is due."""
        clock = self.world.clock
        clock.advance(hours=self.dice.randint(1, 24 * most_days))
        at = clock.now()
        for late in (timedelta(minutes=5), timedelta(days=self.dice.randint(1, 40))):
            await self.world.ship(self.tenant_id, at - late, self.dice.randint(0, 900))
        await self.close()

    async def close(self) -> None:
        await self.disturb(lambda: self.world.close_due(self.tenant_id, wait=True))

    async def plan(self) -> None:
        await self.ask("plan", PlanWanted(self._other(), when=Moment.NOW))

    async def plan_by_rule(self) -> None:
        await self.ask("plan_by_rule", PlanWanted(self._other()))

    async def plan_at_the_end(self) -> None:
        await self.ask("plan_at_the_end", PlanWanted(self._other(), when=Moment.PERIOD_END))

    async def undo(self) -> None:
        await self.ask("plan_at_the_end", PlanWanted(self._other(), when=Moment.PERIOD_END))
        await self.ask("undo", UndoWanted(self._last(ChangePlan)))

    async def back_dated_plan(self) -> None:
        await self.ask("back_dated_plan", PlanWanted(self._other(), when=self._past()))

    async def interval(self) -> None:
        held = self._segment()
        other = self.dice.choice([each for each in INTERVALS if each is not held.interval])
        plan = self.codes[held.plan_version_id]
        await self.ask("interval", PlanWanted(plan, other, 1, when=Moment.NOW))

    async def quantity(self) -> None:
        await self.ask("quantity", QuantityWanted("seats", self.dice.randint(6, 20)))

    async def back_dated_quantity(self) -> None:
        wanted = QuantityWanted("seats", self.dice.randint(21, 40), when=self._past())
        await self.ask("back_dated_quantity", wanted)

    async def pause_and_resume(self) -> None:
        await self.ask("pause", PauseWanted())
        await self.go_on(12)
        await self.ask("resume", ResumeWanted())

    async def cancel_and_return(self) -> None:
        await self.ask("cancel", CancelWanted(Moment.NOW))
        await self.go_on(40)
        await self.ask("reactivate", ReactivateWanted())

    async def cancel_and_stay(self) -> None:
        await self.ask("cancel_at_the_end", CancelWanted(Moment.PERIOD_END))
        await self.ask("reactivate", ReactivateWanted())

    async def negotiate(self) -> None:
        money = Money(self.dice.randint(100, 90_000), currency(self.code))
        terms = Terms({"base": ChargeTerms(amount=money)}, reason="kept them")
        await self.ask("terms", TermsWanted(terms))
        await self.go_on(12)
        await self.ask("list_price_again", TermsWanted(None))

    async def extend_trial(self) -> None:
        await self.ask("extend_trial", TrialWanted(self._midnight(self.dice.randint(5, 25))))

    async def book(self) -> None:
        ahead = self.dice.randint(-3, 40)
        await self.ask(
            "book",
            BookingWanted(
                "peak_618",
                self._midnight(ahead),
                self._midnight(ahead + self.dice.randint(5, 30)),
                self.dice.randint(1, 3),
            ),
        )

    async def move_booking(self) -> None:
        await self.book()
        moved = BookingMoved(self._last(BookAddon), self._midnight(45), self._midnight(60))
        await self.ask("move_booking", moved)

    async def give_booking_up(self) -> None:
        await self.book()
        await self.ask("give_booking_up", BookingCancelled(self._last(BookAddon)))

    def _segment(self) -> Segment:
        assert self.timeline is not None
        segment = self.timeline.segment_at(self.world.clock.now())
        return segment or self.timeline.segments[-1]

    def _other(self) -> str:
        held = self.codes[self._segment().plan_version_id]
        return next(plan for plan in PLANS if plan != held)

    def _last(self, action: type[Action]) -> ChangeId:
        assert self.timeline is not None
        return next(c.id for c in reversed(self.timeline.changes) if isinstance(c.action, action))

    def _past(self) -> datetime:
        assert self.timeline is not None
        return max(
            self.timeline.started_at,
            self.world.clock.now() - timedelta(hours=self.dice.randint(1, 240)),
        )

    def _midnight(self, days: int) -> datetime:
        day = local_date(self.world.clock.now(), ZONE) + timedelta(days=days)
        return local_day_start(day, ZONE)


STEPS: tuple[Step, ...] = (
    Life.extend_trial,
    Life.plan,
    Life.quantity,
    Life.pause_and_resume,
    Life.interval,
    Life.book,
    Life.back_dated_plan,
    Life.negotiate,
    Life.cancel_and_stay,
    Life.plan_by_rule,
    Life.move_booking,
    Life.back_dated_quantity,
    Life.cancel_and_return,
    Life.plan_at_the_end,
    Life.give_booking_up,
    Life.undo,
)
"""Everything that happens in lives; a life of its own trial comes before the rest of it."""

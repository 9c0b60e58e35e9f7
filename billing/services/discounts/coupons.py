"""Use cases: make, end, list coupons."""

import re
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.discounts.records import HIGHEST_RANK, Duration, Offer
from billing.errors_tax import CouponExists, CouponNotFound, DiscountInvalid
from billing.repositories.coupons import CouponRepository
from control_plane.kernel.clock import Clock
from control_plane.runtime.database import Database
from control_plane.runtime.roles import Role
from control_plane.runtime.unit_of_work import StaffWork

_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,39}", re.ASCII)
MOST_PERIODS = 120


@dataclass(frozen=True, slots=True)
class CreateCoupon:
    """Offer a coupon, as the owner role. Its content never changes; ended ones stay readable."""

    database: Database
    clock: Clock

    async def __call__(self, offer: Offer) -> Offer:
        """Return the coupon as it is offered.

        Raises:
            DiscountInvalid: a field of it makes no sense.
            CouponExists: the code is taken.
        """
        checked = checked_offer(offer)
        engine = self.database.engine(Role.OWNER)
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            if not await CouponRepository(session).add(checked, self.clock.now()):
                raise CouponExists(coupon=checked.code, field="code")
        return checked

    async def end(self, code: str) -> None:
        """Let nobody redeem a coupon any more; those who did keep it.

        Raises:
            CouponNotFound: there is none of this code.
        """
        engine = self.database.engine(Role.OWNER)
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            repository = CouponRepository(session)
            if await repository.offer(code.strip().upper()) is None:
                raise CouponNotFound(coupon=code)
            await repository.end(code.strip().upper(), self.clock.now())


@dataclass(frozen=True, slots=True)
class ListCoupons:
    """Read every coupon there is."""

    staff: StaffWork

    async def __call__(self) -> list[Offer]:
        """Return coupons, the newest first."""
        async with self.staff() as session:
            return await CouponRepository(session).offers()


def checked_offer(offer: Offer) -> Offer:
    """Return an offer with its code in capitals.

    Raises:
        DiscountInvalid: a field of it makes no sense.
    """
    code = offer.code.strip().upper()
    if not _CODE.fullmatch(code):
        _refuse("code", code)
    if (offer.percent is None) == (not offer.amounts):
        _refuse("percent", offer.percent or "")
    if offer.percent is not None and not 0 < offer.percent <= 100:  # noqa: PLR2004 - per cent
        _refuse("percent", offer.percent)
    for amount in offer.amounts.values():
        if amount.minor <= 0:
            _refuse("amount", amount)
    _check_bounds(offer)
    return replace(offer, code=code)


def _check_bounds(offer: Offer) -> None:
    in_periods = offer.duration is Duration.PERIODS
    if in_periods != (offer.periods is not None):
        _refuse("periods", offer.periods or "")
    if offer.periods is not None and not 0 < offer.periods <= MOST_PERIODS:
        _refuse("periods", offer.periods)
    if offer.most is not None and not 0 < offer.most <= HIGHEST_RANK:
        _refuse("most", offer.most)
    if abs(offer.place) > HIGHEST_RANK:
        _refuse("place", offer.place)


def _refuse(what: str, value: object) -> None:
    raise DiscountInvalid(what=what, value=str(value)[:60], field=what)

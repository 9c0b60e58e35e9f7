"""From what is kept of coupons, credits and wallets to rows of pages."""

from billing.domain.discounts.records import Duration, Grant, Offer, Redemption, Topup
from billing.domain.discounts.recurring import Rollover, Schedule
from billing.services.discounts.list_discounts import Holdings
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import format_id
from control_plane.kernel.money import Money
from web.i18n import N_, listing, translate
from web.portal.cycles import cycle_words
from web.portal.views.discounts import (
    BalanceView,
    CouponRow,
    GrantRow,
    OfferRow,
    RecurringRow,
    TopupRow,
    WalletCard,
)

DURATIONS = {
    Duration.ONCE: N_("Once"),
    Duration.PERIODS: N_("For some periods"),
    Duration.FOREVER: N_("For good"),
}


def balance_view(
    held: Holdings, language: str, currency: str, *, may_pay: bool, card: str | None = None
) -> BalanceView:
    """Show what a customer holds; ``card`` is what is seen of the card it keeps."""
    names = {wallet.id: wallet.name for wallet in held.wallets}
    return BalanceView(
        wallets=tuple(
            WalletCard(
                wallet_id=format_id("wal", wallet.id),
                name=wallet.name,
                free=held.free_of(wallet),
                below=wallet.auto_below,
                amount=wallet.auto_amount,
                waiting=held.requested_of(wallet),
            )
            for wallet in held.wallets
        ),
        topups=tuple(_topup(topup, names[topup.wallet_id]) for topup in held.topups),
        grants=tuple(_grant(grant, held, language) for grant in held.grants),
        coupons=tuple(_coupon(coupon, language) for coupon in held.coupons),
        recurring=tuple(_recurring(schedule, language) for schedule in held.schedules),
        credit_free=_sums(held),
        currency=currency,
        may_pay=may_pay,
        card=card,
    )


def offer_row(offer: Offer, language: str) -> OfferRow:
    """Show a coupon as finance sees it."""
    return OfferRow(
        offer=offer,
        name=offer.name.in_language(language),
        takes=takes_words(offer, language),
        lasts=_lasts(offer, language),
        open=offer.ended_at is None and (offer.most is None or offer.redeemed < offer.most),
    )


def takes_words(offer: Offer, language: str) -> str:
    """Say what a coupon takes off: ``20 %``, or its amounts."""
    if offer.percent is not None:
        return f"{quantity_text(offer.percent)} %"
    amounts = (f"{a.decimal_text()} {code}" for code, a in sorted(offer.amounts.items()))
    return listing(language, amounts)


def _lasts(offer: Offer, language: str) -> str:
    if offer.periods is not None:
        words = translate(language, N_("For {count} periods"))
        return words.format(count=offer.periods)
    return translate(language, DURATIONS[offer.duration])


def _coupon(held: Redemption, language: str) -> CouponRow:
    ended = held.ended_at is not None
    return CouponRow(
        code=held.offer.code,
        name=held.offer.name.in_language(language),
        takes=takes_words(held.offer, language),
        lasts=_lasts(held.offer, language),
        uses=held.uses,
        state="ended" if ended else "coupon_used_up" if held.spent else "active",
        since=held.redeemed_at,
    )


def _grant(grant: Grant, held: Holdings, language: str) -> GrantRow:
    if grant.held.minor:
        state = "set_aside"
    elif held.usable(grant):
        state = "active"
    else:
        state = "expired" if grant.expired.minor or grant.free.minor else "coupon_used_up"
    return GrantRow(grant.name.in_language(language), grant, state)


def _recurring(schedule: Schedule, language: str) -> RecurringRow:
    anchor, over = schedule.anchor, schedule.next_at is None or schedule.ended_at is not None
    return RecurringRow(
        schedule_id=format_id("crs", schedule.id),
        schedule=schedule,
        every=cycle_words(anchor.interval, anchor.count, language),
        rest=rest_words(schedule.rollover, language),
        state="ended" if over else "active",
    )


def rest_words(rollover: Rollover, language: str) -> str:
    """Say what becomes of what is left at the end of a cycle."""
    if rollover.cycles == 0:
        return translate(language, N_("lapses at the end of its cycle"))
    if rollover.cycles is None:
        return translate(language, N_("never lapses"))
    return translate(language, N_("lasts {count} more cycles"), count=rollover.cycles)


def _topup(topup: Topup, wallet: str) -> TopupRow:
    state = f"topup_{topup.state.value}"
    if topup.charge_due_at is not None:
        state = "topup_charging"
    return TopupRow(format_id("top", topup.id), wallet, topup, state)


def _sums(held: Holdings) -> tuple[Money, ...]:
    sums: dict[str, Money] = {}
    for grant in held.grants:
        if held.usable(grant):
            code = grant.free.currency.code
            sums[code] = sums[code] + grant.free if code in sums else grant.free
    return tuple(sums.values())

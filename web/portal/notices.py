"""What a page says once, after a form was sent: named in its address, so nothing is stored."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from web.i18n import N_, translate
from web.portal.views.shell import Notice

_NOTICES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "started": N_("The plan is in force. Your modules are starting."),
        "changed": N_("The plan change is made."),
        "scheduled": N_("The plan changes at the end of this period."),
        "booked": N_("The season is booked."),
        "cancelled": N_("The plan is cancelled and runs until the end of its period."),
        "made": N_("Done, exactly as it was shown."),
        "several": N_(
            "Done, exactly as it was shown. It has several invoices: the newest of this list."
        ),
        "accepted": N_("The quote is accepted. Your modules are starting."),
        "declined": N_("The quote is declined."),
        "migrating": N_("The migration is under way."),
        "revoked": N_("The key is revoked."),
        "invited": N_("The invitation is on its way."),
        "replayed": N_("The events are counted."),
        "replayed_some": N_("What could be counted is. What stayed is below, with its reason."),
        "webhook": N_("The endpoint is added. Send it a test message."),
        "webhook_kept": N_("The endpoint is changed."),
        "webhook_removed": N_("The endpoint is removed."),
        "webhook_sent": N_("It is on its way."),
        "alerts_kept": N_("Your choice is kept."),
        "discarded": N_("The events are discarded."),
        "role": N_("The role is changed."),
        "removed": N_("The member is removed."),
        "advancing": N_("The clock is on its way."),
        "clock": N_("This sandbox has a clock of its own now."),
        "paid": N_("The payment is recorded."),
        "switched": N_("You now act for another organisation."),
        "joined": N_("Welcome to the organisation."),
        "signed_out": N_("You are signed out."),
        "group_asked": N_("The parent organisation is asked."),
        "group_answered": N_("The membership is changed."),
        "group_kept": N_("Kept."),
        "fapiao_title": N_("The fapiao title is kept."),
        "fapiao_asked": N_("The fapiao is asked for. It is issued within moments, or by hand."),
        "fapiao_withdrawn": N_("The fapiao is given up."),
        "fapiao_decided": N_("Your decision is kept."),
        "billing_details": N_("Your billing details are kept. The next invoice names them."),
        "redeemed": N_("The coupon is redeemed. It lowers your next invoice."),
        "wallet": N_("The wallet is open."),
        "automatic": N_("The automatic top-up is set."),
        "topup": N_("The top-up is asked for. Pay it by bank transfer."),
        "topup_card": N_("Your card is charged within moments."),
        "topup_cancelled": N_("The top-up is cancelled."),
        "coupon": N_("The coupon can be redeemed."),
        "coupon_ended": N_("Nobody can redeem the coupon any more."),
        "coupon_given": N_("The customer holds the coupon."),
        "credit": N_("The credit is granted."),
        "granted": N_("It is granted."),
        "overridden": N_("The override has the last word now."),
        "grant_ended": N_("It holds no longer."),
        "recurring": N_("The credit comes again by itself."),
        "recurring_ended": N_("The credit comes no more. What was granted keeps its end."),
        "entity": N_("The next invoice comes from this company."),
        "terms_kept": N_("The billing terms are kept."),
        "order_kept": N_("The purchase order is kept."),
        "exempted": N_("The exemption is recorded."),
        "exemption_ended": N_("The exemption has ended."),
        "refunded": N_("The refund is recorded."),
        "resumed": N_("Billing goes on. What fell due is invoiced within a minute."),
        "topup_asked": N_("The customer is asked for the top-up."),
        "quoted": N_("The quote is made and sent."),
        "withdrawn": N_("The quote is withdrawn."),
        "held": N_("The ladder is held. Nothing more happens until then."),
        "released": N_("The hold has ended. What is due is announced first."),
        "tax": N_("The tax file is published."),
        "created": N_("Your account is ready. Choose a plan to begin."),
    }
)


def notice_for(name: str | None, language: str) -> Notice | None:
    """Return the notice of that name; None for no name or an unknown one."""
    text = _NOTICES.get(name or "")
    return None if text is None else Notice("good", translate(language, text))

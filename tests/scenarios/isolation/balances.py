"""A company's wallet, top-up, coupon, credit and exemption, each with its id."""

from datetime import date
from decimal import Decimal

from billing.domain.discounts.records import Offer
from billing.domain.tax.parties import Address, BillingProfile
from billing.domain.tax.sale import Exemption
from billing.services.discounts.recur_credit import Cycle
from control_plane.catalog.domain import Text
from control_plane.kernel.anchor import Interval
from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.ids import TenantId, format_id, new_id
from control_plane.kernel.money import Money
from tests.support.api import Site

CNY = CURRENCIES["CNY"]


async def keep_balances(site: Site, tenant_id: TenantId, word: str) -> dict[str, str]:
    """Make one of each, and return their ids by the names that routes give them."""
    application = site.application
    who = {"tenant_id": tenant_id, "actor": "usr_staff"}
    wallet = await application.open_wallet(**who, name=f"{word}-wallet", currency=CNY)
    topup = await application.request_topup(**who, wallet_id=wallet.id, amount=Money(199_900, CNY))
    # Paid by the reference that every form of these tests names: paying it again is no news.
    await application.record_topup_payment(
        **who, topup_id=topup.id, amount=topup.amount, reference="BANK-1"
    )
    code = f"FOR-{word}".upper()
    await application.create_coupon(
        Offer(id=new_id(), code=code, name=Text(code, code), percent=Decimal(1))
    )
    redeemed = await application.redeem_coupon(**who, code=code)
    grant = await application.grant_credit(**who, amount=Money(1, CNY), reason=f"{word}'s credit")
    schedule = await application.recur_credit(
        **who,
        amount=Money(1, CNY),
        reason=f"{word}'s allowance",
        cycle=Cycle(Interval.MONTH),
    )
    exemption = Exemption(
        jurisdiction="CN",
        category=None,
        code="E",
        certificate=f"{word}-certificate",
        reason=Text("Exempt", "免税"),
        valid_from=date(2020, 1, 1),
        valid_to=date(2020, 2, 1),
    )
    address = Address(line1=f"{word} street 1", city="Shanghai", country="CN")
    await application.save_billing_profile(
        **who, profile=BillingProfile(f"{word} trading", address)
    )
    return {
        "wallet_id": format_id("wal", wallet.id),
        "topup_id": format_id("top", topup.id),
        "redemption_id": format_id("cpr", redeemed),
        "credit_id": format_id("crd", grant.id),
        "schedule_id": format_id("crs", schedule.id),
        "exemption_id": format_id(
            "txe", await application.exempt_customer(**who, exemption=exemption)
        ),
    }

"""Negotiated terms as the API reads them: amounts and numbers as decimal texts."""

import msgspec

from control_plane.catalog.domain import Commitment, Tier
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.exact import exact_decimal
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import ChargeTerms, Terms
from web.api.common import instant_from
from web.api.grant_values import GrantValue, grant_from


class TierBody(msgspec.Struct, forbid_unknown_fields=True):
    """A tier up to and including ``up_to``; the last one has none."""

    unit_price: str
    up_to: str | None = None
    flat_fee: str = "0"


class ChargeTermsBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is negotiated of one charge; what is not said stays the list price's."""

    amount: str | None = None
    unit_price: str | None = None
    tiers: list[TierBody] | None = None
    included: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    discount: str | None = None


class TermsBody(msgspec.Struct, forbid_unknown_fields=True):
    """Prices, a commitment and limits for one subscription, with the reason and the end.

    ``charges`` by the plan's charge codes; ``entitlements`` by feature, a number or true or false.
    """

    currency: str
    reason: str
    charges: dict[str, ChargeTermsBody] = {}
    commitment: str | None = None
    commitment_tax_category: str | None = None
    entitlements: dict[str, GrantValue] = {}
    end: str | None = None


def terms_from(body: TermsBody | None) -> Terms | None:
    """Read terms; None stays None.

    Raises:
        TallyardError: an amount, a number, a currency or an instant cannot be read.
    """
    if body is None:
        return None
    code = currency(body.currency)
    commitment = None
    if body.commitment is not None:
        commitment = Commitment(Money.parse(body.commitment, code), body.commitment_tax_category)
    return Terms(
        charges={name: _charge(charge, code) for name, charge in body.charges.items()},
        commitment=commitment,
        entitlements={
            name: grant_from(grant, field="terms") for name, grant in body.entitlements.items()
        },
        reason=body.reason,
        end=instant_from(body.end, field="end") if body.end else None,
    )


def _charge(body: ChargeTermsBody, code: Currency) -> ChargeTerms:
    def money(text: str | None) -> Money | None:
        return None if text is None else Money.parse(text, code)

    return ChargeTerms(
        amount=money(body.amount),
        unit_price=None if body.unit_price is None else exact_decimal(body.unit_price),
        tiers=None if body.tiers is None else tuple(_tier(tier) for tier in body.tiers),
        included=None if body.included is None else exact_decimal(body.included),
        minimum=money(body.minimum),
        maximum=money(body.maximum),
        discount=None if body.discount is None else exact_decimal(body.discount),
    )


def _tier(body: TierBody) -> Tier:
    return Tier(
        up_to=None if body.up_to is None else exact_decimal(body.up_to),
        unit_price=exact_decimal(body.unit_price),
        flat_fee=exact_decimal(body.flat_fee),
    )

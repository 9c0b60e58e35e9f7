"""How billing profiles, legal entities and tax are shown by the API."""

from datetime import date
from uuid import UUID

import msgspec

from billing.domain.tax.parties import Address, BillingProfile, LegalEntity
from billing.domain.tax.rates import TaxRate
from billing.domain.tax.sale import Exemption
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import format_id
from web.api.discount_views import TextView


class ProfileView(msgspec.Struct):
    """Who an organisation is on its invoices."""

    legal_name: str
    business: bool
    country: str
    tax_id: str | None
    registration: str | None
    line1: str
    line2: str
    city: str
    region: str
    postcode: str
    email: str | None
    phone: str | None
    purchase_order: str | None


class EntityView(msgspec.Struct):
    """One of the vendor's companies; ``taxed`` says whether it charges tax."""

    code: str
    prefix: str
    name: str | None
    sandbox: bool
    country: str | None
    tax_id: str | None
    currency: str | None
    prepaid_policy: str
    taxed: bool
    en16931: bool


class RateView(msgspec.Struct):
    """A tax rate in percent, and from which day on."""

    jurisdiction: str
    category: str
    code: str
    rate: str
    valid_from: date
    valid_to: date | None
    revision: int


class TaxView(msgspec.Struct):
    """Legal entities and tax rates."""

    entities: list[EntityView]
    rates: list[RateView]


class ExemptionView(msgspec.Struct):
    """A certificate by which a customer is exempt."""

    id: str
    jurisdiction: str
    category: str | None
    code: str
    certificate: str
    reason: TextView
    valid_from: date
    valid_to: date | None


def profile_view(profile: BillingProfile) -> ProfileView:
    """Show a billing profile."""
    address = profile.address
    return ProfileView(
        legal_name=profile.legal_name,
        business=profile.business,
        country=address.country,
        tax_id=profile.tax_id,
        registration=profile.registration,
        line1=address.line1,
        line2=address.line2,
        city=address.city,
        region=address.region,
        postcode=address.postcode,
        email=profile.email,
        phone=profile.phone,
        purchase_order=profile.purchase_order,
    )


def profile_from(said: ProfileView) -> BillingProfile:
    """Read a billing profile as it was sent; `SaveBillingProfile` checks it."""
    return BillingProfile(
        legal_name=said.legal_name,
        address=Address(
            line1=said.line1,
            line2=said.line2,
            city=said.city,
            region=said.region,
            postcode=said.postcode,
            country=said.country,
        ),
        business=said.business,
        tax_id=said.tax_id,
        registration=said.registration,
        email=said.email,
        phone=said.phone,
        purchase_order=said.purchase_order,
    )


def entity_view(entity: LegalEntity) -> EntityView:
    """Show a legal entity."""
    return EntityView(
        code=entity.code,
        prefix=entity.prefix,
        name=entity.name,
        sandbox=entity.sandbox,
        country=entity.country,
        tax_id=entity.tax_id,
        currency=entity.currency,
        prepaid_policy=entity.prepaid_policy.value,
        taxed=entity.tax is not None,
        en16931=entity.tax is not None and entity.tax.en16931,
    )


def rate_view(rate: TaxRate) -> RateView:
    """Show a tax rate."""
    return RateView(
        jurisdiction=rate.jurisdiction,
        category=rate.category,
        code=rate.code,
        rate=quantity_text(rate.rate),
        valid_from=rate.valid_from,
        valid_to=rate.valid_to,
        revision=rate.revision,
    )


def exemption_view(exemption_id: UUID, exemption: Exemption) -> ExemptionView:
    """Show an exemption."""
    return ExemptionView(
        id=format_id("txe", exemption_id),
        jurisdiction=exemption.jurisdiction,
        category=exemption.category,
        code=exemption.code,
        certificate=exemption.certificate,
        reason=TextView(exemption.reason.en, exemption.reason.zh),
        valid_from=exemption.valid_from,
        valid_to=exemption.valid_to,
    )

"""Use case: say who a customer is on its invoices."""

from dataclasses import asdict, dataclass, replace

from billing.domain.tax.countries import is_country
from billing.domain.tax.numbers import tax_number
from billing.domain.tax.parties import Address, BillingProfile
from billing.errors_tax import CountryUnknown, ProfileInvalid
from billing.repositories.tax import TaxRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.domain import normal_email

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class SaveBillingProfile:
    """Replace a customer's billing profile; the next invoice names it."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self, *, tenant_id: TenantId, profile: BillingProfile, actor: str
    ) -> BillingProfile:
        """Return the profile as it was tidied and kept.

        Raises:
            ProfileInvalid, CountryUnknown, TaxNumberInvalid, EmailInvalid: as named.
        """
        tidy = tidied(profile)
        async with self.work(tenant_id) as session:
            repository = TaxRepository(session)
            if await repository.profile(tenant_id) == tidy:
                return tidy
            now = await self.tenant_clock.now(session, tenant_id)
            await repository.save_profile(tenant_id, tidy, now)
            await record(
                session,
                tenant_id,
                actor,
                "billing_profile.changed",
                "organisation",
                format_id("ten", tenant_id),
                asdict(tidy),
            )
        return tidy


def tidied(profile: BillingProfile) -> BillingProfile:
    """Return a profile with its white space tidied and its numbers in compact form.

    Raises:
        ProfileInvalid, CountryUnknown, TaxNumberInvalid, EmailInvalid: as named.
    """
    country = profile.address.country.strip().upper()
    if not is_country(country):
        raise CountryUnknown(value=country[:_LONGEST], field="country")
    tax_id, email = (profile.tax_id or "").strip(), (profile.email or "").strip()
    address = Address(
        line1=_needed(profile.address.line1, "line1"),
        line2=_short(profile.address.line2, "line2"),
        city=_needed(profile.address.city, "city"),
        region=_short(profile.address.region, "region"),
        postcode=_short(profile.address.postcode, "postcode"),
        country=country,
    )
    return replace(
        profile,
        legal_name=_needed(profile.legal_name, "legal_name"),
        address=address,
        tax_id=tax_number(tax_id, country) if tax_id else None,
        registration=_short(profile.registration or "", "registration") or None,
        email=normal_email(email) if email else None,
        phone=_short(profile.phone or "", "phone") or None,
        purchase_order=_short(profile.purchase_order or "", "purchase_order") or None,
    )


def _needed(text: str, field: str) -> str:
    found = _short(text, field)
    if not found:
        raise ProfileInvalid(value="", what=field, most=_LONGEST, field=field)
    return found


def _short(text: str, field: str) -> str:
    found = " ".join(text.split())
    if len(found) > _LONGEST or not found.isprintable():
        raise ProfileInvalid(value=found[:_LONGEST], what=field, most=_LONGEST, field=field)
    return found

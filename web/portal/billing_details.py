"""Billing details: who the organisation is on its invoices."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from billing.domain.tax.countries import countries
from billing.domain.tax.parties import Address, BillingProfile
from control_plane.identity.domain import Permission, permits
from control_plane.kernel.errors import TallyardError
from web.api.common import principal, tenant
from web.compose import Application
from web.portal.forms import Submitted, refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.views.discounts import DetailsView
from web.portal.views.shell import Choice, Form

READ = {"permission": Permission.INVOICE_READ}
PAY = {"permission": Permission.INVOICE_PAY}
URL = "/portal/billing-details"
FIRST_COUNTRY = "CN"


@get(URL, opt=READ, include_in_schema=False)
async def details_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Show who the organisation is on its invoices."""
    return await _show(request, application, Form())


@post(URL, opt=PAY, status_code=303, include_in_schema=False)
async def save(request: PageRequest, application: NamedDependency[Application]) -> Page | Redirect:
    """Keep the billing details."""
    form = await submitted(request)
    try:
        await application.save_billing_profile(
            tenant_id=tenant(request), profile=_profile(form), actor=principal(request).actor
        )
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await _show(request, application, again, status)
    return see(URL, done="billing_details")


async def _show(
    request: PageRequest, application: Application, form: Form, status: int = 200
) -> Page:
    tenant_id, language = tenant(request), language_of(request)
    profile = await application.read_billing_profile(tenant_id)
    kept = {} if profile is None else _kept(profile)
    country = form.value("country", kept.get("country", FIRST_COUNTRY))
    business = profile is None or profile.business
    if form.values:
        business = form.value("business") == "yes"
    view = DetailsView(
        kept=kept,
        business=business,
        countries=tuple(
            Choice(code, name, code == country) for code, name in countries(language).items()
        ),
        may_change=permits(principal(request), Permission.INVOICE_PAY),
    )
    return await page(
        request,
        application,
        "portal/billing_details.html",
        "billing",
        status=status,
        view=view,
        form=form,
    )


def _profile(form: Submitted) -> BillingProfile:
    return BillingProfile(
        legal_name=form.one("legal_name"),
        address=Address(
            line1=form.one("line1"),
            line2=form.one("line2"),
            city=form.one("city"),
            region=form.one("region"),
            postcode=form.one("postcode"),
            country=form.one("country"),
        ),
        business=form.one("business") == "yes",
        tax_id=form.one("tax_id"),
        registration=form.one("registration"),
        email=form.one("email"),
        phone=form.one("phone"),
        purchase_order=form.one("purchase_order"),
    )


def _kept(profile: BillingProfile) -> dict[str, str]:
    address = profile.address
    return {
        "legal_name": profile.legal_name,
        "country": address.country,
        "line1": address.line1,
        "line2": address.line2,
        "city": address.city,
        "region": address.region,
        "postcode": address.postcode,
        "tax_id": profile.tax_id or "",
        "registration": profile.registration or "",
        "email": profile.email or "",
        "phone": profile.phone or "",
        "purchase_order": profile.purchase_order or "",
    }

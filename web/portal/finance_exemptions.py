"""Finance: record and end certificates by which a customer is exempt from tax."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from billing.domain.tax.sale import Exemption
from billing.tax_sheet import TaxCode
from control_plane.catalog.domain import Text
from control_plane.kernel.ids import ExemptionId
from web.api.common import choice_from, id_from, principal
from web.compose import Application
from web.portal.customer_frame import ACT, URL, owner_of
from web.portal.exemption_rows import day_from
from web.portal.finance_terms import TERMS
from web.portal.forms import Submitted, submitted
from web.portal.page import Page, PageRequest


def _exemption(form: Submitted) -> Exemption:
    until = form.one("valid_to")
    return Exemption(
        jurisdiction=form.one("jurisdiction"),
        category=form.one("category") or None,
        code=choice_from(TaxCode, form.one("code"), field="code").value,
        certificate=form.one("certificate"),
        reason=Text(form.one("reason"), form.one("reason.zh")),
        valid_from=day_from(form.one("valid_from"), "valid_from"),
        valid_to=day_from(until, "valid_to") if until else None,
    )


@post(f"{URL}/exemptions", opt=ACT, status_code=303, include_in_schema=False)
async def exempt(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Record a certificate."""
    form = await submitted(request)

    async def act() -> None:
        await application.exempt_customer(
            tenant_id=owner_of(tenant_id),
            exemption=_exemption(form),
            actor=principal(request).actor,
        )

    return await TERMS.attempt(request, application, tenant_id, form, act, "exempted")


@post(
    f"{URL}/exemptions/{{exemption_id:str}}/revocation",
    opt=ACT,
    status_code=303,
    include_in_schema=False,
)
async def revoke(
    request: PageRequest,
    tenant_id: FromPath[str],
    exemption_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page | Redirect:
    """End an exemption, from today on."""

    async def act() -> None:
        await application.exempt_customer.revoke(
            tenant_id=owner_of(tenant_id),
            exemption_id=ExemptionId(id_from("txe", exemption_id)),
            actor=principal(request).actor,
        )

    return await TERMS.attempt(
        request, application, tenant_id, Submitted({}), act, "exemption_ended"
    )

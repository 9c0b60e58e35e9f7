"""Legal entities, tax rates and exemptions, as finance sets them."""

from datetime import date

import msgspec
from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from billing.domain.tax.sale import Exemption
from billing.services.tax.apply_tax_sheet import TaxChange
from billing.tax_sheet import TaxCode
from control_plane.catalog.domain import Text
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import (
    ExemptionId,
    TenantId,
)
from web.api.common import ApiRequest, choice_from, id_from, principal
from web.api.discount_views import (
    TextView,
)
from web.api.tax_views import (
    ExemptionView,
    TaxView,
    entity_view,
    exemption_view,
    rate_view,
)
from web.compose import Application
from web.openings import opened_by_staff

FINANCE = {"permission": Permission.STAFF_FINANCE}
WRITE = {**FINANCE, "staff": True}


class SheetRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A tax file's text; with ``dry_run`` nothing is stored."""

    source: str
    dry_run: bool = False


class TaxChangeView(msgspec.Struct):
    """What a tax file adds or changes."""

    effect: str
    what: str
    label: str


class EntityRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The code of a legal entity."""

    entity: str


class ExemptionRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A certificate, what it exempts (null: everything), and when."""

    jurisdiction: str
    certificate: str
    reason: TextView
    valid_from: date
    category: str | None = None
    code: str = "E"
    valid_to: date | None = None


def tenant_from(text: str) -> TenantId:
    """Read a customer's id from an address."""
    return TenantId(id_from("ten", text))


@get("/tax", opt=FINANCE)
async def show_tax(application: NamedDependency[Application]) -> TaxView:
    """Show legal entities and tax rates."""
    tables = await application.read_tax()
    return TaxView(
        entities=[entity_view(entity) for entity in tables.entities],
        rates=[rate_view(rate) for rate in tables.rates],
    )


@post("/tax-sheets", status_code=200, opt=WRITE)
async def apply_sheet(
    data: JSONBody[SheetRequest], application: NamedDependency[Application]
) -> list[TaxChangeView]:
    """Publish legal entities and tax rates from a YAML file, or show what that would change."""
    changes = await application.apply_tax_sheet(data.source, dry_run=data.dry_run)
    return [_change(change) for change in changes]


@put("/tenants/{tenant_id:str}/legal-entity", status_code=204, opt=WRITE)
async def assign_entity(
    request: ApiRequest,
    tenant_id: FromPath[str],
    data: JSONBody[EntityRequest],
    application: NamedDependency[Application],
) -> None:
    """Have a customer billed by another legal entity, from its next invoice on."""
    await application.assign_entity(
        tenant_id=tenant_from(tenant_id), entity=data.entity, actor=principal(request).actor
    )


@get("/tenants/{tenant_id:str}/exemptions", opt=FINANCE)
async def list_exemptions(
    request: ApiRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> list[ExemptionView]:
    """List a customer's certificates; its audit record tells who looked."""
    wanted = tenant_from(tenant_id)
    async with opened_by_staff(request, application, wanted, "exemptions"):
        await application.read_organisation(wanted)
        found = await application.exempt_customer.list(wanted)
    return [exemption_view(exemption_id, exemption) for exemption_id, exemption in found]


@post("/tenants/{tenant_id:str}/exemptions", opt=WRITE)
async def exempt_customer(
    request: ApiRequest,
    tenant_id: FromPath[str],
    data: JSONBody[ExemptionRequest],
    application: NamedDependency[Application],
) -> ExemptionView:
    """Record a certificate of exemption."""
    exemption = Exemption(
        jurisdiction=data.jurisdiction,
        category=data.category,
        code=choice_from(TaxCode, data.code, field="code").value,
        certificate=data.certificate,
        reason=Text(data.reason.en, data.reason.zh),
        valid_from=data.valid_from,
        valid_to=data.valid_to,
    )
    added = await application.exempt_customer(
        tenant_id=tenant_from(tenant_id), exemption=exemption, actor=principal(request).actor
    )
    return exemption_view(added, exemption)


@delete("/tenants/{tenant_id:str}/exemptions/{exemption_id:str}", opt=WRITE)
async def revoke_exemption(
    request: ApiRequest,
    tenant_id: FromPath[str],
    exemption_id: FromPath[str],
    application: NamedDependency[Application],
) -> None:
    """End an exemption, from today on."""
    await application.exempt_customer.revoke(
        tenant_id=tenant_from(tenant_id),
        exemption_id=ExemptionId(id_from("txe", exemption_id)),
        actor=principal(request).actor,
    )


def _change(change: TaxChange) -> TaxChangeView:
    return TaxChangeView(change.effect, change.what, change.label)


router = Router(
    "/v1/staff",
    tags=["Staff"],
    route_handlers=[
        show_tax,
        apply_sheet,
        assign_entity,
        list_exemptions,
        exempt_customer,
        revoke_exemption,
    ],
)

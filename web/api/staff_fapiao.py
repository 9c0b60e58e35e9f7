"""Finance's queue of fapiao over all tenants, and what only finance decides."""

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import TenantId, format_id
from web.api.common import ApiRequest, id_from, principal
from web.api.fapiao import fapiao_filter, fapiao_id_from
from web.api.fapiao_views import FapiaoView, fapiao_view
from web.compose import Application

FINANCE = {"permission": Permission.STAFF_FINANCE}
DECIDE = {**FINANCE, "staff": True}


class CustomerFapiaoView(msgspec.Struct):
    """A fapiao and whose it is."""

    tenant_id: str
    customer: str
    sandbox: bool
    fapiao: FapiaoView


class FapiaoNumberRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The 20 digits that the tax platform gave a fapiao issued by hand."""

    number: str


class FapiaoRefusalRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why a fapiao could not be issued by hand; the customer reads it."""

    reason: str


@get("/fapiao", opt=FINANCE)
async def list_all_fapiao(
    application: NamedDependency[Application],
    status: FromQuery[str | None] = None,
    before: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> list[CustomerFapiaoView]:
    """List all tenants' fapiao, newest first."""
    found = await application.list_all_fapiao(fapiao_filter(status, before, limit))
    return [
        CustomerFapiaoView(
            format_id("ten", entry.fapiao.tenant_id),
            entry.customer,
            entry.sandbox,
            fapiao_view(entry.fapiao),
        )
        for entry in found
    ]


@post("/tenants/{tenant_id:str}/fapiao/{fapiao_id:str}/number", status_code=200, opt=DECIDE)
async def record_number(
    request: ApiRequest,
    tenant_id: FromPath[str],
    fapiao_id: FromPath[str],
    data: JSONBody[FapiaoNumberRequest],
    application: NamedDependency[Application],
) -> FapiaoView:
    """Record the number of a fapiao that was issued by hand."""
    owner, wanted = TenantId(id_from("ten", tenant_id)), fapiao_id_from(fapiao_id)
    await application.get_fapiao(tenant_id=owner, fapiao_id=wanted)
    fapiao = await application.record_fapiao.issued(
        tenant_id=owner, fapiao_id=wanted, number=data.number, actor=principal(request).actor
    )
    return fapiao_view(fapiao)


@post("/tenants/{tenant_id:str}/fapiao/{fapiao_id:str}/refusal", status_code=200, opt=DECIDE)
async def record_refusal(
    request: ApiRequest,
    tenant_id: FromPath[str],
    fapiao_id: FromPath[str],
    data: JSONBody[FapiaoRefusalRequest],
    application: NamedDependency[Application],
) -> FapiaoView:
    """Record that a fapiao could not be issued by hand, and why."""
    owner, wanted = TenantId(id_from("ten", tenant_id)), fapiao_id_from(fapiao_id)
    fapiao = await application.record_fapiao.refused(
        tenant_id=owner, fapiao_id=wanted, reason=data.reason, actor=principal(request).actor
    )
    return fapiao_view(fapiao)


@post("/tenants/{tenant_id:str}/fapiao/{fapiao_id:str}/retries", status_code=200, opt=DECIDE)
async def retry(
    request: ApiRequest,
    tenant_id: FromPath[str],
    fapiao_id: FromPath[str],
    application: NamedDependency[Application],
) -> FapiaoView:
    """Ask again for a fapiao that failed or was refused."""
    owner, wanted = TenantId(id_from("ten", tenant_id)), fapiao_id_from(fapiao_id)
    fapiao = await application.retry_fapiao(
        tenant_id=owner, fapiao_id=wanted, actor=principal(request).actor
    )
    return fapiao_view(fapiao)


@post("/tenants/{tenant_id:str}/fapiao/{fapiao_id:str}/withdrawal", status_code=200, opt=DECIDE)
async def withdraw(
    request: ApiRequest,
    tenant_id: FromPath[str],
    fapiao_id: FromPath[str],
    application: NamedDependency[Application],
) -> FapiaoView:
    """Give up a fapiao that failed, or a red one that the buyer refused."""
    owner, wanted = TenantId(id_from("ten", tenant_id)), fapiao_id_from(fapiao_id)
    fapiao = await application.withdraw_fapiao(
        tenant_id=owner, fapiao_id=wanted, actor=principal(request).actor
    )
    return fapiao_view(fapiao)


@post("/tenants/{tenant_id:str}/fapiao/{fapiao_id:str}/reversal", status_code=201, opt=DECIDE)
async def reverse(
    request: ApiRequest,
    tenant_id: FromPath[str],
    fapiao_id: FromPath[str],
    application: NamedDependency[Application],
) -> FapiaoView:
    """Reverse all that is left of a blue fapiao, say because its title was wrong."""
    owner, wanted = TenantId(id_from("ten", tenant_id)), fapiao_id_from(fapiao_id)
    fapiao = await application.reverse_fapiao(
        tenant_id=owner, fapiao_id=wanted, actor=principal(request).actor
    )
    return fapiao_view(fapiao)


router = Router(
    "/v1/staff",
    tags=["Staff"],
    route_handlers=[
        list_all_fapiao,
        record_number,
        record_refusal,
        retry,
        withdraw,
        reverse,
    ],
)

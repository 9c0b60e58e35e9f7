"""API keys: listed, made and shown once, revoked."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from control_plane.identity.domain import Permission, Scope
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import ApiKeyId, format_id
from web.api.common import id_from, principal, tenant
from web.compose import Application
from web.portal.forms import refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.views.people import KeyRow, KeysView, NewKeyView
from web.portal.views.shell import Choice, Form

MANAGE = {"permission": Permission.KEYS_MANAGE}


@get("/portal/api-keys", opt=MANAGE, include_in_schema=False)
async def keys_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """List every key there ever was, and offer a new one."""
    return await _keys(request, application, Form(), (Scope.INVENTORY_READ.value,))


async def _keys(
    request: PageRequest,
    application: Application,
    form: Form,
    ticked: tuple[str, ...],
    status: int = 200,
) -> Page:
    found = await application.list_api_keys(tenant(request))
    view = KeysView(
        rows=tuple(
            KeyRow(
                key_id=format_id("key", key.id),
                name=key.name,
                prefix=key.prefix,
                scopes=key.scopes,
                created_at=key.created_at,
                expires_at=key.expires_at,
                revoked_at=key.revoked_at,
            )
            for key in found
        ),
        scopes=tuple(Choice(s.value, s.value, s.value in ticked) for s in Scope),
    )
    return await page(
        request, application, "portal/keys.html", "keys", status=status, view=view, form=form
    )


@post(
    "/portal/api-keys",
    opt={**MANAGE, "shown_once": ("secret",)},
    status_code=201,
    include_in_schema=False,
)
async def create_key(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Make a key and show it, this once."""
    form = await submitted(request)
    scopes = form.many("scopes")
    try:
        _, secret = await application.create_api_key(
            tenant_id=tenant(request),
            name=form.one("name"),
            scopes=scopes,
            by=principal(request),
        )
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await _keys(request, application, again, scopes, status)
    view = NewKeyView(
        name=form.one("name"),
        secret=secret,
        scopes=scopes,
        example_url=f"{application.settings.public_url.rstrip('/')}/v1/entitlements",
    )
    return await page(
        request, application, "portal/key_created.html", "keys", status=201, view=view
    )


@post(
    "/portal/api-keys/{key_id:str}/revocation",
    opt=MANAGE,
    status_code=303,
    include_in_schema=False,
)
async def revoke_key(
    request: PageRequest, key_id: FromPath[str], application: NamedDependency[Application]
) -> Redirect:
    """End a key."""
    await application.revoke_api_key(
        tenant_id=tenant(request),
        key_id=ApiKeyId(id_from("key", key_id)),
        actor=principal(request).actor,
    )
    return see("/portal/api-keys", done="revoked")

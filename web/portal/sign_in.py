"""In and out: password, company account, sign-up, invitation, and the switch of organisations."""

from litestar import get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from control_plane.identity.domain import Permission
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import TenantId
from web.api.common import id_from
from web.api.sessions import session_cookie
from web.compose import Application
from web.edge.authentication import SESSION_COOKIE
from web.edge.errors import NotSignedIn
from web.edge.tenant import principal_of
from web.portal.forms import refused, require_own_page, submitted
from web.portal.page import Page, PageRequest, language_of, local_path, page, see
from web.portal.views.shell import Form

PUBLIC = {"public": True}


@get("/", opt=PUBLIC, include_in_schema=False)
async def front_door(request: PageRequest) -> Redirect:
    """Lead everybody to their own first page."""
    principal = principal_of(request.scope)
    if principal is None:
        return see("/sign-in")
    if principal.tenant_id is not None:
        return see("/portal")
    return see("/finance" if "finance" in principal.staff_roles else "/operator")


@get("/sign-in", opt=PUBLIC, include_in_schema=False)
async def sign_in_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Ask for address and password."""
    return await _sign_in_form(request, application, Form(), 200)


async def _sign_in_form(
    request: PageRequest, application: Application, form: Form, status: int
) -> Page:
    onward = local_path(form.value("next") or request.query_params.get("next"), "/")
    return await page(
        request,
        application,
        "auth/sign_in.html",
        "",
        status=status,
        form=form,
        next=onward,
        company_account=bool(application.settings.oidc_issuer),
    )


@post("/sign-in", opt=PUBLIC, status_code=303, include_in_schema=False)
async def sign_in(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Open a session, or show the form again."""
    require_own_page(request)
    form = await submitted(request)
    try:
        signed_in = await application.sign_in(
            email=form.one("email"), password=form.one("password")
        )
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await _sign_in_form(request, application, again, status)
    cookie = session_cookie(application, signed_in.secret)
    return see(local_path(form.one("next"), "/"), cookies=(cookie,))


@get("/sign-up", opt=PUBLIC, include_in_schema=False)
async def sign_up_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Ask for a company and its first person.

    Where services run in one trust domain, only sandboxes get any: that choice is made already.
    """
    settings = application.settings
    hosts_live = settings.runtime != "process" or settings.allow_process_for_live
    form = Form() if hosts_live else Form(values={"sandbox": "yes"})
    return await page(request, application, "auth/sign_up.html", "", form=form)


@post("/sign-up", opt=PUBLIC, status_code=303, include_in_schema=False)
async def sign_up(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Create the organisation and its owner, and sign them in."""
    require_own_page(request)
    form = await submitted(request)
    try:
        user_id, _ = await application.sign_up(
            email=form.one("email"),
            password=form.one("password"),
            name=form.one("name"),
            organisation_name=form.one("organisation_name"),
            language=language_of(request),
            sandbox=form.one("sandbox") == "yes",
        )
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await page(request, application, "auth/sign_up.html", "", status=status, form=again)
    signed_in = await application.open_session(user_id)
    return see("/portal", done="created", cookies=(session_cookie(application, signed_in.secret),))


@get("/invitations/{secret:str}", opt=PUBLIC, include_in_schema=False)
async def invitation_page(
    request: PageRequest, secret: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Ask the invited person for a name and a password."""
    invitation = await application.read_invitation(secret)
    return await page(
        request, application, "auth/invitation.html", "", form=Form(), invitation=invitation
    )


@post("/invitations/{secret:str}", opt=PUBLIC, status_code=303, include_in_schema=False)
async def join(
    request: PageRequest, secret: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Let the invited person in."""
    require_own_page(request)
    form = await submitted(request)
    try:
        user_id, tenant_id = await application.join_by_invitation(
            secret=secret,
            name=form.one("name"),
            password=form.one("password"),
            language=language_of(request),
        )
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        invitation = await application.read_invitation(secret)
        return await page(
            request,
            application,
            "auth/invitation.html",
            "",
            status=status,
            form=again,
            invitation=invitation,
        )
    signed_in = await application.open_session(user_id)
    await application.switch_tenant(secret=signed_in.secret, tenant_id=tenant_id)
    return see("/portal", done="joined", cookies=(session_cookie(application, signed_in.secret),))


@post("/sign-out", opt=PUBLIC, status_code=303, include_in_schema=False)
async def sign_out(request: PageRequest, application: NamedDependency[Application]) -> Redirect:
    """End the session."""
    secret = request.scope.get("state", {}).get("session_secret")
    if secret:
        await application.sign_out(secret)
    gone = Cookie(key=SESSION_COOKIE, value="", max_age=0, httponly=True, samesite="lax")
    return see("/sign-in", done="signed_out", cookies=(gone,))


@post(
    "/portal/switch",
    opt={"permission": Permission.CATALOG_READ, "idempotent": False},
    status_code=303,
    include_in_schema=False,
)
async def switch(request: PageRequest, application: NamedDependency[Application]) -> Redirect:
    """Go on in another of one's organisations."""
    secret = request.scope["state"].get("session_secret")
    if not secret:  # a key acts for its one organisation
        raise NotSignedIn
    form = await submitted(request)
    await application.switch_tenant(
        secret=secret,
        tenant_id=TenantId(id_from("ten", form.one("organisation"))),
    )
    return see("/portal", done="switched")

"""Members: who is in, who is invited, and what they may do."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from control_plane.identity.domain import Permission
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import UserId, format_id
from control_plane.tenancy.domain import Role
from web.api.common import choice_from, id_from, principal, tenant
from web.compose import Application
from web.portal import labels
from web.portal.forms import refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.views.people import InvitationRow, MemberRow, MembersView
from web.portal.views.shell import Choice, Form

MANAGE = {"permission": Permission.MEMBERS_MANAGE}


@get("/portal/members", opt={"permission": Permission.TENANT_READ}, include_in_schema=False)
async def members_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Show who is in, and to those who may invite also who is invited."""
    return await _members(request, application, Form())


async def _members(
    request: PageRequest, application: Application, form: Form, status: int = 200
) -> Page:
    tenant_id, you = tenant(request), principal(request)
    async with application.work(tenant_id):
        members = await application.list_members(tenant_id)
        invitations = await application.list_invitations(tenant_id)
        view = MembersView(
            members=tuple(
                MemberRow(
                    user_id=format_id("usr", member.user_id),
                    name=member.name,
                    email=member.email,
                    role=member.role.value,
                    you=member.user_id == you.user_id,
                )
                for member in members
            ),
            invitations=tuple(
                InvitationRow(i.email, i.role.value, i.expires_at) for i in invitations
            ),
            roles=tuple(
                Choice(role.value, labels.ROLES[role.value], role is Role.VIEWER)
                for role in Role
                if role is not Role.OWNER or Role.OWNER in you.roles
            ),
        )
        return await page(
            request,
            application,
            "portal/members.html",
            "members",
            status=status,
            view=view,
            form=form,
        )


@post("/portal/members/invitations", opt=MANAGE, status_code=303, include_in_schema=False)
async def invite(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Invite a person by mail."""
    form = await submitted(request)
    you = principal(request)
    try:
        await application.invite_member(
            tenant_id=tenant(request),
            email=form.one("email"),
            role=choice_from(Role, form.one("role"), field="role"),
            actor=you.actor,
            acting_roles=you.roles,
        )
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await _members(request, application, again, status)
    return see("/portal/members", done="invited")


@post("/portal/members/{user_id:str}/role", opt=MANAGE, status_code=303, include_in_schema=False)
async def change_role(
    request: PageRequest, user_id: FromPath[str], application: NamedDependency[Application]
) -> Redirect:
    """Give a member another role."""
    form = await submitted(request)
    you = principal(request)
    await application.change_member_role(
        tenant_id=tenant(request),
        user_id=UserId(id_from("usr", user_id)),
        role=choice_from(Role, form.one("role"), field="role"),
        actor=you.actor,
        acting_roles=you.roles,
    )
    return see("/portal/members", done="role")


@post("/portal/members/{user_id:str}/removal", opt=MANAGE, status_code=303, include_in_schema=False)
async def remove(
    request: PageRequest, user_id: FromPath[str], application: NamedDependency[Application]
) -> Redirect:
    """Take a member's access away."""
    you = principal(request)
    await application.remove_member(
        tenant_id=tenant(request),
        user_id=UserId(id_from("usr", user_id)),
        actor=you.actor,
        acting_roles=you.roles,
    )
    return see("/portal/members", done="removed")

"""Organisations and who belongs to them."""

from datetime import datetime

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import UserId, format_id
from control_plane.tenancy.domain import Invitation, Member, Organisation, Role
from web.api.common import ApiRequest, choice_from, id_from, principal, tenant
from web.compose import Application


class TenantView(msgspec.Struct):
    """An organisation."""

    id: str
    slug: str
    name: str
    zone: str
    language: str
    currency: str
    sandbox: bool
    state: str
    created_at: datetime


class TenantChange(msgspec.Struct, forbid_unknown_fields=True):
    """What may be changed about an organisation; what is left out stays."""

    name: str | None = None
    language: str | None = None


class MemberView(msgspec.Struct):
    """A person who belongs to the organisation."""

    user_id: str
    email: str
    name: str
    role: str
    joined_at: datetime


class RoleChange(msgspec.Struct, forbid_unknown_fields=True):
    """A member's new role: owner, admin, billing or viewer."""

    role: str


class InvitationRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Whom to invite, and as what."""

    email: str
    role: str = "viewer"


class InvitationView(msgspec.Struct):
    """An invitation that waits for its answer."""

    id: str
    email: str
    role: str
    created_at: datetime
    expires_at: datetime


def tenant_view(organisation: Organisation) -> TenantView:
    """Show an organisation."""
    return TenantView(
        id=format_id("ten", organisation.id),
        slug=organisation.slug,
        name=organisation.name,
        zone=organisation.zone,
        language=organisation.language,
        currency=organisation.currency,
        sandbox=organisation.sandbox,
        state=organisation.state,
        created_at=organisation.created_at,
    )


def member_view(member: Member) -> MemberView:
    """Show a member."""
    return MemberView(
        user_id=format_id("usr", member.user_id),
        email=member.email,
        name=member.name,
        role=member.role.value,
        joined_at=member.joined_at,
    )


def invitation_view(invitation: Invitation) -> InvitationView:
    """Show an invitation, without its secret."""
    return InvitationView(
        id=format_id("ivt", invitation.id),
        email=invitation.email,
        role=invitation.role.value,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
    )


@get("/tenant", opt={"permission": Permission.TENANT_READ})
async def read_tenant(request: ApiRequest, application: NamedDependency[Application]) -> TenantView:
    """Read your organisation."""
    return tenant_view(await application.read_organisation(tenant(request)))


@patch("/tenant", opt={"permission": Permission.TENANT_MANAGE})
async def change_tenant(
    request: ApiRequest, data: JSONBody[TenantChange], application: NamedDependency[Application]
) -> TenantView:
    """Rename your organisation, or change its language."""
    tenant_id = tenant(request)
    await application.update_organisation(
        tenant_id=tenant_id,
        actor=principal(request).actor,
        name=data.name,
        language=data.language,
    )
    return tenant_view(await application.read_organisation(tenant_id))


@get("/members", opt={"permission": Permission.TENANT_READ})
async def list_members(
    request: ApiRequest, application: NamedDependency[Application]
) -> list[MemberView]:
    """List who belongs to your organisation."""
    return [member_view(m) for m in await application.list_members(tenant(request))]


@patch("/members/{user_id:str}", opt={"permission": Permission.MEMBERS_MANAGE})
async def change_role(
    request: ApiRequest,
    user_id: FromPath[str],
    data: JSONBody[RoleChange],
    application: NamedDependency[Application],
) -> list[MemberView]:
    """Give a member another role."""
    tenant_id = tenant(request)
    caller = principal(request)
    await application.change_member_role(
        tenant_id=tenant_id,
        user_id=UserId(id_from("usr", user_id)),
        role=choice_from(Role, data.role, field="role"),
        actor=caller.actor,
        acting_roles=caller.roles,
    )
    return [member_view(m) for m in await application.list_members(tenant_id)]


@delete("/members/{user_id:str}", opt={"permission": Permission.MEMBERS_MANAGE})
async def remove_member(
    request: ApiRequest, user_id: FromPath[str], application: NamedDependency[Application]
) -> None:
    """Take a person out of your organisation."""
    caller = principal(request)
    await application.remove_member(
        tenant_id=tenant(request),
        user_id=UserId(id_from("usr", user_id)),
        actor=caller.actor,
        acting_roles=caller.roles,
    )


@get("/invitations", opt={"permission": Permission.MEMBERS_MANAGE})
async def list_invitations(
    request: ApiRequest, application: NamedDependency[Application]
) -> list[InvitationView]:
    """List the invitations that are open."""
    found = await application.list_invitations(tenant(request))
    return [invitation_view(i) for i in found]


@post("/invitations", opt={"permission": Permission.MEMBERS_MANAGE})
async def invite_member(
    request: ApiRequest,
    data: JSONBody[InvitationRequest],
    application: NamedDependency[Application],
) -> InvitationView:
    """Invite a person by e-mail; the link is valid for seven days."""
    caller = principal(request)
    invitation = await application.invite_member(
        tenant_id=tenant(request),
        email=data.email,
        role=choice_from(Role, data.role, field="role"),
        actor=caller.actor,
        acting_roles=caller.roles,
    )
    return invitation_view(invitation)


@delete("/invitations/{invitation_id:str}", opt={"permission": Permission.MEMBERS_MANAGE})
async def revoke_invitation(
    request: ApiRequest, invitation_id: FromPath[str], application: NamedDependency[Application]
) -> None:
    """Withdraw an open invitation."""
    await application.revoke_invitation(
        tenant_id=tenant(request),
        invitation_id=id_from("ivt", invitation_id),
        actor=principal(request).actor,
    )


router = Router(
    "/v1",
    tags=["Organisation"],
    route_handlers=[
        read_tenant,
        change_tenant,
        list_members,
        change_role,
        remove_member,
        list_invitations,
        invite_member,
        revoke_invitation,
    ],
)

"""Members come by invitation, change and go."""

import asyncio

import pytest

from control_plane.identity.errors import SignInRefused
from control_plane.tenancy.domain import Role
from control_plane.tenancy.errors import (
    AlreadyMember,
    InvitationNotFound,
    LastOwner,
    MemberNotFound,
    OrganisationNotFound,
    OwnersOnly,
)
from control_plane.tenancy.services.list_organisations import ListOrganisations
from control_plane.tenancy.services.read_organisation import ReadOrganisation
from control_plane.tenancy.services.update_organisation import UpdateOrganisation
from tests.support.people import PASSWORD

OWNER = frozenset({Role.OWNER})
ADMIN = frozenset({Role.ADMIN})


@pytest.fixture
async def bella(people):
    return await people.somebody("bella")


async def invited(people, person, email="luigi@example.com", role=Role.VIEWER) -> str:
    invitation = await people.invite(
        tenant_id=person.tenant_id, email=email, role=role, actor="usr_1", acting_roles=OWNER
    )
    return people.links.secret(invitation.id)


async def joined(people, person, role=Role.VIEWER):
    secret = await invited(people, person, role=role)
    user_id, _ = await people.join(secret=secret, name="Luigi", password=PASSWORD)
    return user_id


async def roles(people, person) -> dict[str, Role]:
    return {m.name: m.role for m in await people.list_members(person.tenant_id)}


async def test_somebody_new_joins_by_invitation(people, bella):
    await joined(people, bella, Role.BILLING)

    assert await roles(people, bella) == {"Bella": Role.OWNER, "Luigi": Role.BILLING}
    signed_in = await people.sign_in(email="luigi@example.com", password=PASSWORD)
    assert (await people.by_session(signed_in.secret)).tenant_id == bella.tenant_id


async def test_somebody_known_joins_with_their_password(people, bella):
    luigi = await people.somebody("luigi")
    secret = await invited(people, bella)

    with pytest.raises(SignInRefused):
        await people.join(secret=secret, name="Mallory", password="wrong horse battery")
    await people.join(secret=secret, name="ignored", password=PASSWORD)

    assert await roles(people, bella) == {"Bella": Role.OWNER, "Luigi": Role.VIEWER}
    assert len(await people.memberships(luigi.user_id)) == 2


async def test_an_invitation_is_accepted_once(people, bella):
    secret = await invited(people, bella)
    await people.join(secret=secret, name="Luigi", password=PASSWORD)

    with pytest.raises(InvitationNotFound):
        await people.join(secret=secret, name="Luigi", password=PASSWORD)


async def test_two_who_accept_at_once_make_one_member(people, bella):
    luigi = await people.somebody("luigi")
    secret = await invited(people, bella)

    answers = await asyncio.gather(
        *(people.accept(secret=secret, user_id=luigi.user_id, email=luigi.email) for _ in range(4)),
        return_exceptions=True,
    )

    assert sum(answer == bella.tenant_id for answer in answers) == 1
    assert len(await people.list_members(bella.tenant_id)) == 2


async def test_an_invitation_is_its_addressees_own(people, bella):
    rival = await people.somebody("rival")
    secret = await invited(people, bella)

    with pytest.raises(InvitationNotFound):
        await people.accept(secret=secret, user_id=rival.user_id, email=rival.email)


async def test_an_invitation_lasts_seven_days(people, bella, clock):
    secret = await invited(people, bella)
    clock.advance(days=7)

    with pytest.raises(InvitationNotFound):
        await people.read_invitation(secret)
    assert await people.list_invitations(bella.tenant_id) == ()


async def test_inviting_again_replaces_the_invitation(people, bella):
    old = await invited(people, bella)
    new = await invited(people, bella, role=Role.ADMIN)

    with pytest.raises(InvitationNotFound):
        await people.read_invitation(old)
    assert (await people.read_invitation(new)).role is Role.ADMIN
    assert len(await people.list_invitations(bella.tenant_id)) == 1


async def test_a_revoked_invitation_leads_nowhere(people, bella):
    secret = await invited(people, bella)
    (invitation,) = await people.list_invitations(bella.tenant_id)

    await people.revoke_invitation(
        tenant_id=bella.tenant_id, invitation_id=invitation.id, actor="usr_1"
    )

    with pytest.raises(InvitationNotFound):
        await people.read_invitation(secret)


async def test_nobody_revokes_anothers_invitation(people, bella):
    await invited(people, bella)
    (invitation,) = await people.list_invitations(bella.tenant_id)
    rival = await people.somebody("rival")

    with pytest.raises(InvitationNotFound):
        await people.revoke_invitation(
            tenant_id=rival.tenant_id, invitation_id=invitation.id, actor="usr_2"
        )


async def test_the_database_never_holds_an_invitations_secret(people, bella, admin):
    secret = await invited(people, bella)

    stored = str(
        admin.execute(
            "SELECT (SELECT string_agg(i::text, '') FROM invitations i), "
            "(SELECT string_agg(o::text, '') FROM outbox o), "
            "(SELECT string_agg(a::text, '') FROM audit_entries a)"
        ).fetchone()
    )

    assert "luigi@example.com" in stored
    assert secret not in stored


async def test_a_member_is_not_invited(people, bella):
    with pytest.raises(AlreadyMember):
        await invited(people, bella, email="bella@example.com")


async def test_an_admin_makes_and_unmakes_no_owner(people, bella):
    luigi = await joined(people, bella, Role.ADMIN)
    acting = {"tenant_id": bella.tenant_id, "actor": "usr_1", "acting_roles": ADMIN}

    with pytest.raises(OwnersOnly):
        await people.invite(email="x@example.com", role=Role.OWNER, **acting)
    with pytest.raises(OwnersOnly):
        await people.change_role(user_id=luigi, role=Role.OWNER, **acting)
    with pytest.raises(OwnersOnly):
        await people.change_role(user_id=bella.user_id, role=Role.VIEWER, **acting)
    with pytest.raises(OwnersOnly):
        await people.remove(user_id=bella.user_id, **acting)

    assert await roles(people, bella) == {"Bella": Role.OWNER, "Luigi": Role.ADMIN}


async def test_one_owner_always_stays(people, bella):
    acting = {"tenant_id": bella.tenant_id, "actor": "usr_1", "acting_roles": OWNER}

    with pytest.raises(LastOwner):
        await people.change_role(user_id=bella.user_id, role=Role.ADMIN, **acting)
    with pytest.raises(LastOwner):
        await people.remove(user_id=bella.user_id, **acting)


async def test_two_owners_who_leave_at_once_leave_one(people, bella):
    luigi = await joined(people, bella, Role.OWNER)
    acting = {"tenant_id": bella.tenant_id, "actor": "usr_1", "acting_roles": OWNER}

    answers = await asyncio.gather(
        people.remove(user_id=bella.user_id, **acting),
        people.change_role(user_id=luigi, role=Role.VIEWER, **acting),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, LastOwner) for answer in answers) == 1
    assert list((await roles(people, bella)).values()).count(Role.OWNER) == 1


async def test_who_is_removed_leaves_with_all_sessions(people, bella):
    luigi = await joined(people, bella)
    secret = (await people.sign_in(email="luigi@example.com", password=PASSWORD)).secret
    assert (await people.by_session(secret)).tenant_id == bella.tenant_id

    await people.remove(tenant_id=bella.tenant_id, user_id=luigi, actor="usr_1", acting_roles=OWNER)

    assert (await people.by_session(secret)).tenant_id is None
    assert (await people.by_session(secret)).roles == frozenset()


async def test_a_changed_role_counts_at_once(people, bella):
    luigi = await joined(people, bella)
    secret = (await people.sign_in(email="luigi@example.com", password=PASSWORD)).secret

    await people.change_role(
        tenant_id=bella.tenant_id,
        user_id=luigi,
        role=Role.ADMIN,
        actor="usr_1",
        acting_roles=OWNER,
    )

    assert (await people.by_session(secret)).roles == {Role.ADMIN}


async def test_anothers_member_is_not_found(people, bella):
    rival = await people.somebody("rival")

    with pytest.raises(MemberNotFound):
        await people.change_role(
            tenant_id=bella.tenant_id,
            user_id=rival.user_id,
            role=Role.VIEWER,
            actor="usr_1",
            acting_roles=OWNER,
        )
    assert [m.email for m in await people.list_members(rival.tenant_id)] == [rival.email]


async def test_an_organisation_changes_its_name_and_language_only(people, bella):
    read = ReadOrganisation(people.work)
    update = UpdateOrganisation(people.work)

    await update(tenant_id=bella.tenant_id, actor="usr_1", name="Bella & Sons", language="zh")

    now = await read(bella.tenant_id)
    assert (now.name, now.language, now.zone) == ("Bella & Sons", "zh_CN", "Asia/Shanghai")


async def test_an_unknown_organisation_is_not_found(people, tenant_id, admin):
    admin.execute("DELETE FROM organisations WHERE id = %s", [tenant_id])

    with pytest.raises(OrganisationNotFound):
        await ReadOrganisation(people.work)(tenant_id)


async def test_operators_list_tenants_newest_first(people, staff):
    await people.somebody("bella")
    sandy = await people.somebody("sandy", sandbox=True)
    await people.create_clock(tenant_id=sandy.tenant_id, actor="usr_1")
    listing = ListOrganisations(staff)

    everybody = await listing()
    page = await listing(after=everybody[0].id, limit=1)
    found = await listing(text="SANDY")

    assert [o.name for o in everybody] == ["Sandy Pizza", "Bella Pizza"]
    assert [o.name for o in page] == ["Bella Pizza"]
    assert [(o.name, o.members, o.clock_state) for o in found] == [("Sandy Pizza", 1, "ready")]

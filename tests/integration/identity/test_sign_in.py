"""Signing up, in and out, and how long a session lasts."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from control_plane.identity.domain import PrincipalKind, StaffRole
from control_plane.identity.errors import (
    EmailTaken,
    PasswordTooShort,
    SignInRefused,
)
from control_plane.identity.jobs import PurgeSessions
from control_plane.identity.services.create_staff_user import CreateStaffUser
from control_plane.kernel.zones import UnknownZone
from control_plane.tenancy.domain import Role
from control_plane.tenancy.errors import EmailInvalid, NameInvalid, OrganisationNotFound
from tests.support.people import PASSWORD


def count(admin, table: str) -> int:
    return admin.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


async def test_whoever_signs_up_owns_an_organisation(people):
    person = await people.somebody("bella")
    signed_in = await people.sign_in(email=" Bella@Example.com ", password=PASSWORD)

    principal = await people.by_session(signed_in.secret)

    assert principal.kind is PrincipalKind.USER
    assert (principal.user_id, principal.tenant_id) == (person.user_id, person.tenant_id)
    assert principal.roles == {Role.OWNER}
    assert principal.name == "Bella"


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"email": "bella"}, EmailInvalid),
        ({"password": "short"}, PasswordTooShort),
        ({"name": " "}, NameInvalid),
        ({"organisation_name": ""}, NameInvalid),
        ({"zone": "Asia/Nowhere"}, UnknownZone),
    ],
)
async def test_a_refused_sign_up_stores_nothing(people, admin, wrong, refusal):
    given = {
        "email": "bella@example.com",
        "password": PASSWORD,
        "name": "Bella",
        "organisation_name": "Bella Pizza",
    }

    with pytest.raises(refusal):
        await people.sign_up(**{**given, **wrong})

    assert [count(admin, t) for t in ("users", "organisations", "members")] == [0, 0, 0]


async def test_an_address_signs_up_once(people, admin):
    await people.somebody("bella")

    with pytest.raises(EmailTaken):
        await people.somebody("bella")

    assert [count(admin, t) for t in ("users", "organisations", "members")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("bella@example.com", "wrong horse battery"),
        ("nobody@example.com", PASSWORD),
        ("not an address", PASSWORD),
        ("bella@example.com", ""),
    ],
)
async def test_a_refused_sign_in_tells_nobody_why(people, email, password):
    await people.somebody("bella")

    with pytest.raises(SignInRefused) as refusal:
        await people.sign_in(email=email, password=password)

    assert refusal.value.fields == {}
    assert refusal.value.field is None


async def test_a_session_slides_while_it_is_used(people, clock):
    await people.somebody("bella")
    secret = (await people.sign_in(email="bella@example.com", password=PASSWORD)).secret

    for _ in range(4):
        clock.advance(hours=11)
        assert await people.by_session(secret) is not None

    clock.advance(hours=12)
    assert await people.by_session(secret) is None


async def test_a_session_ends_after_thirty_days_however_much_it_is_used(people, clock):
    await people.somebody("bella")
    signed_in = await people.sign_in(email="bella@example.com", password=PASSWORD)
    assert signed_in.expires_at == clock.now() + timedelta(days=30)

    for _ in range(89):
        clock.advance(hours=8)
        assert await people.by_session(signed_in.secret) is not None

    clock.advance(hours=8)
    assert await people.by_session(signed_in.secret) is None


async def test_signing_out_ends_that_session_only(people):
    await people.somebody("bella")
    one, two = [
        (await people.sign_in(email="bella@example.com", password=PASSWORD)).secret
        for _ in range(2)
    ]

    await people.sign_out(one)

    assert await people.by_session(one) is None
    assert await people.by_session(two) is not None


async def test_no_secret_is_stored(people, admin):
    await people.somebody("bella")
    secret = (await people.sign_in(email="bella@example.com", password=PASSWORD)).secret

    stored = str(admin.execute("SELECT s::text, u::text FROM sessions s, users u").fetchall())

    assert secret not in stored
    assert secret.removeprefix("tyn_") not in stored
    assert PASSWORD not in stored


async def test_expired_sessions_are_cleared_away(people, admin, clock):
    await people.somebody("bella")
    await people.sign_in(email="bella@example.com", password=PASSWORD)
    clock.advance(hours=12)
    await people.sign_in(email="bella@example.com", password=PASSWORD)

    assert await PurgeSessions(people.auth, clock).run() == 1
    assert count(admin, "sessions") == 1


async def test_a_weak_hash_is_replaced_at_the_next_sign_in(people, admin, production_cost):
    await people.somebody("bella")
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    admin.execute("UPDATE users SET password_hash = %s", [weak])

    await people.sign_in(email="bella@example.com", password=PASSWORD)

    stored = admin.execute("SELECT password_hash FROM users").fetchone()[0]
    assert stored != weak
    assert not production_cost.check_needs_rehash(stored)
    assert await people.sign_in(email="bella@example.com", password=PASSWORD)


async def test_a_person_switches_between_their_own_organisations_only(people):
    person = await people.somebody("bella")
    second = await people.create_organisation(user_id=person.user_id, name="Second Shop")
    stranger = await people.somebody("rival")
    secret = (await people.sign_in(email=person.email, password=PASSWORD)).secret

    await people.switch_tenant(secret=secret, tenant_id=second)
    with pytest.raises(OrganisationNotFound):
        await people.switch_tenant(secret=secret, tenant_id=stranger.tenant_id)

    assert (await people.by_session(secret)).tenant_id == second
    listed = await people.memberships(person.user_id)
    assert [m.tenant_id for m in listed] == [person.tenant_id, second]


async def test_a_closed_organisation_admits_nobody(people, admin):
    person = await people.somebody("bella")
    _, key = await people.create_key(
        tenant_id=person.tenant_id, name="till", scopes=["read"], by=person.principal
    )
    secret = (await people.sign_in(email=person.email, password=PASSWORD)).secret

    admin.execute("UPDATE organisations SET state = 'closed'")

    assert (await people.by_session(secret)).tenant_id is None
    assert await people.by_key(key) is None


async def test_staff_sign_in_without_a_tenant(people, database, clock):
    create = CreateStaffUser(database, clock)
    await create(
        email="finn@vendor.example",
        password=PASSWORD,
        name="Finn",
        staff_roles=[StaffRole.FINANCE],
        language="zh-CN",
    )

    secret = (await people.sign_in(email="finn@vendor.example", password=PASSWORD)).secret
    principal = await people.by_session(secret)

    assert principal.tenant_id is None
    assert principal.roles == frozenset()
    assert principal.staff_roles == {StaffRole.FINANCE}
    assert principal.language == "zh_CN"


async def test_a_person_chooses_their_language(people):
    await people.somebody("bella")
    secret = (await people.sign_in(email="bella@example.com", password=PASSWORD)).secret

    await people.change_language(secret=secret, language="zh-CN")

    assert (await people.by_session(secret)).language == "zh_CN"

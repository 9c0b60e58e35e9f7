"""API keys of customers and tokens of module instances."""

from datetime import timedelta

import pytest

from control_plane.identity.domain import Scope
from control_plane.identity.errors import (
    ApiKeyNotFound,
    ExpiryInvalid,
    ScopesBeyondOwn,
    ScopesInvalid,
)
from control_plane.identity.keys import active_key_grants, service_grants
from control_plane.kernel.ids import ApiKeyId, InstanceId, new_id
from control_plane.tenancy.errors import NameInvalid


@pytest.fixture
async def bella(people):
    return await people.somebody("bella")


async def key(people, person, *scopes, **options):
    return await people.create_key(
        tenant_id=person.tenant_id,
        name="till",
        scopes=scopes or ["read"],
        by=person.principal,
        **options,
    )


def messages(admin) -> list[str]:
    return [row[0] for row in admin.execute("SELECT topic FROM outbox ORDER BY id").fetchall()]


async def test_a_key_opens_its_own_tenant_with_its_scopes(people, bella):
    key_id, secret = await key(people, bella, Scope.READ, Scope.EVENTS_WRITE)

    principal = await people.by_key(secret)

    assert secret.startswith("tyk_")
    assert (principal.tenant_id, principal.key_id) == (bella.tenant_id, key_id)
    assert principal.scopes == {"read", "events:write"}


async def test_a_key_is_shown_once_and_stored_as_its_hash(people, bella, admin):
    _, secret = await key(people, bella)

    stored = str(admin.execute("SELECT k::text FROM api_keys k").fetchall())
    (listed,) = await people.list_keys(bella.tenant_id)

    assert secret not in stored
    assert secret.startswith(listed.prefix)
    assert len(listed.prefix) == 10


async def test_a_revoked_key_opens_nothing(people, bella, admin):
    key_id, secret = await key(people, bella)

    await people.revoke_key(tenant_id=bella.tenant_id, key_id=key_id, actor="usr_1")
    await people.revoke_key(tenant_id=bella.tenant_id, key_id=key_id, actor="usr_1")

    assert await people.by_key(secret) is None
    assert messages(admin) == ["entitlements.changed"] * 2


async def test_nobody_revokes_anothers_key(people, bella):
    key_id, secret = await key(people, bella)
    rival = await people.somebody("rival")

    with pytest.raises(ApiKeyNotFound):
        await people.revoke_key(tenant_id=rival.tenant_id, key_id=key_id, actor="usr_2")
    with pytest.raises(ApiKeyNotFound):
        await people.revoke_key(tenant_id=bella.tenant_id, key_id=ApiKeyId(new_id()), actor="usr_2")

    assert await people.by_key(secret) is not None


async def test_a_key_expires_in_real_time_for_a_live_tenant(people, bella, clock):
    _, secret = await key(people, bella, expires_at=clock.now() + timedelta(hours=1))
    assert await people.by_key(secret) is not None

    clock.advance(hours=1)

    assert await people.by_key(secret) is None


async def test_a_key_expires_on_the_test_clock_of_a_sandbox(people, clock, admin):
    sandy = await people.somebody("sandy", sandbox=True)
    await people.create_clock(tenant_id=sandy.tenant_id, actor="usr_1", at=clock.now())
    _, secret = await key(people, sandy, expires_at=clock.now() + timedelta(hours=1))

    clock.advance(hours=2)
    assert await people.by_key(secret) is not None

    admin.execute("UPDATE test_clocks SET now_at = now_at + interval '1 hour'")
    assert await people.by_key(secret) is None


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"scopes": []}, ScopesInvalid),
        ({"scopes": ["read", "root"]}, ScopesInvalid),
        ({"name": ""}, NameInvalid),
        ({"name": "x" * 101}, NameInvalid),
    ],
)
async def test_a_refused_key_is_not_stored(people, bella, admin, wrong, refusal):
    given = {"name": "till", "scopes": ["read"], "by": bella.principal}

    with pytest.raises(refusal):
        await people.create_key(tenant_id=bella.tenant_id, **{**given, **wrong})

    assert admin.execute("SELECT count(*) FROM api_keys").fetchone() == (0,)


async def test_a_key_cannot_be_born_expired(people, bella, clock):
    with pytest.raises(ExpiryInvalid):
        await key(people, bella, expires_at=clock.now())


async def test_a_key_makes_no_stronger_key(people, bella):
    _, secret = await key(people, bella, Scope.WRITE)
    principal = await people.by_key(secret)

    with pytest.raises(ScopesBeyondOwn):
        await people.create_key(
            tenant_id=bella.tenant_id,
            name="more",
            scopes=["write", "inventory:write"],
            by=principal,
        )

    assert await people.create_key(
        tenant_id=bella.tenant_id, name="same", scopes=["write"], by=principal
    )


async def test_snapshots_learn_of_active_keys_only(people, bella, work, clock):
    soon = clock.now() + timedelta(hours=1)
    kept, _ = await key(people, bella, Scope.INVENTORY_WRITE, Scope.INVENTORY_READ)
    revoked, _ = await key(people, bella)
    await key(people, bella, expires_at=soon)
    await people.revoke_key(tenant_id=bella.tenant_id, key_id=revoked, actor="usr_1")

    async with work(bella.tenant_id) as session:
        grants = await active_key_grants(session, bella.tenant_id, soon)

    assert [(g.id, g.scopes) for g in grants] == [(kept, ("inventory:read", "inventory:write"))]


async def test_a_token_is_bound_to_tenant_instance_and_scopes(people, bella):
    instance = InstanceId(new_id())
    secret = await people.issue_token(
        tenant_id=bella.tenant_id, instance_id=instance, module="outbound", scopes=["ledger:post"]
    )

    principal = await people.by_token(secret)

    assert secret.startswith("tys_")
    assert (principal.tenant_id, principal.instance_id) == (bella.tenant_id, instance)
    assert principal.name == "outbound"
    assert principal.scopes == {"ledger:post"}


async def test_a_stopped_instance_loses_every_token(people, bella, work):
    instance, other = InstanceId(new_id()), InstanceId(new_id())
    issue = {"tenant_id": bella.tenant_id, "module": "outbound"}
    old = await people.issue_token(instance_id=instance, **issue)
    new = await people.issue_token(instance_id=instance, **issue)
    kept = await people.issue_token(instance_id=other, **issue)

    assert await people.revoke_tokens(tenant_id=bella.tenant_id, instance_id=instance) == 2
    assert await people.revoke_tokens(tenant_id=bella.tenant_id, instance_id=instance) == 0

    assert [await people.by_token(secret) for secret in (old, new)] == [None, None]
    assert await people.by_token(kept) is not None
    async with work(bella.tenant_id) as session:
        assert [g.instance_id for g in await service_grants(session, bella.tenant_id)] == [other]


async def test_one_kind_of_secret_is_not_taken_for_another(people, bella):
    _, api_key = await key(people, bella)
    token = await people.issue_token(
        tenant_id=bella.tenant_id, instance_id=InstanceId(new_id()), module="outbound"
    )

    assert await people.by_key(token) is None
    assert await people.by_token(api_key) is None
    assert await people.by_session(api_key) is None
    assert await people.by_key("tyk_") is None

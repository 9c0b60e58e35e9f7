"""What a process remembers of API keys, for a second: never what a clock or a revocation ends."""

import asyncio
from datetime import timedelta

import pytest

from control_plane.identity.known_keys import KNOWN_SECONDS, KnownKeys
from control_plane.identity.lookups import KeyFound
from control_plane.identity.secret_texts import secret_hash
from tests.support.people import People


@pytest.fixture
async def bella(people):
    return await people.somebody("bella")


async def key(people, person, **options):
    return await people.create_key(
        tenant_id=person.tenant_id,
        name="till",
        scopes=["read"],
        by=person.principal,
        **options,
    )


def revoke(people, person, key_id):
    return people.revoke_key(tenant_id=person.tenant_id, key_id=key_id, actor="usr_1")


async def test_a_revocation_elsewhere_is_heeded_after_a_second(people, bella, database, clock):
    here, elsewhere = people, People(database, clock)
    key_id, secret = await key(elsewhere, bella)
    assert await here.by_key(secret) is not None
    await revoke(elsewhere, bella, key_id)

    assert await elsewhere.by_key(secret) is None
    clock.advance(seconds=KNOWN_SECONDS / 2)
    assert await here.by_key(secret) is not None  # as said, and no longer than that
    clock.advance(seconds=KNOWN_SECONDS / 2)
    assert await here.by_key(secret) is None


async def test_who_asks_anew_is_told_of_a_revocation_elsewhere_at_once(
    people, bella, database, clock
):
    here, elsewhere = people, People(database, clock)
    key_id, secret = await key(elsewhere, bella)
    assert await here.by_key(secret) is not None
    await revoke(elsewhere, bella, key_id)

    assert await here.by_key(secret) is not None
    assert await here.by_key(secret, fresh=True) is None


async def test_being_used_keeps_nothing_known_for_longer(people, bella, admin, clock):
    _, secret = await key(people, bella)
    assert await people.by_key(secret) is not None
    admin.execute("UPDATE api_keys SET revoked_at = now()")

    for _ in range(3):
        assert await people.by_key(secret) is not None
        clock.advance(seconds=KNOWN_SECONDS / 3)

    clock.advance(seconds=KNOWN_SECONDS / 1000)
    assert await people.by_key(secret) is None


async def test_a_revocation_is_heeded_once_it_is_committed(people, bella):
    key_id, secret = await key(people, bella)

    async with people.work(bella.tenant_id):
        await revoke(people, bella, key_id)
        assert await people.by_key(secret) is not None  # not yet, and remembered again

    assert await people.by_key(secret) is None


async def test_a_revocation_that_is_taken_back_ends_nothing(people, bella):
    key_id, secret = await key(people, bella)

    with pytest.raises(ZeroDivisionError):
        async with people.work(bella.tenant_id):
            await revoke(people, bella, key_id)
            raise ZeroDivisionError

    assert await people.by_key(secret) is not None


async def test_a_key_that_expires_is_asked_for_each_time(people, bella, admin, clock):
    _, secret = await key(people, bella, expires_at=clock.now() + timedelta(days=1))
    assert await people.by_key(secret) is not None

    admin.execute("UPDATE api_keys SET revoked_at = now()")

    assert await people.by_key(secret) is None


async def test_a_sandboxs_key_is_asked_for_each_time(people, admin):
    sandy = await people.somebody("sandy", sandbox=True)
    _, secret = await key(people, sandy)
    assert await people.by_key(secret) is not None

    admin.execute("UPDATE api_keys SET revoked_at = now()")

    assert await people.by_key(secret) is None


async def test_a_secret_that_opens_nothing_is_asked_for_each_time(people, bella, admin):
    key_id, secret = await key(people, bella)
    await revoke(people, bella, key_id)
    assert await people.by_key(secret) is None

    admin.execute("UPDATE api_keys SET revoked_at = NULL")

    assert await people.by_key(secret) is not None


async def test_what_was_asked_before_a_revocation_is_not_remembered_after_it(bella, clock):
    known = KnownKeys(clock)

    async def revoked_meanwhile():
        known.forget(secret_hash("tyk_1"))
        return KeyFound(bella.principal, lasting=True)

    async def gone():
        return None

    await known.find(secret_hash("tyk_1"), revoked_meanwhile)

    assert await known.find(secret_hash("tyk_1"), gone) is None


async def test_only_so_many_keys_are_known_and_the_oldest_is_asked_for_again(bella, clock):
    known = KnownKeys(clock, most=3)
    asked = []

    async def find(name):
        async def look_up():
            asked.append(name)
            return KeyFound(bella.principal, lasting=True)

        await known.find(name, look_up)

    for name in ("one", "two", "three", "one", "four"):
        await find(name)
    for name in ("two", "three", "four", "one"):
        await find(name)

    assert asked == ["one", "two", "three", "four", "one"]


class Slow:
    """A look-up that answers when it is told to, and counts how often it was asked."""

    def __init__(self, principal):
        self.found = KeyFound(principal, lasting=True)
        self.asked = 0
        self.gate = asyncio.Event()

    async def __call__(self):
        self.asked += 1
        found = self.found
        await self.gate.wait()
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def slow(bella):
    return Slow(bella.principal)


async def asking(known, look_up):
    """Somebody who asks, and waits by now."""
    task = asyncio.create_task(known.find("one", look_up))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


async def test_who_asks_together_is_answered_by_one_look_up(bella, clock, slow):
    known = KnownKeys(clock)
    tasks = [await asking(known, slow) for _ in range(5)]
    slow.gate.set()

    assert await asyncio.gather(*tasks) == [bella.principal] * 5
    assert slow.asked == 1


async def test_who_goes_away_takes_nobodys_answer_along(bella, clock, slow):
    known = KnownKeys(clock)
    first, second = [await asking(known, slow) for _ in range(2)]
    first.cancel()
    slow.gate.set()

    assert await second == bella.principal
    assert first.cancelled()


async def test_a_look_up_that_fails_fails_for_all_who_waited_and_is_tried_again(bella, clock, slow):
    known = KnownKeys(clock)
    slow.found = OSError("away")
    tasks = [await asking(known, slow) for _ in range(2)]
    slow.gate.set()

    failures = await asyncio.gather(*tasks, return_exceptions=True)
    slow.found = KeyFound(bella.principal, lasting=True)

    assert [str(failure) for failure in failures] == ["away", "away"]
    assert await known.find("one", slow) == bella.principal
    assert slow.asked == 2


async def test_after_a_revocation_nobody_is_answered_by_a_look_up_from_before(clock, slow):
    known = KnownKeys(clock)
    before = await asking(known, slow)
    known.forget("one")
    slow.found = None
    after = await asking(known, slow)
    slow.gate.set()

    assert await before is not None
    assert await after is None
    assert await known.find("one", slow) is None


async def test_nobody_is_answered_by_a_look_up_that_began_a_second_ago(clock, slow):
    known = KnownKeys(clock)
    early = await asking(known, slow)
    slow.found = None  # revoked by another process, which tells nobody here
    clock.advance(seconds=KNOWN_SECONDS)
    late = await asking(known, slow)
    slow.gate.set()

    assert await late is None
    assert await early is not None
    assert await known.find("one", slow) is None


async def test_what_a_clock_ends_is_judged_by_each_ones_own_instant(bella, clock, slow):
    known = KnownKeys(clock)
    slow.found = KeyFound(bella.principal, lasting=False)

    async def over():
        return None

    early = await asking(known, slow)
    late = await asking(known, over)
    slow.gate.set()

    assert await early is not None
    assert await late is None

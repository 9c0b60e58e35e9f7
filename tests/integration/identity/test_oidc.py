"""Signing in through a company's identity provider, which runs as a process of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from control_plane.identity.errors import (
    OidcAccountExists,
    OidcEmailUnverified,
    OidcLinkedElsewhere,
    OidcRefused,
    OidcUnavailable,
    SignInRefused,
)
from control_plane.identity.oidc import OidcAnswer, OidcLogin
from control_plane.identity.oidc_provider import OidcProvider
from control_plane.kernel.clock import FakeClock, SystemClock
from tests.support.oidc_peer import oidc_peer
from tests.support.people import PASSWORD, People
from tests.support.ports import free_port

CALLBACK = "https://tallyard.test/oidc/callback"


@pytest.fixture(scope="module")
def peer():
    with oidc_peer() as running:
        yield running


@pytest.fixture
def clock():
    """The provider lives in real time, so tokens are judged near it."""
    return FakeClock(SystemClock().now())


@pytest.fixture
def people(database, clock) -> People:
    return People(database, clock)


@pytest.fixture
def login(people, peer, clock) -> OidcLogin:
    provider = OidcProvider(peer.issuer, "tallyard", "client secret", CALLBACK, clock)
    return OidcLogin(
        provider,
        people.auth,
        people.work,
        clock,
        people.create_organisation,
        people.open_session,
    )


@contextmanager
def refused(reason: str) -> Iterator[None]:
    with pytest.raises(OidcRefused) as refusal:
        yield
    assert reason in str(refusal.value.fields["reason"])


async def sign_in(login, peer, subject="emp-1", **options):
    start = await login.start()
    answer = OidcAnswer(**peer.browse(start.url, subject))
    return await login.finish(answer, state_cookie=start.state, **options)


async def test_somebody_new_gets_an_organisation_of_their_own(login, peer, people):
    signed_in = await sign_in(login, peer, language="zh-CN")

    principal = await people.by_session(signed_in.secret)
    assert principal.email == "li.lei@example.com"
    assert (principal.name, principal.language) == ("李雷", "zh_CN")
    assert [m.name for m in await people.memberships(principal.user_id)] == ["李雷"]


async def test_the_same_person_comes_back_as_the_same_user(login, peer, admin):
    first = await sign_in(login, peer)
    second = await sign_in(login, peer)

    assert first.user_id == second.user_id
    assert first.secret != second.secret
    assert admin.execute("SELECT count(*) FROM users").fetchone() == (1,)


@pytest.mark.parametrize("subject", ["emp-2", "emp-4"])
async def test_an_address_nobody_vouches_for_makes_no_account(login, peer, admin, subject):
    """emp-4 has no address at all, not even when the provider is asked again for claims."""
    with pytest.raises(OidcEmailUnverified):
        await sign_in(login, peer, subject)

    assert admin.execute("SELECT count(*) FROM users").fetchone() == (0,)


async def test_an_account_is_not_taken_over_but_linked_by_its_owner(login, peer, people):
    bella = await people.somebody("bella")

    with pytest.raises(OidcAccountExists):
        await sign_in(login, peer, "emp-3")

    await sign_in(login, peer, "emp-3", signed_in_as=bella.user_id)
    assert (await sign_in(login, peer, "emp-3")).user_id == bella.user_id
    assert await people.sign_in(email="bella@example.com", password=PASSWORD)


async def test_an_identity_belongs_to_one_account(login, peer, people):
    await sign_in(login, peer)
    other = await people.somebody("bella")

    with pytest.raises(OidcLinkedElsewhere):
        await sign_in(login, peer, signed_in_as=other.user_id)


async def test_whoever_came_that_way_has_no_password(login, peer, people):
    await sign_in(login, peer)

    with pytest.raises(SignInRefused):
        await people.sign_in(email="li.lei@example.com", password="")


async def test_an_answer_for_another_browser_is_refused(login, peer):
    start, other = await login.start(), await login.start()
    answer = OidcAnswer(**peer.browse(start.url, "emp-1"))

    for cookie in (other.state, ""):
        with refused("did not begin in this browser"):
            await login.finish(answer, state_cookie=cookie)


async def test_an_answer_counts_once(login, peer):
    start = await login.start()
    answer = OidcAnswer(**peer.browse(start.url, "emp-1"))
    await login.finish(answer, state_cookie=start.state)

    with refused("used before"):
        await login.finish(answer, state_cookie=start.state)


async def test_a_login_that_took_too_long_is_refused(login, peer, clock):
    start = await login.start()
    answer = OidcAnswer(**peer.browse(start.url, "emp-1"))
    clock.advance(minutes=10)

    with refused("too long"):
        await login.finish(answer, state_cookie=start.state)


async def test_a_stolen_code_is_worth_nothing_in_another_login(login, peer, admin):
    """The nonce ties the identity token to the login that asked for it."""
    victim, thief = await login.start(), await login.start()
    stolen = OidcAnswer(**peer.browse(victim.url, "emp-1"))

    with refused("identity token"):
        await login.finish(replace(stolen, state=thief.state), state_cookie=thief.state)

    assert admin.execute("SELECT count(*) FROM users").fetchone() == (0,)


async def test_a_made_up_code_is_refused(login):
    start = await login.start()

    with refused("refused the code"):
        await login.finish(OidcAnswer("made-up", start.state), state_cookie=start.state)


async def test_saying_no_at_the_provider_signs_nobody_in(login, peer):
    start = await login.start()
    answer = peer.browse(start.url, "emp-1", deny=True)

    with refused("access_denied"):
        await login.finish(
            OidcAnswer("", start.state, error=answer["error"]), state_cookie=start.state
        )


async def test_an_answer_that_names_another_issuer_is_refused(login, peer):
    start = await login.start()
    answer = OidcAnswer(**peer.browse(start.url, "emp-1"), issuer="https://evil.example")

    with refused("another provider"):
        await login.finish(answer, state_cookie=start.state)


async def test_an_expired_token_is_refused(login, peer):
    later = FakeClock(SystemClock().now())
    later.advance(hours=2)
    stale = replace(login, provider=replace(login.provider, clock=later))

    with refused("identity token"):
        await sign_in(stale, peer)


async def test_a_token_for_another_client_is_refused(login, peer):
    start = await login.start()
    answer = OidcAnswer(**peer.browse(start.url, "emp-1"))
    other = replace(login, provider=replace(login.provider, client_id="somebody-else"))

    with pytest.raises(OidcRefused):
        await other.finish(answer, state_cookie=start.state)


async def test_a_provider_that_is_down_says_so(login):
    nowhere = f"http://127.0.0.1:{free_port()}"
    down = replace(login, provider=replace(login.provider, issuer=nowhere))

    with pytest.raises(OidcUnavailable):
        await down.start()


async def test_a_provider_under_another_name_is_refused(login, peer):
    shouted = peer.issuer.replace("127.0.0.1", "LOCALHOST")
    renamed = replace(login, provider=replace(login.provider, issuer=shouted))

    with refused("calls itself"):
        await renamed.start()


async def test_every_login_proves_its_code_with_pkce(login):
    start = await login.start()

    assert "code_challenge_method=S256" in start.url
    assert "code_challenge=" in start.url
    assert "nonce=" in start.url

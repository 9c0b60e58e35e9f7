"""Passwords, secrets and form tokens."""

import pytest

from control_plane.identity.csrf import csrf_token, csrf_valid
from control_plane.identity.errors import PasswordTooLong, PasswordTooShort
from control_plane.identity.passwords import checked_password, hash_password, verify_password
from control_plane.identity.secret_texts import API_KEY, new_secret, secret_hash, shown_prefix


async def test_a_password_fits_its_own_hash_only(production_cost):
    stored = await hash_password("correct horse battery")

    # RFC 9106, section 4: the second choice, for where memory is scarce.
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await verify_password(stored, "correct horse battery")
    assert not await verify_password(stored, "correct horse batterz")


async def test_a_password_typed_on_another_keyboard_still_fits():
    stored = await hash_password(checked_password("pa\u0308sswo\u0308rter"))

    assert await verify_password(stored, "p\u00e4ssw\u00f6rter")


async def test_nobody_has_no_password():
    assert not await verify_password(None, "correct horse battery")


async def test_a_broken_hash_admits_nobody():
    assert not await verify_password("not a hash", "correct horse battery")


@pytest.mark.parametrize(
    ("password", "refusal"), [("ninechars", PasswordTooShort), ("x" * 1001, PasswordTooLong)]
)
def test_passwords_have_a_length(password, refusal):
    with pytest.raises(refusal) as caught:
        checked_password(password)

    assert password not in str(caught.value)


def test_a_secret_holds_256_bits_and_shows_little():
    one, two = new_secret(API_KEY), new_secret(API_KEY)

    assert one != two
    assert len(one) == len(API_KEY) + 43
    assert len(shown_prefix(one)) == 10
    assert secret_hash(one) != secret_hash(two)
    assert len(secret_hash(one)) == 64


def test_a_form_token_fits_one_session_and_one_server():
    token = csrf_token("key", "session")

    assert csrf_valid("key", "session", token)
    assert not csrf_valid("key", "another session", token)
    assert not csrf_valid("another key", "session", token)
    assert not csrf_valid("key", "session", "密")

"""Signatures, pauses and addresses of webhooks: values in, values out."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.kernel.ids import TenantId
from control_plane.notifications.templates import template_names
from control_plane.notifications.webhooks.domain import EndpointKind
from control_plane.notifications.webhooks.errors import (
    RobotSecretInvalid,
    RobotUrlInvalid,
    WebhookAddressPrivate,
    WebhookEventsInvalid,
    WebhookUrlInvalid,
)
from control_plane.notifications.webhooks.events import EventType
from control_plane.notifications.webhooks.guard import Guard, is_public
from control_plane.notifications.webhooks.robots import for_people, template_of
from control_plane.notifications.webhooks.schedule import JITTER, MOST_TRIES, pause_after
from control_plane.notifications.webhooks.services.editing import (
    checked_events,
    checked_robot_secret,
)
from control_plane.notifications.webhooks.signing import dingtalk_url, new_secret, signature
from control_plane.runtime.sealing import SealBroken, Sealer
from control_plane.tenancy.domain import Organisation

ORGANISATION = Organisation(
    id=TenantId(UUID(int=1)),
    slug="bella",
    name="Bella",
    zone="Asia/Shanghai",
    language="en",
    currency="CNY",
    sandbox=False,
    state="active",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def test_the_signature_is_that_of_the_specification_s_reference():
    # The vector of the libraries of Standard Webhooks.
    said = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )

    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secrets_are_as_long_as_the_specification_asks_and_never_the_same():
    made = {new_secret() for _ in range(50)}

    assert len(made) == 50
    assert all(one.startswith("whsec_") and len(one) == 6 + 44 for one in made)


def test_a_robot_s_address_keeps_its_token_and_gains_time_and_signature():
    url = dingtalk_url("https://oapi.dingtalk.com/robot/send?access_token=X", "SECx", 1614265330000)

    head, _, sign = url.partition("&sign=")
    assert head == ("https://oapi.dingtalk.com/robot/send?access_token=X&timestamp=1614265330000")
    assert sign.endswith("%3D")


def test_the_pauses_grow_and_span_about_a_day():
    pauses = [pause_after(n, jitter=1000) for n in range(1, MOST_TRIES + 1)]

    assert pauses[:4] == [timedelta(seconds=s) for s in (5, 15, 45, 135)]
    assert pauses[-1] is None
    known = [pause for pause in pauses if pause is not None]
    assert known == sorted(known)
    assert timedelta(hours=20) < sum(known, timedelta()) < timedelta(hours=26)


@given(st.integers(1, MOST_TRIES - 1), st.sampled_from(JITTER), st.integers(0, 10**6))
def test_a_pause_is_never_shorter_than_asked_for_nor_longer_than_a_fifth_more(
    tries, jitter, seconds
):
    asked = timedelta(seconds=seconds)
    pause = pause_after(tries, jitter=jitter, asked=asked)

    assert pause is not None
    assert min(asked, timedelta(hours=6)) <= pause <= timedelta(hours=6) * 1.2
    assert pause >= timedelta(seconds=4)


PRIVATE = """127.0.0.1 127.8.8.8 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254
0.0.0.0 100.64.0.1 192.0.0.8 198.18.0.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
::1 :: fe80::1 fe80::1%eth0 fc00::1 fd00::1 ff02::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1
64:ff9b::a00:1 2001::1 2002:7f00:1:: 2001:db8::1 64:ff9b:1::1""".split()


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_the_internet_s_is_not_called(address):
    assert not is_public(address)
    assert not Guard().permits(address)
    assert Guard(allow_private=True).permits(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_an_address_of_the_internet_is_called(address):
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "refusal"),
    [
        ("http://example.com/x", WebhookUrlInvalid),
        ("ftp://example.com", WebhookUrlInvalid),
        ("https://", WebhookUrlInvalid),
        ("https://me:secret@example.com/", WebhookUrlInvalid),
        ("https://example.com/#part", WebhookUrlInvalid),
        ("https://example.com:99999/", WebhookUrlInvalid),
        ("https://example.com/a b", WebhookUrlInvalid),
        ("https://example.com/" + "x" * 2_000, WebhookUrlInvalid),
        ("https://[::1/", WebhookUrlInvalid),
        ("https://例え.example/", WebhookUrlInvalid),
        ("https://127.0.0.1/", WebhookAddressPrivate),
        ("https://[::1]/", WebhookAddressPrivate),
        ("https://169.254.169.254/latest/meta-data", WebhookAddressPrivate),
        ("https://localhost/", WebhookAddressPrivate),
        ("https://printer.local/", WebhookAddressPrivate),
        ("https://intranet/", WebhookAddressPrivate),
    ],
)
def test_an_address_that_cannot_be_called_is_refused_at_once(url, refusal):
    with pytest.raises(refusal):
        Guard().require_url(EndpointKind.STANDARD, url)


def test_robots_live_where_their_makers_say():
    ding = "https://oapi.dingtalk.com/robot/send?access_token=1"
    wecom = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1"

    assert Guard().require_url(EndpointKind.DINGTALK, ding) == ding
    assert Guard().require_url(EndpointKind.WECOM, wecom) == wecom
    for kind, url in (
        (EndpointKind.DINGTALK, wecom),
        (EndpointKind.WECOM, "https://example.com/?key=1"),
    ):
        with pytest.raises(RobotUrlInvalid):
            Guard().require_url(kind, url)


def test_events_are_chosen_from_those_there_are():
    assert checked_events(["invoice.paid", "entitlements.changed", "invoice.paid"]) == (
        "entitlements.changed",
        "invoice.paid",
    )
    for wrong in ([], ["invoice.eaten"], ["webhook.test"]):
        with pytest.raises(WebhookEventsInvalid):
            checked_events(wrong)


@pytest.mark.parametrize("secret", ["", "abc", "SEC\x00", "SEC" + "x" * 300, "SEC密"])
def test_a_dingtalk_robot_without_its_secret_is_refused(secret):
    with pytest.raises(RobotSecretInvalid):
        checked_robot_secret(EndpointKind.DINGTALK, secret)


def test_every_type_of_event_has_words_for_robots():
    assert {template_of(event) for event in [*EventType, "webhook.test"]} <= template_names()


def test_a_sealed_text_opens_for_its_own_row_and_key_only():
    sealer = Sealer("key", "webhooks")
    sealed = sealer.seal("whsec_x", b"row")

    assert sealer.open(sealed, b"row") == "whsec_x"
    assert sealer.seal("whsec_x", b"row") != sealed
    for other, row in (
        (sealer, b"other"),
        (Sealer("another", "webhooks"), b"row"),
        (Sealer("key", "else"), b"row"),
    ):
        with pytest.raises(SealBroken):
            other.open(sealed, row)
    with pytest.raises(SealBroken):
        sealer.open(b"", b"row")


@pytest.mark.parametrize(("code", "said"), [("CNY", "10.05"), ("JPY", "1005"), ("KWD", "1.005")])
def test_robots_say_amounts_with_the_decimals_of_their_currency(code, said):
    told = for_people({"currency": code, "total_minor": 1005}, ORGANISATION)

    assert told["total_minor"] == said

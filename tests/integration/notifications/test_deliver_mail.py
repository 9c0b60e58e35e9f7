"""From a use case's request to the message in the mailbox."""

import re
import string

import pytest

from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import OutboxId, new_id
from control_plane.notifications.adapters.files import FileMailer
from control_plane.notifications.adapters.memory import MemoryMailer
from control_plane.notifications.adapters.smtp import SmtpMailer
from control_plane.notifications.choose import choose_mailer
from control_plane.notifications.errors import TemplateFieldMissing, TemplateNotFound
from control_plane.notifications.handler import DeliverMail
from control_plane.notifications.templates import _load, render, template_names
from control_plane.runtime.outbox import OutboxRelay
from control_plane.runtime.settings import Settings
from control_plane.runtime.topics import MAIL_REQUESTED
from control_plane.tenancy.domain import LANGUAGES, Role
from tests.support.people import PASSWORD


async def test_an_invitation_travels_from_request_to_membership(people, system):
    bella = await people.somebody("bella")
    await people.invite(
        tenant_id=bella.tenant_id,
        email="luigi@example.com",
        role=Role.BILLING,
        actor="usr_1",
        acting_roles=frozenset({Role.OWNER}),
    )
    mailer = MemoryMailer()
    # The outbox stamps messages with the database's real time.
    clock = SystemClock()
    relay = OutboxRelay(system, {MAIL_REQUESTED: DeliverMail(mailer, people.links)}, clock)
    await relay.run_once()

    (mail,) = mailer.sent
    assert (mail.to, mail.subject) == ("luigi@example.com", "Join Bella Pizza on Tallyard")
    found = re.search(r"https://tallyard\.test/invitations/(\S+)", mail.body)
    assert found is not None
    await people.join(secret=found[1], name="Luigi", password=PASSWORD)
    members = await people.list_members(bella.tenant_id)
    assert [(m.name, m.role) for m in members][1:] == [("Luigi", Role.BILLING)]


async def test_a_message_delivered_again_keeps_its_id(people):
    mailer = MemoryMailer()
    deliver = DeliverMail(mailer, people.links)
    payload = {
        "to": "luigi@example.com",
        "template": "invoice_issued",
        "fields": {
            "number": "2026-0001",
            "total": "1999.00",
            "currency": "CNY",
            "organisation": "Bella Pizza",
            "link": "https://tallyard.test/portal",
        },
        "language": "zh_CN",
    }
    tenant_id, delivery = new_id(), OutboxId(new_id())

    await deliver(tenant_id, payload, delivery)
    await deliver(tenant_id, payload, delivery)

    (mail,) = mailer.sent
    assert mail.subject == "账单 2026-0001:1999.00 CNY".replace(":", "\uff1a")


@pytest.mark.parametrize("template", sorted(template_names()))
def test_every_message_says_the_same_in_every_language(template):
    def placeholders(language: str) -> set[str]:
        words = _load(template, language)
        assert words is not None, f"{template} is not written in {language}"
        assert words.subject.strip()
        text = words.subject + words.body
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert len({frozenset(placeholders(language)) for language in LANGUAGES}) == 1


def test_a_language_nobody_speaks_falls_back_to_english():
    fields = {"organisation": "Bella Pizza", "link": "x"}

    assert render("invitation", "tlh", fields) == render("invitation", "en", fields)


def test_a_message_nobody_wrote_is_refused():
    with pytest.raises(TemplateNotFound):
        render("../invitation", "en", {})


def test_a_message_that_lacks_a_field_is_refused():
    with pytest.raises(TemplateFieldMissing) as refusal:
        render("invitation", "en", {"organisation": "Bella Pizza"})

    assert refusal.value.fields["name"] == "link"


def test_the_settings_choose_how_messages_leave(tmp_path, clock):
    assert isinstance(choose_mailer(Settings(var_dir=tmp_path), clock), FileMailer)
    assert isinstance(choose_mailer(Settings(smtp_host="mail.test"), clock), SmtpMailer)

"""Webhook endpoints in the shell: added, listed, disabled, and what was sent sent again."""

import pytest

from control_plane.kernel.ids import TenantId, format_id, new_id, parse_id
from tests.integration.cli.shell import Shell
from tests.support.api import open_site

URL = "https://hooks.example.com/tallyard"


@pytest.fixture
async def site(settings, clock):
    async with open_site(settings, clock) as opened:
        yield opened


@pytest.fixture
async def bella(site):
    return await site.company("Bella Pizza")


@pytest.fixture
def webhooks(tallyard: Shell, bella):
    """The verb, on one company."""

    def call(verb, *arguments):
        return tallyard("webhooks", verb, bella.tenant_id, *arguments)

    return call


def test_an_endpoint_is_added_listed_disabled_and_enabled(webhooks):
    named = ("--description", "Warehouse screen")
    added = webhooks("add", URL, "--event", "invoice.issued", "--event", "invoice.paid", *named)
    assert added.status == 0, added.err
    endpoint, secret = added.lines
    assert (endpoint[:4], secret[:6]) == ("whe_", "whsec_")

    (line,) = webhooks("list").lines
    assert line.startswith(f"{endpoint}  standard  enabled  0 pending, 0 delivered, 0 dead  ")
    assert line.endswith(f"invoice.issued,invoice.paid  {URL}  Warehouse screen")
    assert secret not in line

    assert webhooks("disable", endpoint).lines == [f"{endpoint} is disabled."]
    assert "  disabled (person)  " in webhooks("list").lines[0]
    assert webhooks("enable", endpoint).lines == [f"{endpoint} is enabled."]
    assert "  enabled  " in webhooks("list").lines[0]


async def test_what_died_is_listed_and_sent_again(webhooks, site, bella, admin):
    owner = TenantId(parse_id("ten", bella.tenant_id))
    added = webhooks("add", URL, "--event", "invoice.issued")
    (found,) = await site.application.list_webhooks(owner)
    for _ in range(2):
        await site.application.test_webhook(
            tenant_id=owner, endpoint_id=found.endpoint.id, actor="usr_1"
        )
    admin.execute("UPDATE webhook_deliveries SET state = 'dead', ended_at = next_at")

    dead = webhooks("deliveries", "--state", "dead", "--webhook", added.lines[0]).lines
    assert ["  webhook.test  dead  0 attempts  -  " in line for line in dead] == [True, True]
    last = webhooks("deliveries", "--after", dead[0].split()[0], "--limit", "1").lines
    assert last == dead[1:]

    one = webhooks("replay", dead[0].split()[0])
    assert "  webhook.test  pending  " in one.lines[0], one.err
    assert webhooks("replay", added.lines[0]).lines == ["1 sent again"]
    assert webhooks("replay", added.lines[0]).lines == ["0 sent again"]
    assert len(webhooks("deliveries", "--state", "pending").lines) == 2
    actors = {e.actor for e in await site.application.list_audit(owner) if "webhook" in e.action}
    assert "cli" in actors


def test_what_cannot_be_called_is_refused_and_nothing_is_sent_to_what_is_disabled(webhooks):
    private = webhooks("add", "https://127.0.0.1/hook", "--event", "invoice.issued")
    assert private.status == 1
    assert "127.0.0.1" in private.err
    unknown = webhooks("add", URL, "--event", "invoice.eaten")
    assert unknown.status == 2

    endpoint = webhooks("add", URL, "--event", "invoice.issued").lines[0]
    webhooks("disable", endpoint)
    refused = webhooks("replay", endpoint)
    assert refused.status == 1
    assert endpoint in refused.err


def test_a_robot_s_secret_is_read_from_a_file(webhooks, tmp_path):
    kept = tmp_path / "secret"
    kept.write_text("SECabcdef\n")
    robot = "https://oapi.dingtalk.com/robot/send?access_token=abc"
    told = ("--event", "invoice.issued", "--kind", "dingtalk", "--secret-file", str(kept))

    added = webhooks("add", robot, *told)

    assert added.status == 0, added.err
    assert len(added.lines) == 1
    assert "abc" not in webhooks("list").out


@pytest.mark.parametrize(
    ("verb", "more"), [("list", ()), ("add", (URL, "--event", "invoice.paid")), ("deliveries", ())]
)
def test_an_organisation_that_does_not_exist_is_refused(tallyard: Shell, site, verb, more):
    refused = tallyard("webhooks", verb, format_id("ten", TenantId(new_id())), *more)

    assert (refused.status, refused.out) == (1, "")
    assert "There is no such organisation." in refused.err

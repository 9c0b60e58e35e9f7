"""Documents explained, in English and Chinese; headings dated."""

from datetime import date
from decimal import Decimal

import pytest

from billing.domain.assembling import assemble
from billing.domain.documents.body import invoice_body
from billing.domain.documents.heading import Heading, Kind, Party
from billing.domain.explain import MESSAGES, explain_lines
from billing.messages import translator
from control_plane.catalog.policies import DEFAULTS
from control_plane.kernel.calendar import Interval
from control_plane.kernel.ids import TenantId, new_id
from control_plane.subscriptions.domain import ChangePlan
from tests.support.billing import CNY, SCALE, SHANGHAI, at, changed, started
from tests.support.bodies import sample_bodies
from tests.support.convergence import MemoryBilling

START = at("2026-01-10T02:00:00")
CHANGED = at("2026-01-25T06:00:00")


def heading(due_at=CHANGED) -> Heading:
    return Heading(
        kind=Kind.INVOICE,
        number="TY-2026-000042",
        tenant_id=TenantId(new_id()),
        seller=Party("Tallyard", "live"),
        buyer=Party("贝拉披萨", "bella"),
        currency=CNY,
        zone=SHANGHAI,
        due_at=due_at,
        part=0,
    )


def upgrade() -> dict[str, object]:
    """The invoice of an upgrade at mid-period: usage, and the new plan's days."""
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), CHANGED)
    billing = MemoryBilling(quantity=lambda _: Decimal(7234))
    billing.close([timeline], CHANGED)
    lines = billing.issued[-1][1].lines
    return invoice_body(heading(), assemble(lines, policies=DEFAULTS))


def test_every_step_of_a_line_is_explained_with_its_values():
    usage, fee = explain_lines(upgrade(), "en", translator("en"))

    assert [step.text for step in usage.steps] == [
        "Measured: 7,234 lines; events: 1.",
        "Included: ≈967.741935 (2,000 by 15 of 31 days). Left to be charged: ≈6,266.258065.",
        "Tier 1, above 0 up to 5,000: 5,000 at 0.05 each, 250.",
        "Tier 2, above 5,000: ≈1,266.258065 at 0.03 each, ≈37.987742.",
        "Rounded once: ≈287.987742 becomes 287.99.",
    ]
    assert usage.steps[1].values["included"] == "30000/31"
    assert [step.kind for step in fee.steps] == ["prorated"]
    assert fee.amount_minor == 206400
    assert (fee.first_day, fee.last_day) == ("2026-01-25", "2026-02-09")


def test_explanations_speak_chinese():
    usage, *_ = explain_lines(upgrade(), "zh_CN", translator("zh_CN"))

    assert usage.title.startswith("Growth 中文")
    assert usage.steps[0].text == "计量：7,234 行，事件 1 条。"


@pytest.mark.parametrize("message", MESSAGES.values())
def test_every_word_has_a_chinese_form(message):
    translated = translator("zh_CN")(message)

    assert translated != message


def test_an_invoice_is_dated_by_the_local_day_it_fell_due():
    late_evening = at("2026-01-31T17:00:00")

    assert heading(late_evening).dated == date(2026, 2, 1)


@pytest.mark.parametrize("name", sorted(sample_bodies()))
def test_the_sums_of_a_body_are_those_of_its_lines(name):
    body = sample_bodies()[name]
    lines = body["lines"]

    assert body["subtotal_minor"] == sum(line["amount_minor"] for line in lines)
    assert body["net_minor"] == sum(line["net_minor"] for line in lines)
    assert body["tax_minor"] == sum(line["tax_minor"] for line in lines)
    assert body["tax_minor"] == sum(group["tax_minor"] for group in body["taxes"])
    assert body["total_minor"] == body["net_minor"] + body["tax_minor"]


def test_a_heading_is_read_back_from_its_manifest():
    written = heading()

    assert Heading.from_inputs(written.inputs()) == written

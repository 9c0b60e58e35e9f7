"""Legal entities and rates, published from a file."""

from datetime import date
from pathlib import Path

import pytest

from billing.errors_tax import EntityInUse, EntityNotAllowed, EntityNotFound, TaxFileInvalid
from billing.services.tax.apply_tax_sheet import ApplyTaxSheet
from billing.services.tax.assign_entity import AssignEntity
from billing.services.tax.read_tax import ReadTax
from billing.tax_desk import TaxDesk
from billing.tax_sheet import read_tax_sheet
from control_plane.tenancy.clocks import TenantClock
from tests.unit.billing.tax.sheet_fault_cases import CASES

EXAMPLE = Path("docs/billing/tax.example.yaml").read_text(encoding="utf-8")


@pytest.fixture
def apply(database, clock):
    return ApplyTaxSheet(database, clock)


async def test_the_example_is_published_and_then_changes_nothing(apply, staff):
    first = await apply(EXAMPLE)
    again = await apply(EXAMPLE)

    tables = await ReadTax(staff)()
    assert {change.effect for change in first} == {"added"}
    assert again == []
    assert [e.code for e in tables.entities] == [
        "berlin", "delaware", "live", "sandbox", "seoul", "shanghai", "tokyo",
    ]  # fmt: skip
    untaxed = [e.code for e in tables.entities if e.tax is None]
    assert untaxed == ["delaware", "live", "sandbox"]


async def test_a_dry_run_tells_and_stores_nothing(apply, staff):
    told = await apply(EXAMPLE, dry_run=True)

    assert len(told) == 5 + 14
    assert (await ReadTax(staff)()).rates == ()


@pytest.mark.parametrize(
    ("entity", "category", "day", "percent"),
    [
        ("shanghai", "standard", date(2026, 1, 10), 6),
        ("shanghai", "goods", date(2026, 1, 10), 13),
        ("shanghai", "leasing", date(2026, 1, 10), 9),
        ("berlin", "standard", date(2020, 6, 30), 19),
        ("berlin", "standard", date(2020, 12, 31), 16),
        ("berlin", "reduced", date(2026, 1, 10), 7),
        ("tokyo", "standard", date(2026, 1, 10), 10),
        ("seoul", "standard", date(2026, 1, 10), 10),
    ],
)
async def test_the_examples_entities_tax_at_their_rates(
    apply, work, tenant_id, entity, category, day, percent
):
    await apply(EXAMPLE)
    async with work(tenant_id) as session:
        found = await TaxDesk("T").treatments(session, tenant_id, entity, day, [category, ""])

    assert {name: t.rate for name, t in found.items()} == {category: percent}


async def test_an_entity_without_tax_settings_charges_none(apply, work, tenant_id):
    await apply(EXAMPLE)
    async with work(tenant_id) as session:
        for entity in ("live", "sandbox", "delaware"):
            found = await TaxDesk("T").treatments(
                session, tenant_id, entity, date(2026, 1, 1), ["standard"]
            )
            assert found == {}


async def test_a_corrected_rate_is_a_later_revision(apply, staff, work, tenant_id):
    await apply(EXAMPLE)
    changed = await apply(
        EXAMPLE.replace('category: goods, rate: "13"', 'category: goods, rate: "12.5"')
    )

    revisions = [
        (r.rate, r.revision)
        for r in (await ReadTax(staff)()).rates
        if (r.jurisdiction, r.category) == ("CN", "goods")
    ]
    assert [change.effect for change in changed] == ["changed"]
    assert revisions == [(13, 1), (12.5, 2)]


@pytest.mark.parametrize(("fault", "source", "place"), CASES)
def test_every_fault_is_told_with_its_place(fault, source, place):
    with pytest.raises(TaxFileInvalid) as refused:
        read_tax_sheet(source)

    assert refused.value.problems[0].code == fault.name.lower()
    assert str(refused.value.problems[0]).startswith(place)


def test_a_rate_is_defined_once():
    row = '{jurisdiction: CN, category: a, rate: "1", from: 2020-01-01}'
    with pytest.raises(TaxFileInvalid, match="1 problem"):
        read_tax_sheet(f"rates: [{row}, {row}]")


async def test_a_wrong_file_changes_nothing(apply, staff):
    with pytest.raises(TaxFileInvalid):
        await apply(EXAMPLE + "  - {jurisdiction: CN}\n")

    assert (await ReadTax(staff)()).rates == ()


async def test_what_documents_were_numbered_by_stays(apply, admin):
    await apply("entities: [{code: live, prefix: LV, name: New name}]")
    admin.execute("INSERT INTO invoice_numbers (entity, year, last) VALUES ('live', 2026, 1)")

    await apply("entities: [{code: live, prefix: LV, name: Newer name}]")
    with pytest.raises(EntityInUse):
        await apply("entities: [{code: live, prefix: TZ}]")
    with pytest.raises(EntityInUse):
        await apply("entities: [{code: live, prefix: LV, sandbox: true}]")


async def test_a_customer_is_billed_by_the_entity_it_was_given(
    apply, work, clock, tenant_id, admin
):
    await apply(EXAMPLE)
    assign = AssignEntity(work, TenantClock(clock))

    await assign(tenant_id=tenant_id, entity="shanghai", actor="usr_test")
    with pytest.raises(EntityNotAllowed):
        await assign(tenant_id=tenant_id, entity="sandbox", actor="usr_test")
    with pytest.raises(EntityNotFound):
        await assign(tenant_id=tenant_id, entity="nowhere", actor="usr_test")

    rows = admin.execute("SELECT entity FROM billing_accounts").fetchall()
    assert rows == [("shanghai",)]

"""The ledger balances because PostgreSQL refuses anything else."""

import psycopg
import pytest

from control_plane.kernel.ids import new_id
from tests.support.billing_world import World


@pytest.fixture
async def invoice(world: World, tenant_id):
    await world.subscribe(tenant_id)
    [found] = await world.invoices(tenant_id)
    return found.summary.id


def head(admin, tenant_id, invoice):
    transaction = new_id()
    admin.execute(
        "INSERT INTO ledger_transactions (tenant_id, id, kind, business_key, invoice_id, "
        "booked_at, booked_on) VALUES (%s, %s, 'payment', %s, %s, now(), '2026-01-10')",
        [tenant_id, transaction, str(transaction), invoice],
    )
    return transaction


def entry(admin, tenant_id, transaction, position, currency, amount):
    admin.execute(
        "INSERT INTO ledger_entries VALUES (%s, %s, %s, 'cash', %s, %s)",
        [tenant_id, transaction, position, currency, amount],
    )


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [("CNY", 1)],
        [("CNY", 100), ("CNY", -99)],
        [("CNY", 100), ("USD", -100)],
    ],
)
async def test_an_unbalanced_transaction_is_impossible(admin, tenant_id, invoice, entries):
    with (
        pytest.raises(psycopg.errors.IntegrityError, match="does not balance"),
        admin.transaction(),
    ):
        transaction = head(admin, tenant_id, invoice)
        for position, (currency, amount) in enumerate(entries):
            entry(admin, tenant_id, transaction, position, currency, amount)


async def test_a_balanced_transaction_is_kept(admin, tenant_id, invoice):
    with admin.transaction():
        transaction = head(admin, tenant_id, invoice)
        entry(admin, tenant_id, transaction, 1, "CNY", 100)
        entry(admin, tenant_id, transaction, 2, "CNY", -100)

    kept = "SELECT count(*) FROM ledger_entries WHERE transaction_id = %s"
    assert admin.execute(kept, [transaction]).fetchone() == (2,)


async def test_an_entry_cannot_be_added_to_a_transaction_later(admin, tenant_id, invoice):
    [(transaction,)] = admin.execute("SELECT id FROM ledger_transactions").fetchall()

    with pytest.raises(psycopg.errors.IntegrityError, match="does not balance"):
        entry(admin, tenant_id, transaction, 9, "CNY", 5)


async def test_postings_are_never_changed(admin, tenant_id, invoice):
    with pytest.raises(psycopg.errors.RestrictViolation):
        admin.execute("UPDATE ledger_entries SET amount_minor = 1")
    with pytest.raises(psycopg.errors.RestrictViolation):
        admin.execute("DELETE FROM invoice_lines")


async def test_the_tenant_role_cannot_edit_an_issued_invoice(world: World, tenant_id, invoice):
    from sqlalchemy import text
    from sqlalchemy.exc import ProgrammingError

    with pytest.raises(ProgrammingError, match="permission denied"):
        async with world.work(tenant_id) as session:
            await session.execute(text("UPDATE invoices SET total_minor = 0"))


async def test_books_that_disagree_are_found(world: World, admin, tenant_id, invoice):
    assert await world.check_books(tenant_id) == []
    admin.execute(
        "UPDATE invoices SET total_minor = total_minor + 1, net_minor = net_minor + 1, "
        "due_minor = due_minor + 1"
    )

    rules = [finding.rule for finding in await world.check_books(tenant_id)]

    assert rules == [
        "invoice differs from the sum of its lines",
        "document's body differs from its row",
        "invoice was not posted as issued",
        "receivable differs from what is open on an invoice",
        "deferred and recognised revenue differ from what was invoiced",
    ]


async def test_an_account_that_is_not_in_the_chart_is_refused(admin, tenant_id, invoice):
    with pytest.raises(psycopg.errors.CheckViolation), admin.transaction():
        transaction = head(admin, tenant_id, invoice)
        admin.execute(
            "INSERT INTO ledger_entries VALUES (%s, %s, 1, 'petty_cash', 'CNY', 1)",
            [tenant_id, transaction],
        )

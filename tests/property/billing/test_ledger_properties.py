"""Every event of billing posts a transaction that balances."""

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.ledger import (
    Account,
    body_entries,
    credit_applied_entries,
    credit_note_entries,
    invoice_entries,
    is_balanced,
    merged,
    payment_entries,
    prepaid_expired_entries,
    prepaid_topup_entries,
    prepaid_used_entries,
    prepayment_invoice_entries,
    recognition_entries,
    recovery_entries,
    refund_entries,
    void_entries,
    write_off_entries,
)
from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.money import Money

CNY = CURRENCIES["CNY"]
amounts = st.integers(0, 10**12).map(lambda minor: Money(minor, CNY))


def held(entries, account):
    return sum(e.amount.minor for e in entries if e.account is account)


@given(amounts, amounts, st.fractions(0, 1))
def test_a_credit_note_undoes_its_part_of_the_invoice(net, tax, share):
    total = net + tax
    lowered = total.scale(share)
    note = credit_note_entries(net, tax, to_receivable=lowered, to_credit=total - lowered)
    assert is_balanced(note)
    together = merged(invoice_entries(net, tax), note)
    assert held(together, Account.DEFERRED_REVENUE) == held(together, Account.TAX_PAYABLE) == 0
    assert held(together, Account.CUSTOMER_CREDIT) == -(total - lowered).minor


@given(amounts, amounts)
def test_every_posting_balances(one, other):
    postings = [
        invoice_entries(one, other),
        void_entries(one, other, to_receivable=one + other),
        payment_entries(one + other, to_credit=other),
        credit_applied_entries(one),
        prepaid_topup_entries(one),
        prepayment_invoice_entries(one, other),
        prepaid_used_entries(one + other, other),
        prepaid_expired_entries(one),
        write_off_entries(one),
        recovery_entries(one),
        recognition_entries({Account.REVENUE_FEES: one, Account.REVENUE_USAGE: -other}),
        *(refund_entries(one, a) for a in (Account.REFUNDS, Account.CUSTOMER_CREDIT)),
    ]
    assert all(is_balanced(posting) for posting in postings)
    assert all(entry.amount.minor for posting in postings for entry in posting)


@given(amounts, amounts, st.fractions(0, 1), st.fractions(0, 1))
def test_a_body_posts_what_is_to_be_paid_as_receivable(net, tax, credit, prepaid):
    total = net + tax
    applied = [total.scale(credit / 2), total.scale(prepaid / 2)]
    body = {
        "currency": "CNY",
        "net_minor": net.minor,
        "tax_minor": tax.minor,
        "applied": [
            {"kind": "credit_note", "reference": "CN-1", "amount_minor": applied[0].minor},
            {
                "kind": "prepaid",
                "reference": "wallet",
                "amount_minor": applied[1].minor,
                "taxes": [{"tax_minor": applied[1].scale(prepaid).minor}],
            },
        ],
    }
    entries = body_entries(body)
    assert is_balanced(entries)
    due = total - applied[0] - applied[1]
    assert held(entries, Account.RECEIVABLE) == due.minor
    assert held(entries, Account.DEFERRED_REVENUE) == -net.minor

"""A title keeps a document's number in one piece, and nothing else of it."""

import pytest

from web.portal.filters import unbroken


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Invoice INV-2026-000001", 'Invoice <span class="nowrap">INV-2026-000001</span>'),
        ("贷记单INV-2026-1", '贷记单<span class="nowrap">INV-2026-1</span>'),
        ("Half-yearly fees, 3 of them", "Half-yearly fees, 3 of them"),
    ],
)
def test_a_number_is_not_broken_at_its_hyphens(title, shown):
    assert unbroken(title) == shown


def test_a_customers_name_stays_text():
    assert unbroken("<b>A-1</b>") == '&lt;b&gt;<span class="nowrap">A-1</span>&lt;/b&gt;'

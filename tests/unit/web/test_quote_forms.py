"""What a quote's form expects of the plan's meters."""

from decimal import Decimal
from types import SimpleNamespace

import pytest

from billing.domain.life.errors import ExpectedUsageNegative
from web.portal.forms import Submitted
from web.portal.quote_asked import _usage

CHARGES = (SimpleNamespace(meter="lines"), SimpleNamespace(meter=None))
LISTED = SimpleNamespace(price=SimpleNamespace(charges=CHARGES))


def test_usage_is_expected_of_the_chosen_plans_meters_only():
    form = Submitted({"u.lines": ["12.5"], "u.calls": ["7"]})

    assert _usage(form, LISTED) == {"lines": Decimal("12.5")}
    assert _usage(Submitted({"u.lines": [""]}), LISTED) == {}


def test_less_than_none_is_told_at_its_field():
    with pytest.raises(ExpectedUsageNegative) as refused:
        _usage(Submitted({"u.lines": ["-1"]}), LISTED)

    assert refused.value.field == "u.lines"

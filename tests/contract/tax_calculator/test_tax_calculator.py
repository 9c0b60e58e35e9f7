"""What every tax calculator must do."""

import pytest

from billing.domain.tax.errors import TaxRateMissing
from tests.support.taxation import sale


async def test_every_category_asked_for_is_answered(calculator):
    found = await calculator.treatments(sale("CN", "CN"), ["standard", "service"])

    assert {name: treatment.rate for name, treatment in found.items()} == {
        "standard": 13,
        "service": 6,
    }


async def test_the_same_sale_has_the_same_answer(calculator):
    wanted = sale("DE", "FR", business=True)

    assert await calculator.treatments(wanted, ["standard"]) == await calculator.treatments(
        wanted, ["standard"]
    )


async def test_what_crosses_a_border_needs_no_rate(calculator):
    found = await calculator.treatments(sale("DE", "CH"), ["standard"])

    assert (found["standard"].code, found["standard"].rate) == ("G", 0)


async def test_a_missing_rate_is_refused(calculator):
    with pytest.raises(TaxRateMissing):
        await calculator.treatments(sale("CN", "CN"), ["standard", "gold"])


async def test_no_category_has_no_treatment(calculator):
    assert await calculator.treatments(sale("CN", "CN"), []) == {}

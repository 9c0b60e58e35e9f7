"""The customer's own order numbers, as documents print them."""

from billing.domain.groups.errors import PurchaseOrderInvalid

LONGEST = 50


def normal_purchase_order(value: str | None) -> str | None:
    """Return a number with single spaces, or None for nothing.

    Raises:
        PurchaseOrderInvalid: it is too long or not printable.
    """
    number = " ".join((value or "").split())
    if len(number) > LONGEST or not number.isprintable():
        raise PurchaseOrderInvalid(value=number[:LONGEST], most=LONGEST, field="purchase_order")
    return number or None

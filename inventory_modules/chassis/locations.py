"""Where goods can be. Virtual locations stand for the outside world and may go below zero."""

STOCK = "stock"
VIRTUAL = ("supplier", "customer", "loss", "transit", "production")
VIRTUAL_SQL = ", ".join(f"'{name}'" for name in VIRTUAL)


def is_virtual(location: str) -> bool:
    """Whether a location stands for the outside world."""
    return location in VIRTUAL

"""Why the ledger may refuse a posting; documents raise and keep the same refusals."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from control_plane.kernel.errors import ErrorKind, TallyardError
from inventory_modules.chassis.errors import ManyErrors


@dataclass(frozen=True, slots=True)
class Shortage:
    """One line that cannot be taken: quantities are decimal texts."""

    line: int
    sku: str
    requested: str
    available: str


class LineShort(TallyardError):
    """One line asks for more than there is."""

    code = "line_short"
    kind = ErrorKind.CONFLICT
    message = "{sku}: {requested} asked for, {available} available."
    remedy = "Lower the quantity, or receive more of {sku} first."


class InsufficientStock(ManyErrors):
    """A posting would take more of an item than is on hand; nothing of it was posted."""

    code = "insufficient_stock"
    kind = ErrorKind.CONFLICT
    message = "There is not enough stock for {count} of the lines; nothing was posted."
    remedy = "Receive the missing goods or lower the quantities, then post a new document."

    def __init__(self, *, shortages: Sequence[Shortage]) -> None:
        self.shortages = tuple(shortages)
        causes = [
            LineShort(
                field=f"lines[{short.line}].quantity",
                value=short.requested,
                sku=short.sku,
                requested=short.requested,
                available=short.available,
            )
            for short in shortages
        ]
        super().__init__(causes=causes, count=len(causes))

    def facts(self) -> dict[str, Any]:
        """What a caller needs to build the same refusal again."""
        return {"code": self.code, "shortages": [asdict(short) for short in self.shortages]}


class BalanceOutOfRange(TallyardError):
    """A balance would leave the range that is stored exactly."""

    code = "balance_out_of_range"
    kind = ErrorKind.CONFLICT
    message = "The posting would move a balance beyond what can be stored exactly."
    remedy = "Check the quantities."

    def facts(self) -> dict[str, Any]:
        """What a caller needs to build the same refusal again."""
        return {"code": self.code}


StockRefusal = InsufficientStock | BalanceOutOfRange


def refusal_from(facts: Mapping[str, Any]) -> StockRefusal | None:
    """Build the refusal that ``facts`` describes, or ``None`` if it describes none."""
    if facts.get("code") == InsufficientStock.code:
        return InsufficientStock(shortages=[Shortage(**short) for short in facts["shortages"]])
    if facts.get("code") == BalanceOutOfRange.code:
        return BalanceOutOfRange()
    return None

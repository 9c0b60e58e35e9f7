"""Where a fapiao stands, and where it may go from there."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Colour(StrEnum):
    """A blue fapiao charges; a red one takes back, and is tied to exactly one blue one."""

    BLUE = "blue"
    RED = "red"


class FapiaoState(StrEnum):
    """A fapiao's life, as far as we know it."""

    REQUESTED = "requested"
    """Asked for, not yet handed to the platform."""
    SUBMITTED = "submitted"
    """Handed over, or perhaps handed over: the platform is asked before it is sent again."""
    ISSUED = "issued"
    """It has its number."""
    FAILED = "failed"
    """The platform refused it for good; it may be asked for again."""
    WITHDRAWN = "withdrawn"
    """Given up after a failure; its invoices are free for another."""
    AWAITING_BUYER = "awaiting_buyer"
    """The red confirmation sheet (红字信息确认单) waits for the buyer."""
    CONFIRMED = "confirmed"
    """The sheet stands, so that the red fapiao can be issued."""
    REFUSED = "refused"
    """The buyer refused the sheet, or let it lapse."""


_S = FapiaoState
_BLUE = {
    _S.REQUESTED: {_S.SUBMITTED},
    _S.SUBMITTED: {_S.ISSUED, _S.FAILED},
    _S.FAILED: {_S.REQUESTED, _S.WITHDRAWN},
}
_RED = {
    _S.REQUESTED: {_S.SUBMITTED},
    _S.SUBMITTED: {_S.AWAITING_BUYER, _S.CONFIRMED, _S.ISSUED, _S.FAILED, _S.REFUSED},
    _S.AWAITING_BUYER: {_S.CONFIRMED, _S.ISSUED, _S.REFUSED, _S.FAILED},
    _S.CONFIRMED: {_S.ISSUED, _S.FAILED},
    _S.FAILED: {_S.REQUESTED, _S.WITHDRAWN},
    _S.REFUSED: {_S.REQUESTED, _S.WITHDRAWN},
}
_MOVES: Final[Mapping[Colour, Mapping[FapiaoState, set[FapiaoState]]]] = MappingProxyType(
    {Colour.BLUE: _BLUE, Colour.RED: _RED}
)

IN_FLIGHT: Final = frozenset({_S.SUBMITTED, _S.AWAITING_BUYER, _S.CONFIRMED})
"""The platform knows more than we do: it is asked again."""

STOPPED: Final = frozenset({_S.FAILED, _S.REFUSED})
"""Nothing happens any more until a person decides."""


def may_move(colour: Colour, before: FapiaoState, after: FapiaoState) -> bool:
    """Tell whether a fapiao of that colour may go from one state to another."""
    return after in _MOVES[colour].get(before, ())

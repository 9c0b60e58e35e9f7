"""The shares of cost centres in a document's lines: of the net, exact to the minor unit."""

from collections.abc import Mapping, Sequence
from typing import Any

from billing.domain.assembling import BilledLine, NoteLine
from billing.domain.groups.splitting import CentreUsage, Split, split_back, split_line
from control_plane.kernel.money import Money


def invoiced_shares(line: BilledLine) -> dict[str, Any]:
    """Return what a body says of an invoice line's centres; nothing where none is named."""
    centres: Sequence[CentreUsage] = getattr(line.source, "centres", ())
    return _body(split_line(line.net, centres))


def credited_shares(line: NoteLine, already: Mapping[str, int]) -> dict[str, Any]:
    """Return what goes back to the centres, ``already`` being what earlier notes gave each."""
    charged: Sequence[Split] = getattr(line.of.source, "charged", ())
    return _body(split_back(line.net, charged, already))


def read_shares(line: Mapping[str, Any], zero: Money) -> tuple[Split, ...]:
    """Read the shares of a body's line; ``zero`` is of its currency."""
    return tuple(Split.from_body(said, zero) for said in line.get("cost_centres", ()))


def _body(shares: Sequence[Split]) -> dict[str, Any]:
    return {"cost_centres": [share.body() for share in shares]} if shares else {}

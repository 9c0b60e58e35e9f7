"""How a customer sorts its invoices by cost centre, and whose each line is by that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.domain.groups.splitting import MOST_CENTRES, CentreUsage
from billing.domain.rating import InvoiceLine
from control_plane.catalog.domain import Charge, ChargeKind, Text, Timing
from control_plane.kernel.exact import EXACT
from metering.domain.usage import UsageGroup


@dataclass(frozen=True, slots=True)
class CentreTerms:
    """What names a cost centre: a property of events, a subscription's own, one for the rest.

    ``property`` is a member of the events' data; ``subscriptions`` are the centres of whole
    subscriptions, by id.
    """

    property: str | None = None
    default: str | None = None
    subscriptions: Mapping[UUID, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Tell whether anything is sorted at all."""
        return bool(self.property or self.default or self.subscriptions)

    def of(self, subscription_id: UUID) -> str:
        """Return the centre of what names none itself; empty for none."""
        return self.subscriptions.get(subscription_id) or self.default or ""

    def body(self, subscriptions: Iterable[UUID] | None = None) -> dict[str, Any]:
        """Write the terms as JSON values: all, or as far as some subscriptions are concerned."""
        wanted = set(self.subscriptions if subscriptions is None else subscriptions)
        said: dict[str, Any] = {
            "property": self.property,
            "default": self.default,
            "subscriptions": {
                str(key): centre
                for key, centre in sorted(self.subscriptions.items(), key=str)
                if key in wanted
            },
        }
        return {name: value for name, value in said.items() if value}

    @classmethod
    def from_body(cls, said: Mapping[str, Any]) -> "CentreTerms":
        """Read back what `body` wrote."""
        own = {UUID(key): centre for key, centre in said.get("subscriptions", {}).items()}
        return cls(said.get("property"), said.get("default"), own)


NO_CENTRES = CentreTerms()


def grouping_charge(charge: Charge, named: str) -> Charge:
    """Return a charge that counts the same events as another, by a property of theirs."""
    return Charge(
        code="cost_centres",
        kind=ChargeKind.PER_UNIT,
        timing=Timing.ARREARS,
        name=Text(en="Cost centres", zh="成本中心"),
        meter=charge.meter,
        unit_price=Decimal(0),
        group_by=(named,),
        filters=charge.filters,
    )


def of_centres(
    line: InvoiceLine, terms: CentreTerms, used: Sequence[UsageGroup] | None
) -> InvoiceLine:
    """Return a line that knows whose it is.

    Args:
        line: what is invoiced.
        terms: how the customer sorts.
        used: the usage behind the line by the property of its events; None for what has none.
    """
    own = terms.of(line.subscription_id)
    if used:
        return replace(line, centres=_ranked([_usage(group, own) for group in used]))
    return replace(line, centres=(CentreUsage(own),)) if own or used is not None else line


def _usage(group: UsageGroup, own: str) -> CentreUsage:
    return CentreUsage(group.values[0].strip() or own, group.quantity, group.events)


def _ranked(found: Sequence[CentreUsage]) -> tuple[CentreUsage, ...]:
    """Put what is one centre's together, by name; of too many, only the largest are named."""
    named = {entry.centre for entry in found}
    if len(named) > MOST_CENTRES:
        largest = sorted(found, key=lambda e: (-(e.quantity or 0), -e.events, e.centre))
        named = {entry.centre for entry in largest[: MOST_CENTRES - 1]}
    merged: dict[str, CentreUsage] = {}
    for entry in found:
        name = entry.centre if entry.centre in named else ""
        before = merged.get(name, CentreUsage(name, Decimal(0)))
        quantity = EXACT.add(before.quantity or Decimal(0), entry.quantity or Decimal(0))
        merged[name] = CentreUsage(name, quantity, before.events + entry.events)
    return tuple(merged[name] for name in sorted(merged))

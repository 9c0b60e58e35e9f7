"""What the pages of a customer's billing terms, subscriptions and quotes show."""

from dataclasses import dataclass
from datetime import date, datetime

from control_plane.kernel.money import Money
from web.portal.views.shell import Choice


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A convention as a field: ``choices`` begin with everybody's; none of a number."""

    name: str
    title: str
    choices: tuple[Choice, ...]
    chosen: str
    usual: str


@dataclass(frozen=True, slots=True)
class ExemptionRow:
    """A certificate that exempts the customer. ``state`` is a label's key."""

    exemption_id: str
    certificate: str
    covers: str
    reason: str
    valid_from: date
    valid_to: date | None
    state: str


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A subscription with the purchase order of its own."""

    subscription_id: str
    name: str
    purchase_order: str


@dataclass(frozen=True, slots=True)
class TermsView:
    """How one customer is billed."""

    grace_hours: str
    threshold: str
    policies: tuple[PolicyRow, ...]
    purchase_order: str | None
    orders: tuple[OrderRow, ...]
    entities: tuple[Choice, ...]
    exemptions: tuple[ExemptionRow, ...]
    jurisdictions: tuple[Choice, ...]
    categories: tuple[Choice, ...]
    codes: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A subscription of the customer."""

    subscription_id: str
    plan: str
    interval: str
    count: int
    fee: Money
    state: str
    negotiated: str | None
    alive: bool


@dataclass(frozen=True, slots=True)
class QuoteRow:
    """A quote in a list. ``badge`` is a label's key."""

    quote_id: str
    number: str
    plan: str
    total: Money
    valid_until: datetime
    badge: str


@dataclass(frozen=True, slots=True)
class TermField:
    """What can be negotiated: its form field, its list value, what is kept now.

    ``limit``: it is of a feature, not of a price. What is not ``counted`` is a text or a rate.
    """

    name: str
    label: str
    listed: str
    value: str
    many: bool = False
    counted: bool = True
    limit: bool = False


@dataclass(frozen=True, slots=True)
class TermGroup:
    """The numbers of one charge, or of the limits."""

    title: str
    fields: tuple[TermField, ...]


@dataclass(frozen=True, slots=True)
class NegotiateView:
    """The form of negotiated terms."""

    subscription_id: str
    plan: str
    groups: tuple[TermGroup, ...]
    commitment: str
    reason: str
    end: str
    negotiated: bool


@dataclass(frozen=True, slots=True)
class QuoteForm:
    """The form of a quote. Before a plan is chosen there is nothing but ``plans``."""

    plans: tuple[Choice, ...]
    chosen: str
    components: tuple[TermField, ...] = ()
    groups: tuple[TermGroup, ...] = ()
    addons: tuple[TermField, ...] = ()
    meters: tuple[TermField, ...] = ()
    valid_until: str = ""

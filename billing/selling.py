"""What a sale is made under: who sells and buys, how it is taxed, what lowers or settles it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.assembling import Assembled, Balance, Coupon, Credit, TaxTreatment
from billing.domain.documents.heading import Party
from billing.domain.records import Account
from control_plane.catalog.policies import Policies
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import InvoiceId
from control_plane.tenancy.domain import Organisation

_PREFIXES = {"live": "TY", "sandbox": "SBX"}


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is sold to whom, and when.

    ``taxed_on`` is the day whose tax rates hold: the invoice's date or, where a closed period is
    corrected, that of the invoice which closed it, named by ``corrects``.
    """

    account: Account
    organisation: Organisation
    currency: Currency
    at: datetime
    taxed_on: date
    categories: frozenset[str]
    policies: Policies
    corrects: InvoiceId | None = None


@dataclass(frozen=True, slots=True)
class Sale:
    """Everything of a sale that does not come from timelines and usage.

    ``treatments`` are by tax category, empty where the seller charges no tax. ``prepaid`` balances
    settle the total after those of credit notes. ``prefix`` heads the seller's document numbers.
    ``orders`` are purchase orders of single subscriptions. ``credited`` tells whether anything may
    be left of credit notes and overpayments; what there is none of need not be read. ``readers``
    are told of the invoice.
    """

    seller: Party
    buyer: Party
    prefix: str
    treatments: Mapping[str, TaxTreatment] = field(default_factory=dict)
    coupons: tuple[Coupon, ...] = ()
    credits: tuple[Credit, ...] = ()
    prepaid: tuple[Balance, ...] = ()
    purchase_order: str | None = None
    orders: Mapping[UUID, str] = field(default_factory=dict)
    en16931: bool = False
    credited: bool = True
    readers: tuple[str, ...] = ()

    def order_of(self, subscriptions: Iterable[UUID]) -> str | None:
        """Return the purchase order of what is invoiced: of one subscription, perhaps its own."""
        ids = set(subscriptions)
        own = self.orders.get(next(iter(ids))) if len(ids) == 1 else None
        return own or self.purchase_order


class Counter(Protocol):
    """Knows the terms of a sale, and books what a sale used up. In the caller's transaction."""

    async def sale(self, session: AsyncSession, occasion: Occasion) -> Sale:
        """Return the terms, with whatever may be used up locked until the commit."""

    async def book(
        self,
        session: AsyncSession,
        occasion: Occasion,
        made: Assembled,
        invoice_id: InvoiceId,
    ) -> None:
        """Record the coupons, credits and prepaid balances that an invoice used."""


@dataclass(frozen=True, slots=True)
class PlainCounter:
    """Sells untaxed, in the vendor's name, and gives nothing away. For engines without more."""

    vendor_name: str

    async def sale(self, session: AsyncSession, occasion: Occasion) -> Sale:
        """Return the terms: two names, and no more."""
        del session
        entity = occasion.account.entity
        seller = Party(self.vendor_name, entity)
        buyer = Party(occasion.organisation.name, occasion.organisation.slug)
        return Sale(seller, buyer, _PREFIXES.get(entity, entity.upper()))

    async def book(
        self,
        session: AsyncSession,
        occasion: Occasion,
        made: Assembled,
        invoice_id: InvoiceId,
    ) -> None:
        """Nothing is ever used up."""

"""The counter that invoices are sold over: the tax desk, and what lowers and settles invoices."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from billing.discounts_desk import Discounts, Held
from billing.domain.assembling import Assembled
from billing.domain.documents.heading import Party
from billing.domain.ledger import prepaid_used_entries
from billing.mailing import READERS, told
from billing.repositories.holdings import Holdings
from billing.repositories.ledger import Kind, LedgerRepository, Posting
from billing.repositories.purchase_orders import purchase_orders
from billing.repositories.terms import read_terms
from billing.selling import Occasion, Sale
from billing.tax_desk import Dealing, TaxDesk
from control_plane.kernel.ids import InvoiceId
from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class DeskCounter:
    """Sells in the name of the account's legal entity, taxed as the customer has to be."""

    desk: TaxDesk
    discounts: Discounts

    async def sale(self, session: AsyncSession, occasion: Occasion) -> Sale:
        """Return the terms of a sale.

        Raises:
            TaxRateMissing: tax is due, and no rate is known.
        """
        tenant_id, code = occasion.account.tenant_id, occasion.account.entity
        terms = await read_terms(session, tenant_id, code, occasion.at, READERS)
        entity, profile = terms.entity, terms.profile
        dealing = Dealing(tenant_id, entity, profile, terms.exempted)
        seller, buyer = self.desk.parties_in(dealing, occasion.organisation)
        held = await self._held(session, occasion, terms.holdings)
        return Sale(
            seller=Party.from_body(seller),
            buyer=Party.from_body(buyer),
            prefix=entity.prefix,
            treatments=await self.desk.treatments_in(
                session, dealing, occasion.taxed_on, occasion.categories
            ),
            coupons=held.coupons,
            credits=held.credits,
            prepaid=held.balances,
            purchase_order=None if profile is None else profile.purchase_order,
            orders=await purchase_orders(session, tenant_id) if terms.ordered else {},
            en16931=entity.tax is not None and entity.tax.en16931,
            credited=terms.credited,
            readers=told(occasion.organisation, terms.readers),
        )

    async def book(
        self,
        session: AsyncSession,
        occasion: Occasion,
        made: Assembled,
        invoice_id: InvoiceId,
    ) -> None:
        """Write down what was used, and post what prepaid balances settled.

        Raises:
            BalanceTooSmall: something was used by another meanwhile; nothing may be committed.
        """
        tenant_id = occasion.account.tenant_id
        if not made.used and not made.applied:
            return
        await self.discounts.apply(
            session,
            tenant_id,
            invoice_id,
            made,
            at=occasion.at,
            correction=occasion.corrects is not None,
        )
        for balance in (a for a in made.applied if a.kind == "prepaid"):
            tax = Money.total((row.tax for row in balance.taxes), balance.amount.currency)
            await LedgerRepository(session).book(
                tenant_id,
                Posting(
                    kind=Kind.PREPAID_USED,
                    business_key=f"prepaid_used:{invoice_id}:{balance.id}",
                    entries=prepaid_used_entries(balance.amount, tax),
                    booked_at=occasion.at,
                    invoice_id=invoice_id,
                    source_id=balance.id,
                ),
            )

    async def _held(self, session: AsyncSession, occasion: Occasion, there_is: Holdings) -> Held:
        tenant_id = occasion.account.tenant_id
        if occasion.corrects is not None:
            return await self.discounts.corrected(
                session, tenant_id, occasion.corrects, occasion.currency
            )
        return await self.discounts.locked(
            session,
            tenant_id,
            entity=occasion.account.entity,
            currency=occasion.currency,
            at=occasion.at,
            policies=occasion.policies,
            there_is=there_is,
        )

"""Organisations that pay for others; cost centres and purchase orders."""

from functools import cached_property

from billing.domain.groups.codes import GroupCodes
from billing.services.groups.consolidate import Consolidate, ConsolidateGroups
from billing.services.groups.cost_centres import CostCentres, ReadSplits
from billing.services.groups.export_consolidated import ExportConsolidated
from billing.services.groups.join_group import AnswerMembership, AskToJoinGroup, IssueGroupCode
from billing.services.groups.pay_consolidated import (
    CollectConsolidated,
    CollectIssuedConsolidated,
    RecordConsolidatedPayment,
    RequestGroupCollection,
)
from billing.services.groups.purchase_orders import PurchaseOrders
from billing.services.groups.read_group import (
    ListAllConsolidated,
    ListGroupInvoices,
    ReadGroup,
    SetCadence,
)
from billing.services.groups.settle_children import SettleChildren
from billing.services.groups.share_invoice import ShareAfter, ShareInvoice, ShareOrCollect
from billing.services.handle_payment_webhook import HandlePaymentWebhook
from control_plane.runtime.outbox import Handler
from web.parts.fapiao import FapiaoPart


class GroupsPart(FapiaoPart):
    """Use cases: groups, cost centres and purchase orders."""

    @cached_property
    def group_codes(self) -> GroupCodes:
        return GroupCodes(self.settings.secret_key)

    @cached_property
    def issue_group_code(self) -> IssueGroupCode:
        return IssueGroupCode(self.work, self.clock, self.group_codes)

    @cached_property
    def ask_to_join_group(self) -> AskToJoinGroup:
        return AskToJoinGroup(self.work, self.clock, self.tenant_clock, self.group_codes)

    @cached_property
    def answer_membership(self) -> AnswerMembership:
        return AnswerMembership(self.work, self.tenant_clock)

    @cached_property
    def read_group(self) -> ReadGroup:
        return ReadGroup(self.work)

    @cached_property
    def set_cadence(self) -> SetCadence:
        return SetCadence(self.work)

    @cached_property
    def group_invoices(self) -> ListGroupInvoices:
        return ListGroupInvoices(self.work)

    @cached_property
    def list_all_consolidated(self) -> ListAllConsolidated:
        return ListAllConsolidated(self.staff)

    @cached_property
    def export_consolidated(self) -> ExportConsolidated:
        return ExportConsolidated(self.group_invoices, self.exporter, self.settings.public_url)

    @cached_property
    def share_invoice(self) -> ShareInvoice:
        return ShareInvoice(self.work, self.tenant_clock)

    @cached_property
    def consolidate(self) -> Consolidate:
        return Consolidate(self.work, self.tenant_clock, self.tax_desk)

    @cached_property
    def consolidate_groups(self) -> ConsolidateGroups:
        return ConsolidateGroups(self.system, self.consolidate, self.clock)

    @cached_property
    def record_consolidated_payment(self) -> RecordConsolidatedPayment:
        return RecordConsolidatedPayment(self.work, self.tenant_clock)

    @cached_property
    def settle_children(self) -> SettleChildren:
        return SettleChildren(self.work, self.tenant_clock)

    @cached_property
    def collect_consolidated(self) -> CollectConsolidated:
        return CollectConsolidated(self.work, self.tenant_clock, self.payment_providers)

    @cached_property
    def request_group_collection(self) -> RequestGroupCollection:
        return RequestGroupCollection(self.work)

    @cached_property
    def handle_payment_webhook(self) -> HandlePaymentWebhook:
        others = (self.collect_consolidated, self.charge_topup)
        return HandlePaymentWebhook(self.work, self.tenant_clock, self.payment_providers, others)

    @cached_property
    def collect_issued_consolidated(self) -> CollectIssuedConsolidated:
        return CollectIssuedConsolidated(self.collect_consolidated)

    @cached_property
    def cost_centres(self) -> CostCentres:
        return CostCentres(self.work, self.tenant_clock)

    @cached_property
    def read_splits(self) -> ReadSplits:
        return ReadSplits(self.work)

    @cached_property
    def purchase_orders(self) -> PurchaseOrders:
        return PurchaseOrders(self.work, self.tenant_clock)

    @cached_property
    def after_invoice(self) -> Handler:
        """Show it to the parent, and collect it from whoever pays."""
        return ShareOrCollect(self.share_invoice, self.collect_issued_invoice)

    @cached_property
    def after_credit_note(self) -> Handler:
        """Open the red fapiao, and bring the parent's copy of the invoice up to date.

        Also after an invoice was voided or written off.
        """
        return ShareAfter(self.open_red_fapiao, self.share_invoice)

"""Billing: subscriptions with their prices, invoices, payments."""

from collections.abc import Mapping
from functools import cached_property

from billing.changing import Changing
from billing.closing import Closing
from billing.counter import DeskCounter
from billing.discounts_desk import Discounts
from billing.invoicing import Rater
from billing.jobs import BillingParticipant, CloseDuePeriods, MarkOverdueInvoices
from billing.ports import PaymentProvider
from billing.providers.manual import ManualProvider
from billing.providers.stripe import stripe_provider
from billing.services.book_addon import BookAddon
from billing.services.cancel_subscription import CancelSubscription
from billing.services.change_plan import ChangePlan
from billing.services.check_books import CheckBooks
from billing.services.close_due import CloseDue
from billing.services.collect_invoice import CollectInvoice, CollectIssuedInvoice
from billing.services.explain_invoice import ExplainInvoice
from billing.services.get_invoice import GetInvoice
from billing.services.get_subscription import GetSubscription
from billing.services.invoices_csv import InvoicesCsv
from billing.services.invoicing.bill_threshold import BillThreshold, BillThresholds
from billing.services.invoicing.explain_credit_note import ExplainCreditNote
from billing.services.invoicing.get_credit_note import GetCreditNote
from billing.services.invoicing.issue_credit_note import IssueCreditNote
from billing.services.invoicing.list_credit_notes import ListAllCreditNotes, ListCreditNotes
from billing.services.invoicing.list_line_events import ListLineEvents
from billing.services.invoicing.list_upcoming import ListUpcoming
from billing.services.invoicing.mark_overdue import MarkOverdue
from billing.services.invoicing.read_billing_terms import ReadBillingTerms
from billing.services.invoicing.read_credit import ReadCredit
from billing.services.invoicing.refund_credit import RefundCredit
from billing.services.invoicing.set_billing_terms import SetBillingTerms
from billing.services.invoicing.verify_credit_note import VerifyCreditNote
from billing.services.invoicing.void_invoice import VoidInvoice
from billing.services.invoicing.write_off_invoice import WriteOffInvoice
from billing.services.list_all_invoices import ListAllInvoices
from billing.services.list_halted_accounts import ListHaltedAccounts
from billing.services.list_invoices import ListInvoices
from billing.services.list_subscriptions import ListSubscriptions
from billing.services.preview_addon import PreviewAddon
from billing.services.preview_plan_change import PreviewPlanChange
from billing.services.preview_start import PreviewStart
from billing.services.read_balances import ReadBalances
from billing.services.record_payment import RecordPayment
from billing.services.render_invoice_pdf import RenderInvoicePdf
from billing.services.request_collection import RequestCollection
from billing.services.resume_billing import ResumeBilling
from billing.services.set_payment_method import SetPaymentMethod
from billing.services.start_subscription import StartSubscription
from billing.services.verify_invoice import VerifyInvoice
from billing.tax_desk import TaxDesk
from billing.tokens import PreviewTokens
from web.parts.provisioning import ProvisioningPart


class BillingPart(ProvisioningPart):
    """Use cases of billing."""

    @cached_property
    def closing(self) -> Closing:
        counter = DeskCounter(TaxDesk(self.settings.vendor_name), Discounts())
        return Closing(Rater(self.usage_store), self.tenant_clock, counter)

    @cached_property
    def changing(self) -> Changing:
        return Changing(self.closing, PreviewTokens(self.settings.secret_key))

    @cached_property
    def preview_start(self) -> PreviewStart:
        return PreviewStart(self.work, self.changing)

    @cached_property
    def start_subscription(self) -> StartSubscription:
        return StartSubscription(self.work, self.changing)

    @cached_property
    def preview_plan_change(self) -> PreviewPlanChange:
        return PreviewPlanChange(self.work, self.changing)

    @cached_property
    def change_plan(self) -> ChangePlan:
        return ChangePlan(self.work, self.changing)

    @cached_property
    def preview_addon(self) -> PreviewAddon:
        return PreviewAddon(self.work, self.changing)

    @cached_property
    def book_addon(self) -> BookAddon:
        return BookAddon(self.work, self.changing)

    @cached_property
    def cancel_subscription(self) -> CancelSubscription:
        return CancelSubscription(self.work, self.changing)

    @cached_property
    def close_due(self) -> CloseDue:
        return CloseDue(self.work, self.closing)

    @cached_property
    def close_due_periods(self) -> CloseDuePeriods:
        return CloseDuePeriods(self.system, self.close_due, self.clock)

    @cached_property
    def billing_participant(self) -> BillingParticipant:
        return BillingParticipant(self.work, self.close_due, self.mark_overdue, self.bill_threshold)

    @cached_property
    def mark_overdue(self) -> MarkOverdue:
        return MarkOverdue(self.work, self.tenant_clock)

    @cached_property
    def mark_overdue_invoices(self) -> MarkOverdueInvoices:
        return MarkOverdueInvoices(self.system, self.mark_overdue, self.clock)

    @cached_property
    def bill_threshold(self) -> BillThreshold:
        return BillThreshold(self.work, self.closing)

    @cached_property
    def bill_thresholds(self) -> BillThresholds:
        return BillThresholds(self.system, self.bill_threshold)

    @cached_property
    def write_off_invoice(self) -> WriteOffInvoice:
        return WriteOffInvoice(self.work, self.tenant_clock)

    @cached_property
    def void_invoice(self) -> VoidInvoice:
        return VoidInvoice(self.work, self.tenant_clock)

    @cached_property
    def issue_credit_note(self) -> IssueCreditNote:
        return IssueCreditNote(self.work, self.closing)

    @cached_property
    def list_credit_notes(self) -> ListCreditNotes:
        return ListCreditNotes(self.work)

    @cached_property
    def list_all_credit_notes(self) -> ListAllCreditNotes:
        return ListAllCreditNotes(self.staff)

    @cached_property
    def get_credit_note(self) -> GetCreditNote:
        return GetCreditNote(self.work)

    @cached_property
    def explain_credit_note(self) -> ExplainCreditNote:
        return ExplainCreditNote(self.work)

    @cached_property
    def verify_credit_note(self) -> VerifyCreditNote:
        return VerifyCreditNote(self.work, self.closing.rater)

    @cached_property
    def read_credit(self) -> ReadCredit:
        return ReadCredit(self.work)

    @cached_property
    def refund_credit(self) -> RefundCredit:
        return RefundCredit(self.work, self.tenant_clock)

    @cached_property
    def set_billing_terms(self) -> SetBillingTerms:
        return SetBillingTerms(self.work, self.tenant_clock)

    @cached_property
    def read_billing_terms(self) -> ReadBillingTerms:
        return ReadBillingTerms(self.work)

    @cached_property
    def list_upcoming(self) -> ListUpcoming:
        return ListUpcoming(self.work, self.closing)

    @cached_property
    def list_line_events(self) -> ListLineEvents:
        return ListLineEvents(self.work, self.usage_store)

    @cached_property
    def payment_providers(self) -> Mapping[str, PaymentProvider]:
        settings = self.settings
        providers: list[PaymentProvider] = [ManualProvider()]
        if settings.stripe_api_key:
            providers.append(
                stripe_provider(
                    settings.stripe_api_key,
                    settings.stripe_webhook_secret,
                    settings.stripe_api_base,
                )
            )
        return {provider.name: provider for provider in providers}

    @cached_property
    def set_payment_method(self) -> SetPaymentMethod:
        return SetPaymentMethod(self.work, self.tenant_clock, self.payment_providers)

    @cached_property
    def collect_invoice(self) -> CollectInvoice:
        return CollectInvoice(self.work, self.tenant_clock, self.payment_providers)

    @cached_property
    def collect_issued_invoice(self) -> CollectIssuedInvoice:
        return CollectIssuedInvoice(self.collect_invoice)

    @cached_property
    def request_collection(self) -> RequestCollection:
        return RequestCollection(self.work)

    @cached_property
    def record_payment(self) -> RecordPayment:
        return RecordPayment(self.work, self.tenant_clock)

    @cached_property
    def list_invoices(self) -> ListInvoices:
        return ListInvoices(self.work)

    @cached_property
    def get_invoice(self) -> GetInvoice:
        return GetInvoice(self.work)

    @cached_property
    def explain_invoice(self) -> ExplainInvoice:
        return ExplainInvoice(self.work)

    @cached_property
    def verify_invoice(self) -> VerifyInvoice:
        return VerifyInvoice(self.work, self.closing.rater)

    @cached_property
    def check_books(self) -> CheckBooks:
        return CheckBooks(self.work)

    @cached_property
    def get_subscription(self) -> GetSubscription:
        return GetSubscription(self.work, self.tenant_clock)

    @cached_property
    def list_subscriptions(self) -> ListSubscriptions:
        return ListSubscriptions(self.work, self.tenant_clock)

    @cached_property
    def list_all_invoices(self) -> ListAllInvoices:
        return ListAllInvoices(self.staff)

    @cached_property
    def list_halted_accounts(self) -> ListHaltedAccounts:
        return ListHaltedAccounts(self.staff)

    @cached_property
    def invoices_csv(self) -> InvoicesCsv:
        return InvoicesCsv(self.list_all_invoices)

    @cached_property
    def render_invoice_pdf(self) -> RenderInvoicePdf:
        return RenderInvoicePdf(self.work)

    @cached_property
    def resume_billing(self) -> ResumeBilling:
        return ResumeBilling(self.work)

    @cached_property
    def read_balances(self) -> ReadBalances:
        return ReadBalances(self.work)

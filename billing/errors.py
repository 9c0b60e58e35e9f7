"""What billing refuses, and why."""

from control_plane.catalog.errors import FileInvalid
from control_plane.kernel.errors import ErrorKind, TallyardError


class ModuleAlreadySubscribed(TallyardError):
    """Two active subscriptions would cover one module."""

    code = "module_already_subscribed"
    kind = ErrorKind.CONFLICT
    message = "The module “{module}” is already covered by the subscription {subscription_id}."
    remedy = "Change the plan of that subscription, or choose a plan without this module."


class SubscriptionEnding(TallyardError):
    """A plan change or an add-on was asked for after a cancellation."""

    code = "subscription_ending"
    kind = ErrorKind.CONFLICT
    message = "The subscription was cancelled and ends at {ended_at}."
    remedy = "Start a new subscription after it has ended."


class SamePlan(TallyardError):
    """A change to the plan that already holds, with nothing else scheduled."""

    code = "same_plan"
    kind = ErrorKind.CONFLICT
    message = "The subscription is already on the plan “{plan_code}”, billed per {interval}."
    remedy = "Choose another plan or another interval."


class AddonNotApplicable(TallyardError):
    """The plan lacks a module that the add-on needs."""

    code = "addon_not_applicable"
    kind = ErrorKind.CONFLICT
    message = "The add-on “{addon_code}” needs the module “{module}”, which the plan does not have."
    remedy = "Change to a plan with this module first."


class CurrencyNotOffered(TallyardError):
    """A subscription was asked for in a currency other than the organisation's."""

    code = "currency_not_offered"
    kind = ErrorKind.INVALID
    message = "The organisation is billed in {expected}, not in {currency}."
    remedy = "Leave the currency out, or use {expected}."


class PreviewStale(TallyardError):
    """What was previewed is no longer what would be charged."""

    code = "preview_stale"
    kind = ErrorKind.STALE
    message = "The prices or the subscription have changed since the preview."
    remedy = "Ask for a new preview and confirm that one."


class PreviewExpired(PreviewStale):
    """A preview is confirmed too late."""

    message = "The preview is older than 15 minutes."


class PreviewOvertaken(PreviewStale):
    """A due instant was closed between a preview and its confirmation."""

    message = "A billing period has ended since the preview."


class PreviewInvalid(TallyardError):
    """A confirmation token was not issued by a preview of this kind."""

    code = "preview_invalid"
    kind = ErrorKind.INVALID
    message = "The confirmation token was not issued for this change."
    remedy = "Ask for a preview and pass on its token unchanged."


class AccountParked(TallyardError):
    """Billing of the organisation is halted until a person has looked at it."""

    code = "billing_account_parked"
    kind = ErrorKind.UNAVAILABLE
    message = "Billing of this organisation is halted: {reason}."
    remedy = "Ask support to look at it; nothing was charged."


class InvoiceNotFound(TallyardError):
    """The tenant has no invoice of that id."""

    code = "invoice_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no invoice {invoice_id}."
    remedy = "Check the id; the list of invoices shows what there is."


class InvoiceAlreadyPaid(TallyardError):
    """A payment was recorded for an invoice on which nothing is open."""

    code = "invoice_already_paid"
    kind = ErrorKind.CONFLICT
    message = "The invoice {number} is already paid."
    remedy = "Check the reference; record the transfer against the invoice it is for."


class PaymentInProgress(TallyardError):
    """Another payment of the invoice is under way."""

    code = "payment_in_progress"
    kind = ErrorKind.CONFLICT
    message = "A payment of the invoice {number} through {provider} is under way."
    remedy = "Wait until it has succeeded or failed."


class PaymentAmountMismatch(TallyardError):
    """A payment is of more than is left to be paid, or of nothing."""

    code = "payment_amount_mismatch"
    kind = ErrorKind.INVALID
    message = "The invoice {number} has {open} open; the payment is {paid}."
    remedy = "Record at most the open amount; further parts may follow."


class PaymentReferenceInvalid(TallyardError):
    """A bank transfer without a reference by which it could be recognised again."""

    code = "payment_reference_invalid"
    kind = ErrorKind.INVALID
    message = "“{reference}” cannot be the reference of a transfer."
    remedy = "Give the bank's own reference, 1 to {longest} characters."


class PaymentReferenceUsed(TallyardError):
    """A bank transfer was recorded before, for another invoice."""

    code = "payment_reference_used"
    kind = ErrorKind.CONFLICT
    message = "The transfer “{reference}” was already recorded."
    remedy = "Check the bank statement; each transfer is recorded once."


class PaymentNotFound(TallyardError):
    """A provider reports a payment that was never started here."""

    code = "payment_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no payment {payment_id}."
    remedy = "Check that the provider's account belongs to this installation."


class PaymentMethodRefused(TallyardError):
    """The provider did not accept a means of payment."""

    code = "payment_method_refused"
    kind = ErrorKind.INVALID
    message = "The payment method was refused: {reason}."
    remedy = "Use another card, or pay by bank transfer."


class SandboxPaysNoMoney(TallyardError):
    """A sandbox asks to pay through a provider that moves real money."""

    code = "sandbox_pays_no_money"
    kind = ErrorKind.CONFLICT
    message = "A sandbox cannot pay through {provider}: real money would move."
    remedy = "Pay the sandbox's invoices by bank transfer, or sign up a live organisation."


class ProviderUnavailable(TallyardError):
    """The provider did not answer, so the outcome is not known yet."""

    code = "payment_provider_unavailable"
    kind = ErrorKind.UNAVAILABLE
    message = "The payment provider {provider} did not answer: {reason}."
    remedy = "Nothing is charged twice; it is tried again by itself."


class UnknownProvider(TallyardError):
    """No payment provider of that name is set up."""

    code = "unknown_payment_provider"
    kind = ErrorKind.NOT_FOUND
    message = "There is no payment provider “{provider}”."
    remedy = "Use one of {known}."


class WebhookRejected(TallyardError):
    """A message claims to come from a provider and does not prove it."""

    code = "payment_webhook_rejected"
    kind = ErrorKind.INVALID
    message = "The payment message was not accepted: {reason}."
    remedy = "Check the endpoint's signing secret at the provider."


class ReportNotFound(TallyardError):
    """There is no report of that name."""

    code = "report_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no report “{name}”."
    remedy = "Choose one of: {known}."


class ReportSpanInvalid(TallyardError):
    """A report's span ends before it starts, or is too long."""

    code = "report_span_invalid"
    kind = ErrorKind.INVALID
    message = "A report cannot run from {first} to {last}."
    remedy = "Give a last day that is not before the first, at most ten years later."


class VoucherMappingInvalid(FileInvalid):
    """A mapping of accounts is wrong."""

    code = "voucher_mapping_invalid"
    message = "The mapping has {count} problem(s), listed by line and column."
    remedy = "Correct the file at the lines listed; every account has to be in it."

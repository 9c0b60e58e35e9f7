"""Billing: subscriptions with their prices, invoices, payments."""

from functools import cached_property

from billing.changing import Changing
from billing.closing import Closing
from billing.invoicing import Rater
from billing.jobs import BillingParticipant, CloseDuePeriods
from billing.services.book_addon import BookAddon
from billing.services.cancel_subscription import CancelSubscription
from billing.services.change_plan import ChangePlan
from billing.services.close_due import CloseDue
from billing.services.preview_addon import PreviewAddon
from billing.services.preview_plan_change import PreviewPlanChange
from billing.services.preview_start import PreviewStart
from billing.services.start_subscription import StartSubscription
from billing.tokens import PreviewTokens
from web.parts.provisioning import ProvisioningPart


class BillingPart(ProvisioningPart):
    """Use cases of billing."""

    @cached_property
    def closing(self) -> Closing:
        return Closing(Rater(self.usage_store), self.tenant_clock, self.settings.vendor_name)

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
        return BillingParticipant(self.work, self.close_due)

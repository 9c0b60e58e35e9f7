"""What the worker does: deliveries, ticks, and the test clocks' participants."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Final

from billing.usage_needs import BilledUsageNeeds
from control_plane.runtime.jobs import Job
from control_plane.runtime.outbox import Handler, OutboxParticipant, OutboxRelay, RelayJob
from control_plane.runtime.retention import PurgeDelivered
from control_plane.runtime.topics import (
    CONSOLIDATED_ISSUED,
    CONSOLIDATED_PAID,
    CREDIT_NOTE_ISSUED,
    ENTITLEMENTS_CHANGED,
    FAPIAO_REQUESTED,
    INSTANCES_CHANGED,
    INVOICE_ENDED,
    INVOICE_ISSUED,
    MAIL_REQUESTED,
    PROMPT,
    STANDING_DUE,
    TOPUP_REFUNDED,
    WEBHOOK_EVENT,
)
from control_plane.tenancy.services.advance_test_clock import AdvanceTestClocks, Participant
from metering.domain.retention import Policy
from metering.retention_jobs import DropOldUsage, MakeUsageMonths
from metering.services.apply_retention import ApplyRetention
from metering.stores.clickhouse.months import ClickHouseMonths
from web.parts.sources import SourcesPart

_PROMPT_LEASE: Final = timedelta(seconds=5)  # what a worker that was killed held waits as long
_PROMPT_LIMIT: Final = 10  # few enough to be built well within it


class WorkPart(SourcesPart):
    """Who handles what leaves the outbox, and what is looked for at each tick."""

    @cached_property
    def handlers(self) -> Mapping[str, Handler]:
        return {
            ENTITLEMENTS_CHANGED: self.publish_snapshot.deliver,
            INVOICE_ISSUED: self.after_invoice,
            INSTANCES_CHANGED: self.provisioner.reconcile.deliver,
            MAIL_REQUESTED: self.deliver_mail,
            FAPIAO_REQUESTED: self.deliver_fapiao,
            CONSOLIDATED_ISSUED: self.collect_issued_consolidated,
            CONSOLIDATED_PAID: self.settle_children,
            CREDIT_NOTE_ISSUED: self.after_credit_note,
            INVOICE_ENDED: self.after_credit_note,
            TOPUP_REFUNDED: self.open_red_fapiao,
            WEBHOOK_EVENT: self.tell_webhooks,
            STANDING_DUE: self.follow_ladder.deliver,
        }

    @cached_property
    def relay(self) -> OutboxRelay:
        return OutboxRelay(self.system, self.handlers, self.clock)

    @cached_property
    def prompt_relay(self) -> RelayJob:
        """Delivers what must not wait for anything else."""
        relay = OutboxRelay(
            self.system,
            self.handlers,
            self.clock,
            only=PROMPT,
            lease=_PROMPT_LEASE,
            limit=_PROMPT_LIMIT,
        )
        return RelayJob(relay, name="outbox-prompt")

    @cached_property
    def other_relay(self) -> RelayJob:
        """Delivers everything else."""
        return RelayJob(OutboxRelay(self.system, self.handlers, self.clock, besides=PROMPT))

    @cached_property
    def participants(self) -> Sequence[Participant]:
        """In the order they settle: billing looks at the usage once services sent all of it."""
        return (
            self.entitlement_participant,
            OutboxParticipant(self.relay),
            self.provisioner.participant,
            self.billing_participant,
            self.ladder_participant,
            self.balance_participant,
            self.topup_participant,
            self.revenue_participant,
        )

    @cached_property
    def advance_test_clocks(self) -> AdvanceTestClocks:
        return AdvanceTestClocks(self.system, self.participants)

    @cached_property
    def purge_delivered(self) -> PurgeDelivered:
        return PurgeDelivered(self.system, self.clock)

    @cached_property
    def apply_retention(self) -> ApplyRetention:
        return ApplyRetention(
            self.work,
            self.system,
            self.staff,
            BilledUsageNeeds(self.work, self.system, self.closing),
            self.clock,
            Policy.of_days(self.settings.usage_retention_days, self.settings.usage_identity_days),
            None if self.clickhouse is None else ClickHouseMonths(self.clickhouse),
        )

    @cached_property
    def jobs(self) -> Sequence[Job]:
        return (
            self.prompt_relay,
            self.other_relay,
            self.roll_due_usage,
            *self.lease_jobs,
            self.find_due_alerts,
            *self.store_jobs,
            self.advance_test_clocks,
            self.close_due_periods,
            self.mark_overdue_invoices,
            self.follow_ladders,
            self.turn_grants,
            self.bill_thresholds,
            self.expire_due_balances,
            self.charge_due_topups,
            self.migrate_plans,
            self.recognise_due_revenue,
            self.check_books_daily,
            self.check_numbers_hourly,
            *self.provisioner.jobs,
            self.look_at_fapiao,
            self.consolidate_groups,
            self.replay_fitting_quarantine,
            MakeUsageMonths(self.system, self.clock),
            DropOldUsage(self.apply_retention, self.clock),
            *self.source_jobs,
            *self.telling_jobs,
            self.seal_audit,
            self.purge_sessions,
            self.purge_delivered,
        )

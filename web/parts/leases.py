"""Quotas: leases of units, reservations, seats, and what was used of them."""

from functools import cached_property

from control_plane.entitlements.held_states import HeldStates
from control_plane.entitlements.jobs import ForgetLeases, SweepLeases
from control_plane.entitlements.lease_accounts import LeaseAccounts
from control_plane.entitlements.purge_jobs import ForgetAccounts
from control_plane.entitlements.services.assign_seats import AssignSeat
from control_plane.entitlements.services.audit_leases import AuditLeases
from control_plane.entitlements.services.consume_units import ConsumeUnits
from control_plane.entitlements.services.read_accounts import ReadAccounts
from control_plane.entitlements.services.reserve_units import ReserveUnits, SettleReservation
from control_plane.entitlements.services.take_usage import TakeUsage
from control_plane.entitlements.services.use_leases import UseLeases
from control_plane.runtime.jobs import Job
from metering.alert_purge_jobs import ForgetAlerts
from metering.jobs import PushDueUsage, RollDueUsage
from metering.services.push_usage import PushUsage
from metering.services.settle_lost_leases import SettleLostLeases
from web.parts.granting import GrantingPart


class LeasesPart(GrantingPart):
    """Use cases of quotas."""

    @cached_property
    def held_states(self) -> HeldStates:
        return HeldStates(self.work, self.entitlement_changes)

    @cached_property
    def lease_accounts(self) -> LeaseAccounts:
        return LeaseAccounts(self.held_states, self.clock)

    @cached_property
    def use_leases(self) -> UseLeases:
        return UseLeases(self.work, self.lease_accounts, self.signer)

    @cached_property
    def consume_units(self) -> ConsumeUnits:
        return ConsumeUnits(self.work, self.lease_accounts)

    @cached_property
    def read_accounts(self) -> ReadAccounts:
        return ReadAccounts(self.work, self.lease_accounts)

    @cached_property
    def reserve_units(self) -> ReserveUnits:
        return ReserveUnits(self.work, self.lease_accounts)

    @cached_property
    def settle_reservation(self) -> SettleReservation:
        return SettleReservation(self.work, self.lease_accounts)

    @cached_property
    def assign_seat(self) -> AssignSeat:
        return AssignSeat(self.work, self.lease_accounts)

    @cached_property
    def audit_leases(self) -> AuditLeases:
        return AuditLeases(self.staff)

    @cached_property
    def take_usage(self) -> TakeUsage:
        return TakeUsage(self.work, self.system, self.lease_accounts)

    @cached_property
    def push_usage(self) -> PushUsage:
        return PushUsage(self.query_usage, self.take_usage)

    @cached_property
    def settle_lost_leases(self) -> SettleLostLeases:
        return SettleLostLeases(self.work, self.usage_store, self.meter_book, self.take_usage)

    @cached_property
    def roll_due_usage(self) -> RollDueUsage:
        return RollDueUsage(self.system, self.roll_usage, self.clock, self.push_usage)

    @property
    def lease_jobs(self) -> tuple[Job, ...]:
        """What quotas need done now and then."""
        return (
            SweepLeases(self.work, self.system, self.lease_accounts),
            ForgetLeases(self.system, self.lease_accounts),
            PushDueUsage(self.system, self.push_usage, self.settle_lost_leases),
            ForgetAccounts(
                self.work,
                self.system,
                self.lease_accounts,
                self.settings.lease_accounts_days,
            ),
            ForgetAlerts(self.system, self.tenant_clock, self.settings.usage_alerts_days),
        )

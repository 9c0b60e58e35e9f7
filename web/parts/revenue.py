"""Ledger, revenue and reports."""

from functools import cached_property

from billing.bookkeeping import (
    CheckBooksDaily,
    CheckNumbersHourly,
    RecogniseDueRevenue,
    RevenueParticipant,
)
from billing.services.check_books import CheckNumbers
from billing.services.revenue.alarm import Alarm
from billing.services.revenue.audit_books import AuditBooks
from billing.services.revenue.audit_numbers import AuditNumbers
from billing.services.revenue.export_vouchers import ExportVouchers
from billing.services.revenue.list_findings import ListFindings
from billing.services.revenue.recognise_revenue import RecogniseRevenue
from billing.services.revenue.run_report import RunReport
from web.parts.tax import TaxPart


class RevenuePart(TaxPart):
    """Use cases: ledger, revenue and reports."""

    @cached_property
    def recognise_revenue(self) -> RecogniseRevenue:
        return RecogniseRevenue(self.work, self.tenant_clock)

    @cached_property
    def recognise_due_revenue(self) -> RecogniseDueRevenue:
        return RecogniseDueRevenue(self.system, self.recognise_revenue, self.clock)

    @cached_property
    def revenue_participant(self) -> RevenueParticipant:
        return RevenueParticipant(self.work, self.recognise_revenue)

    @cached_property
    def audit_books(self) -> AuditBooks:
        return AuditBooks(
            self.work,
            self.recognise_revenue,
            self.check_books,
            self.clock,
            self.books_alarm,
            self.check_rollups.some,
        )

    @cached_property
    def books_alarm(self) -> Alarm:
        return Alarm(self.settings.operator_email, self.settings.operator_language)

    @cached_property
    def audit_numbers(self) -> AuditNumbers:
        return AuditNumbers(self.staff, self.work, self.clock, self.books_alarm)

    @cached_property
    def check_numbers_hourly(self) -> CheckNumbersHourly:
        return CheckNumbersHourly(self.audit_numbers)

    @cached_property
    def check_books_daily(self) -> CheckBooksDaily:
        return CheckBooksDaily(self.system, self.audit_books, self.clock)

    @cached_property
    def check_numbers(self) -> CheckNumbers:
        return CheckNumbers(self.staff)

    @cached_property
    def list_findings(self) -> ListFindings:
        return ListFindings(self.staff)

    @cached_property
    def run_report(self) -> RunReport:
        return RunReport(self.staff)

    @cached_property
    def export_vouchers(self) -> ExportVouchers:
        return ExportVouchers(self.staff)

"""How subscriptions change."""

from functools import cached_property

from billing.services.accounts.set_policies import ReadPolicies, SetPolicies
from billing.services.migrations.preview_migration import PreviewMigration
from billing.services.migrations.read_migrations import ListMigrations
from billing.services.migrations.run_migration import MigratePlans, MoveTenant, StartMigration
from billing.services.quotes.accept_quote import AcceptQuote
from billing.services.quotes.close_quote import CloseQuote
from billing.services.quotes.list_quotes import GetQuote, ListQuotes
from billing.services.quotes.make_quote import MakeQuote
from billing.services.subscriptions.confirm_change import ConfirmChange
from billing.services.subscriptions.preview_change import PreviewChange
from billing.services.subscriptions.weighing import Weighing
from web.parts.standing import StandingPart


class LifePart(StandingPart):
    """Use cases: how subscriptions change."""

    @cached_property
    def weighing(self) -> Weighing:
        return Weighing.of(self.changing)

    @cached_property
    def preview_change(self) -> PreviewChange:
        return PreviewChange(self.work, self.weighing)

    @cached_property
    def confirm_change(self) -> ConfirmChange:
        return ConfirmChange(self.work, self.weighing)

    @cached_property
    def make_quote(self) -> MakeQuote:
        return MakeQuote(self.work, self.weighing)

    @cached_property
    def accept_quote(self) -> AcceptQuote:
        return AcceptQuote(self.work, self.weighing)

    @cached_property
    def close_quote(self) -> CloseQuote:
        return CloseQuote(self.work, self.tenant_clock)

    @cached_property
    def list_quotes(self) -> ListQuotes:
        return ListQuotes(self.work, self.tenant_clock)

    @cached_property
    def get_quote(self) -> GetQuote:
        return GetQuote(self.work, self.tenant_clock)

    @cached_property
    def preview_migration(self) -> PreviewMigration:
        return PreviewMigration(self.staff, self.work, self.weighing, self.clock)

    @cached_property
    def start_migration(self) -> StartMigration:
        return StartMigration(self.system, self.preview_migration)

    @cached_property
    def list_migrations(self) -> ListMigrations:
        return ListMigrations(self.staff)

    @cached_property
    def migrate_plans(self) -> MigratePlans:
        return MigratePlans(self.system, MoveTenant(self.work, self.weighing))

    @cached_property
    def read_policies(self) -> ReadPolicies:
        return ReadPolicies(self.work)

    @cached_property
    def set_policies(self) -> SetPolicies:
        return SetPolicies(self.work, self.changing)

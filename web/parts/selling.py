"""The catalogue, entitlements and metering."""

from functools import cached_property

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.catalog.services.diff_catalog import DiffCatalog
from control_plane.catalog.services.read_catalog import ReadCatalog
from control_plane.catalog.services.validate_catalog import ValidateCatalog
from control_plane.entitlements.changes import EntitlementChanges
from control_plane.entitlements.feeds import SnapshotFeeds
from control_plane.entitlements.participant import EntitlementParticipant
from control_plane.entitlements.services.list_entitlements import ListEntitlements
from control_plane.entitlements.services.publish_snapshot import PublishSnapshot
from control_plane.entitlements.services.read_snapshot import ReadSnapshot
from control_plane.entitlements.services.rotate_keys import RotateKeys
from control_plane.entitlements.signer import Signer
from metering.alert_jobs import FindDueAlerts
from metering.errors_load import BodiesOverloaded, BodiesOverShare
from metering.replaying import ReplayFittingQuarantine
from metering.services.admission import Admission
from metering.services.alert_settings import ReadAlerts, SetAlerts
from metering.services.check_rollups import CheckRollups
from metering.services.discard_quarantined import DiscardQuarantined
from metering.services.find_usage_alerts import FindUsageAlerts
from metering.services.ingest_at_once import IngestAtOnce
from metering.services.ingest_usage import IngestUsage
from metering.services.list_quarantine import CountQuarantines, ListQuarantine
from metering.services.list_refused_usage import ListRefusedUsage
from metering.services.meter_book import MeterBook
from metering.services.query_usage import QueryUsage
from metering.services.rebuild_rollups import RebuildRollups
from metering.services.rehearse_ingest import RehearseIngest
from metering.services.replay_quarantine import ReplayQuarantine
from metering.services.roll_usage import RollUsage
from metering.stores.at_once import StoreAtOnce
from web.metrics import count_events
from web.parts.stores import StoresPart


class SellingPart(StoresPart):
    """Use cases of the catalogue, of entitlements and of metering."""

    @cached_property
    def validate_catalog(self) -> ValidateCatalog:
        return ValidateCatalog()

    @cached_property
    def diff_catalog(self) -> DiffCatalog:
        return DiffCatalog(self.database)

    @cached_property
    def apply_catalog(self) -> ApplyCatalog:
        return ApplyCatalog(self.database, self.clock)

    @cached_property
    def read_catalog(self) -> ReadCatalog:
        return ReadCatalog(self.database)

    @cached_property
    def signer(self) -> Signer:
        return Signer.load(self.settings.signing_key_path)

    @cached_property
    def publish_snapshot(self) -> PublishSnapshot:
        return PublishSnapshot(self.work, self.signer, self.clock, self.tenant_clock)

    @cached_property
    def read_snapshot(self) -> ReadSnapshot:
        return ReadSnapshot(self.work, self.signer, self.clock)

    @cached_property
    def rotate_keys(self) -> RotateKeys:
        return RotateKeys(self.settings.signing_key_path, self.clock)

    @cached_property
    def entitlement_changes(self) -> EntitlementChanges:
        return EntitlementChanges(self.settings, self.clock)

    @cached_property
    def snapshot_feeds(self) -> SnapshotFeeds:
        return SnapshotFeeds(self.entitlement_changes, self.read_snapshot)

    async def close_entitlements(self) -> None:
        """Let go of the connection that listens for changes."""
        if "entitlement_changes" in vars(self):
            await self.entitlement_changes.close()

    @cached_property
    def list_entitlements(self) -> ListEntitlements:
        return ListEntitlements(self.work, self.tenant_clock)

    @cached_property
    def entitlement_participant(self) -> EntitlementParticipant:
        return EntitlementParticipant(self.work, self.publish_snapshot)

    @cached_property
    def meter_book(self) -> MeterBook:
        return MeterBook(self.clock)

    @cached_property
    def ingest_usage(self) -> IngestUsage:
        return IngestUsage(
            self.work,
            self.usage_store,
            self.tenant_clock,
            self.meter_book,
            self.settings.usage_quarantine_events,
            self.settings.ingest_waiting_events,
            self._ingest_at_once,
            count_events,
        )

    @cached_property
    def _ingest_at_once(self) -> IngestAtOnce | None:
        # Beside ClickHouse, a delivery has to ask first where the tenant's usage is kept.
        if self.clickhouse is not None:
            return None
        return IngestAtOnce(StoreAtOnce(self.work), self.tenant_clock, self.meter_book)

    @cached_property
    def ingest_bodies(self) -> Admission:
        return Admission(self.settings.ingest_waiting_bytes, BodiesOverloaded, BodiesOverShare)

    def rehearse_ingest(self) -> RehearseIngest:
        return RehearseIngest(self.work, self.usage_store, self.tenant_clock, self.meter_book)

    @cached_property
    def query_usage(self) -> QueryUsage:
        return QueryUsage(self.work, self.usage_store, self.clock, self.meter_book)

    @cached_property
    def roll_usage(self) -> RollUsage:
        return RollUsage(self.work, self.clock)

    @cached_property
    def read_usage_alerts(self) -> ReadAlerts:
        return ReadAlerts(self.work)

    @cached_property
    def set_usage_alerts(self) -> SetAlerts:
        return SetAlerts(self.work)

    @cached_property
    def find_due_alerts(self) -> FindDueAlerts:
        find = FindUsageAlerts(self.work, self.query_usage, self.tenant_clock, self.clock)
        return FindDueAlerts(self.system, find, self.clock)

    @cached_property
    def check_rollups(self) -> CheckRollups:
        return CheckRollups(self.work)

    @cached_property
    def rebuild_rollups(self) -> RebuildRollups:
        return RebuildRollups(self.work, self.roll_usage)

    @cached_property
    def list_quarantine(self) -> ListQuarantine:
        return ListQuarantine(self.work)

    @cached_property
    def count_quarantines(self) -> CountQuarantines:
        return CountQuarantines(self.staff)

    @cached_property
    def replay_quarantine(self) -> ReplayQuarantine:
        return ReplayQuarantine(self.work, self.ingest_usage)

    @cached_property
    def discard_quarantined(self) -> DiscardQuarantined:
        return DiscardQuarantined(self.work)

    @cached_property
    def replay_fitting_quarantine(self) -> ReplayFittingQuarantine:
        return ReplayFittingQuarantine(self.system, self.replay_quarantine)

    @cached_property
    def list_refused_usage(self) -> ListRefusedUsage:
        return ListRefusedUsage(self.usage_store)

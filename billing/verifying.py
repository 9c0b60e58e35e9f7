"""Measures again what a document was computed from, and computes it again."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from billing.centres import Centres
from billing.domain.converge import Settled
from billing.domain.documents.meters import RecordedUsage, recorded_usage
from billing.domain.documents.newest import items_of, line_differences, newest_differences
from billing.domain.documents.reading import billed_invoice
from billing.domain.documents.replay import (
    Replay,
    recorded_cuts,
    replay_invoice,
    replay_note,
)
from billing.domain.groups.centres import CentreTerms
from billing.domain.lines import Versions
from billing.domain.pricing import Usage
from billing.domain.rating import RATING_VERSION, Measured
from billing.domain.records import StoredInvoice
from billing.invoicing import Rater
from billing.rating import replayers
from billing.repositories.billed import BilledRepository
from billing.repositories.invoices import InvoiceRepository
from control_plane.kernel.calendar import tzdata_version
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import InvoiceId, TenantId
from control_plane.kernel.said import Said
from control_plane.subscriptions.domain import Timeline
from control_plane.subscriptions.repository import SubscriptionRepository
from metering.domain.usage import UsageTotal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What replaying found.

    ``differences`` is empty when every byte is confirmed under the version the document names.
    ``newest`` tells where the newest rating version, `RATING_VERSION`, comes to other amounts.
    """

    version: str
    differences: tuple[str, ...]
    newest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verifier:
    """Replays documents from timelines, price versions and the events their cut-offs contain."""

    rater: Rater

    async def invoice(
        self, session: AsyncSession, tenant_id: TenantId, stored: StoredInvoice
    ) -> Outcome:
        """Replay an invoice of any rating version that is shipped."""
        manifest = stored.inputs
        timelines = await SubscriptionRepository(session).timelines(tenant_id)
        versions = await self.rater.shelf.versions(session, timelines)
        if manifest.get("format") != 2:  # noqa: PLR2004 - the format, not a quantity
            return await self._older(session, tenant_id, timelines, versions, stored)
        found = Replay.read(manifest, timelines, versions)
        measured, differences = await self._measured(tenant_id, found, manifest)
        try:
            settled, _ = found.settled(measured)
        except LookupError as missing:
            return Outcome(RATING_VERSION, (Said("item {key} is no longer owed", key=missing),), ())
        terms = CentreTerms.from_body(manifest.get("cost_centres", {}))
        asked = {
            ask.item.key: (ask, said.meter) for ask, said in found.metered(recorded_usage(manifest))
        }
        centres = Centres(self.rater.usage, tenant_id, terms)
        lines = await centres.sorted(found.lines(settled), asked)
        same = replay_invoice(manifest, lines) == stored.body
        code = manifest["document"]["currency"]
        newest = () if same else line_differences(stored.content, lines, code)
        return _outcome(manifest, differences, newest, same=same)

    async def note(
        self, session: AsyncSession, tenant_id: TenantId, manifest: Mapping[str, Any], body: bytes
    ) -> Outcome:
        """Replay a credit note: what was owed then, and what that takes off its invoice."""
        timelines = await SubscriptionRepository(session).timelines(tenant_id)
        versions = await self.rater.shelf.versions(session, timelines)
        found = Replay.read(manifest, timelines, versions)
        measured, differences = await self._measured(tenant_id, found, manifest)
        try:
            settled, view = found.settled(measured)
        except LookupError as missing:
            return Outcome(RATING_VERSION, (Said("item {key} is no longer owed", key=missing),), ())
        original = await InvoiceRepository(session).get(InvoiceId(UUID(manifest["invoice"])))
        if manifest["document"]["reason"] != "goodwill":
            spent = _spent_items(manifest, original.content)
            differences += _cut_differences(found, manifest, settled, spent)
        again = replay_note(manifest, original.content, settled, view)
        return _outcome(manifest, differences, (), same=again == body)

    async def _measured(
        self, tenant_id: TenantId, found: Replay, manifest: Mapping[str, Any]
    ) -> tuple[dict[str, Measured], list[str]]:
        measured: dict[str, Measured] = {}
        differences: list[str] = []
        metered = list(found.metered(recorded_usage(manifest)))
        asked = [(ask, said.meter) for ask, said in metered]
        digests = [said.digest for _, said in metered]
        answers = await self.rater.answers(tenant_id, asked, digests)
        for (ask, said), answer in zip(metered, answers, strict=True):
            measured[ask.item.key] = answer.measured
            differences += _measure_differences(said, answer.measured)
        return measured, differences

    async def _older(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        timelines: Sequence[Timeline],
        versions: Versions,
        stored: StoredInvoice,
    ) -> Outcome:
        manifest = stored.inputs
        version = manifest["rating_version"]
        replayer = replayers.get(version)
        if replayer is None:
            return Outcome(
                version, (Said("rating version {version} is not shipped", version=version),), ()
            )
        measured: dict[str, UsageTotal] = {}
        differences: list[str] = []
        said = recorded_usage(manifest)
        for key, usage in said.items():
            measured[key] = await self.rater.usage.total(
                tenant_id, usage.meter, usage.period, cutoff=usage.cutoff, since=usage.since
            )
            differences += _measure_differences(usage, measured[key])
        try:
            again = replayer(
                tenant_id=tenant_id,
                timelines=timelines,
                plans=versions.plans,
                addons=versions.addons,
                manifest=manifest,
                measured=measured,
            )
        except LookupError as missing:
            return Outcome(version, (Said("line {key} is no longer due", key=missing),), ())
        stood = await BilledRepository(session).stood(tenant_id, stored.summary.id)
        items = {line.line_key: line.item_key for line in stood}
        newest = newest_differences(
            stood,
            items_of(stored.content, manifest, timelines, versions),
            {
                items[key]: Measured(said[key].meter, Usage(t.quantity, t.events, t.digest))
                for key, t in measured.items()
                if key in items
            },
            manifest["currency"],
        )
        return _outcome(manifest, differences, newest, same=again == stored.body)


def _outcome(
    manifest: Mapping[str, Any], differences: Sequence[str], newest: tuple[str, ...], *, same: bool
) -> Outcome:
    found = list(differences)
    if not same:
        found.append(Said("the body differs (time zone rules {rules})", rules=tzdata_version()))
    return Outcome(manifest["rating_version"], tuple(found), newest)


def _measure_differences(said: RecordedUsage, found: Any) -> list[str]:
    differences: list[str] = []
    if found.digest != said.digest:
        differences.append(Said("line {key} was computed from other events", key=said.key))
    if quantity_text(found.quantity) != said.quantity:
        differences.append(Said("line {key} measures {found}", key=said.key, found=found.quantity))
    return differences


def _cut_differences(
    found: Replay, manifest: Mapping[str, Any], settled: Settled, spent: Collection[str]
) -> list[str]:
    """Compare what was taken back of each item with what it then owed less than was billed.

    Of an item with nothing left, because some was given back out of goodwill, less is taken.
    """
    owed, cut = found.owed(settled), manifest["cut_of_items"]
    stand = {key: said["billed_minor"] - cut.get(key, 0) for key, said in found.wanted.items()}
    return [
        Said("item {key} owed {found}, not {amount}", key=key, found=owed[key], amount=minor)
        for key, minor in stand.items()
        if owed[key] != minor and not (owed[key] < minor and key in spent)
    ]


def _spent_items(manifest: Mapping[str, Any], original: Mapping[str, Any]) -> set[str]:
    """Return the items of a note of whose lines nothing is left on the invoice."""
    cuts, already = recorded_cuts(manifest), manifest["already"]
    invoiced = billed_invoice(original, {cut.line_key: cut.item_key for cut in cuts})
    amounts = {line.key: line.amount.minor for line in invoiced.lines}
    left: Counter[str] = Counter()
    for cut in cuts:
        earlier = already.get(cut.line_key, {}).get("amount_minor", 0)
        left[cut.item_key] += amounts[cut.line_key] - earlier - cut.amount.minor
    return {item for item, minor in left.items() if not minor}

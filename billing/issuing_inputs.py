"""The manifests of drafts: everything that a document was computed from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billing.domain.documents.heading import Heading
from billing.domain.documents.manifest import cut_inputs, item_inputs, manifest, sale_inputs
from billing.domain.items import Item
from billing.domain.together import sums_of
from billing.drafts import InvoiceDraft, NoteDraft
from billing.invoicing import Convergence
from control_plane.kernel.ids import SubscriptionId


@dataclass(frozen=True, slots=True)
class Inputs:
    """Writes the manifests of one difference.

    ``through`` names the last timeline entry known of each subscription, ``choices`` are the
    tenant's own policies.
    """

    found: Convergence
    through: Mapping[SubscriptionId, int]
    choices: Mapping[str, str | int]

    def of_invoice(self, draft: InvoiceDraft, heading: Heading) -> dict[str, Any]:
        """Return an invoice's manifest."""
        keys = [(line.item_key, line.revision) for line in draft.lines]
        return {
            **self._common(heading, keys, draft.policies.body()),
            **sale_inputs(
                (t.body() for _, t in sorted(draft.sale.treatments.items())),
                draft.sale.coupons,
                draft.sale.credits,
                draft.balances,
            ),
            **self._centres(draft),
        }

    def _centres(self, draft: InvoiceDraft) -> dict[str, Any]:
        """Say how the lines were sorted by cost centre; nothing where they were not."""
        if not any(line.centres for line in draft.lines):
            return {}
        terms = self.found.centres.body(line.subscription_id for line in draft.lines)
        return {"cost_centres": terms}

    def of_note(self, draft: NoteDraft, heading: Heading) -> dict[str, Any]:
        """Return a credit note's manifest."""
        keys: dict[str, int] = {}
        for cut in draft.cuts:
            keys.setdefault(cut.item_key, cut.revision)
        return {
            **self._common(heading, list(keys.items()), draft.policies.body()),
            **cut_inputs(draft.cuts, draft.already, self.found.settled.cuts),
            "invoice": str(draft.invoice.id),
        }

    def _common(
        self, heading: Heading, keys: list[tuple[str, int]], policies: Mapping[str, str | int]
    ) -> dict[str, Any]:
        found, wanted = self.found, {key for key, _ in keys}
        items = {item.key: item for item in found.items if item.key in wanted}
        return manifest(
            heading,
            found.instant,
            through=self.through,
            versions={str(item.version_id) for item in items.values()},
            tenant_policies=self.choices,
            policies=policies,
            items=[
                item_inputs(
                    key,
                    revision,
                    found.view,
                    _differing(items.get(key), policies),
                    self._counted(items.get(key)),
                )
                for key, revision in keys
            ],
            usage=[(u.ask, u.measured) for u in found.usage if u.ask.item.key in wanted],
            progressive=found.progressive,
            sums=[
                group
                for group in sums_of(found.settled.rated)
                if any(key in wanted for key, _ in group)
            ],
        )

    def _counted(self, item: Item | None) -> dict[str, int]:
        """Return what the items came to that an item counts, as it was rated."""
        if item is None or not item.counts:
            return {}
        owed = {rated.item.key: rated.owed.minor for rated in self.found.settled.rated}
        billed = {key: self.found.view.of(key) for key in item.counts}
        standing = {key: b.amount.minor for key, b in billed.items() if b is not None}
        return {**standing, **{key: owed[key] for key in item.counts if key in owed}}


def _differing(item: Item | None, policies: Mapping[str, str | int]) -> dict[str, str | int]:
    if item is None:
        return {}
    return {k: v for k, v in item.policies.body().items() if policies.get(k) != v}

"""The fingerprint of what was shown: facts, every line, every tax, every amount due."""

from billing.changing import Quote
from billing.services.subscriptions.desk import Proposal
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.canonical import canonical_json, sha256_hex


def fingerprint(proposal: Proposal, quote: Quote) -> str:
    """Return the digest of a preview, without ids, which differ at confirmation."""
    return sha256_hex(canonical_json({"facts": dict(proposal.facts), "quote": shown(quote)}))


def shown(quote: Quote) -> dict[str, object]:
    """Return what of a quote a confirmation must find again, as JSON without floats."""
    return {
        "lines": [
            {
                "kind": line.kind.value,
                "item": line.item,
                "charge": line.charge_code,
                "start": instant_text(line.service.start),
                "end": instant_text(line.service.end),
                "amount": line.amount.minor,
                "steps": [dict(step) for step in line.steps],
            }
            for line in quote.lines
        ],
        "total": quote.total.minor,
    }

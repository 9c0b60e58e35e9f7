"""The fingerprint of what was shown: facts, every line, every tax, every amount due."""

from billing.changing import Quote
from billing.services.subscriptions.desk import Proposal
from control_plane.kernel.canonical import canonical_json, sha256_hex


def fingerprint(proposal: Proposal, quote: Quote) -> str:
    """Return the digest of a preview, without ids, which differ at confirmation."""
    said = {"facts": dict(proposal.facts), "timing": proposal.timing.value, "quote": quote.facts()}
    return sha256_hex(canonical_json(said))

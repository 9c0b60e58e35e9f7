"""How subscriptions change."""

from web.parts.billing import BillingPart


class LifePart(BillingPart):
    """Use cases: how subscriptions change."""

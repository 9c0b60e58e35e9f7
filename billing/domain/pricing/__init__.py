"""What things cost: one module per charge model, all exact, all pure. Nothing here rounds."""

from billing.domain.pricing.errors import MatrixPriceMissing
from billing.domain.pricing.flat import price_fee
from billing.domain.pricing.parts import Step, TierPart, UsagePrice
from billing.domain.pricing.tiers import price_tiers
from billing.domain.pricing.usage import price_usage
from metering.domain.usage import Usage, UsageGroup

__all__ = [
    "MatrixPriceMissing",
    "Step",
    "TierPart",
    "Usage",
    "UsageGroup",
    "UsagePrice",
    "price_fee",
    "price_tiers",
    "price_usage",
]

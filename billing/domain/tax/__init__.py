"""Tax: rates, treatments, exemptions and VAT numbers, as values."""

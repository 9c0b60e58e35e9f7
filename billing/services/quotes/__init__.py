"""Quotes: made by the vendor, frozen, accepted by the customer, or run out."""

"""Organisations that pay for others."""

from web.parts.fapiao import FapiaoPart


class GroupsPart(FapiaoPart):
    """Use cases: organisations that pay for others."""

"""What would have been, or will be."""

from web.parts.groups import GroupsPart


class WhatIfPart(GroupsPart):
    """Use cases: what would have been, or will be."""

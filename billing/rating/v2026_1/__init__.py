"""Rating version 2026.1, frozen: see README.md beside this file."""

from billing.rating.v2026_1.replay import replay

__all__ = ["replay"]

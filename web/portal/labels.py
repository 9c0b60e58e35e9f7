"""Words and tones for the states that pages show; the words are translated where they appear."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from web.i18n import N_

# Each state has a tone, which is a class of the style sheet, and its words.
STATES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "ready": ("good", N_("Ready")),
        "starting": ("warn", N_("Starting")),
        "created": ("warn", N_("Created")),
        "unhealthy": ("bad", N_("Unhealthy")),
        "stopped": ("plain", N_("Stopped")),
        "unknown": ("warn", N_("Not known")),
        "absent": ("plain", N_("Absent")),
        "removed": ("plain", N_("Removed")),
        "removing": ("warn", N_("Being removed")),
        "draining": ("warn", N_("Being drained")),
        "exporting": ("warn", N_("Being exported")),
        "pending": ("warn", N_("Pending")),
        "running": ("good", N_("Running")),
        "present": ("info", N_("Wanted")),
        "active": ("good", N_("Active")),
        "scheduled": ("info", N_("Scheduled")),
        "paused": ("warn", N_("Paused")),
        "trial": ("info", N_("Trial")),
        "given_up": ("plain", N_("Given up")),
        "accepted": ("good", N_("Accepted")),
        "declined": ("plain", N_("Declined")),
        "withdrawn": ("plain", N_("Withdrawn")),
        "quote_open": ("info", N_("Waiting for your answer")),
        "quote_sent": ("info", N_("Waiting for the customer")),
        "moved": ("good", N_("Moved")),
        "skipped": ("plain", N_("Left alone")),
        "ended": ("plain", N_("Ended")),
        "closed": ("plain", N_("Closed")),
        "open": ("season", N_("Open for booking")),
        "booked": ("season", N_("Booked")),
        "unavailable": ("plain", N_("Not available")),
        "issued": ("warn", N_("Open")),
        "paid": ("good", N_("Paid")),
        "overdue": ("bad", N_("Overdue")),
        "uncollectible": ("plain", N_("Written off")),
        "voided": ("plain", N_("Voided")),
        "credited": ("info", N_("Credited")),
        "draft": ("plain", N_("Draft")),
        "grace": ("warn", N_("In grace")),
        "void": ("plain", N_("Void")),
        "partly_paid": ("warn", N_("Partly paid")),
        "succeeded": ("good", N_("Succeeded")),
        "failed": ("bad", N_("Failed")),
        "revoked": ("plain", N_("Revoked")),
        "expired": ("plain", N_("Expired")),
        "advancing": ("warn", N_("Advancing")),
        "topup_requested": ("warn", N_("Waits for your transfer")),
        "topup_charging": ("warn", N_("By card")),
        "topup_paid": ("good", N_("Paid")),
        "topup_cancelled": ("plain", N_("Cancelled")),
        "coupon_used_up": ("plain", N_("Used up")),
        "set_aside": ("warn", N_("Set aside")),
        "membership_requested": ("warn", N_("Waits for the parent")),
        "shared_open": ("info", N_("To be consolidated")),
        "shared_consolidated": ("warn", N_("Consolidated")),
        "shared_paid": ("good", N_("Paid")),
        "shared_shown": ("plain", N_("Pays itself")),
        "standing_active": ("good", N_("In good standing")),
        "standing_grace": ("warn", N_("In grace")),
        "standing_read_only": ("bad", N_("Read-only")),
        "standing_suspended": ("bad", N_("Suspended")),
        "standing_retained": ("bad", N_("Ended, exports kept")),
        "standing_purged": ("plain", N_("Ended, exports deleted")),
        "type_counted": ("good", N_("Counted by a meter now")),
        "type_unknown": ("warn", N_("No meter yet")),
        "webhook_failing": ("warn", N_("Failing")),
        "webhook_disabled": ("plain", N_("Disabled")),
        "delivery_pending": ("warn", N_("On its way")),
        "delivery_delivered": ("good", N_("Delivered")),
        "delivery_dead": ("bad", N_("Not delivered")),
        "fapiao_requested": ("info", N_("Requested")),
        "fapiao_submitted": ("warn", N_("Being issued")),
        "fapiao_issued": ("good", N_("Issued")),
        "fapiao_reversed": ("plain", N_("Reversed")),
        "fapiao_failed": ("bad", N_("Failed")),
        "fapiao_withdrawn": ("plain", N_("Given up")),
        "fapiao_awaiting_buyer": ("warn", N_("Waits for the buyer")),
        "fapiao_confirmed": ("warn", N_("Being issued")),
        "fapiao_refused": ("bad", N_("Refused by the buyer")),
    }
)

ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "owner": N_("Owner"),
        "admin": N_("Administrator"),
        "billing": N_("Billing"),
        "viewer": N_("Viewer"),
        "operator": N_("Operator"),
        "finance": N_("Finance"),
    }
)

SCOPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "read": N_("Read everything in the organisation"),
        "write": N_("Change subscriptions, keys and the test clock"),
        "events:write": N_("Report usage events"),
        "inventory:read": N_("Read stock and documents in the modules"),
        "inventory:write": N_("Post receipts and shipments in the modules"),
    }
)

ENDPOINT_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "standard": N_("Your own program (Standard Webhooks)"),
        "dingtalk": N_("DingTalk robot"),
        "wecom": N_("WeCom robot"),
    }
)

EVENT_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "entitlements.changed": N_("Entitlements have changed"),
        "usage.threshold_reached": N_("Usage has reached a threshold"),
        "usage.forecast_exceeds": N_("Usage is likely to exceed its limit"),
        "standing.announced": N_("The account will be restricted or restored"),
        "standing.changed": N_("The account was restricted or restored"),
        "invoice.issued": N_("An invoice was issued"),
        "invoice.paid": N_("An invoice was paid"),
        "invoice.overdue": N_("An invoice is overdue"),
        "webhook.test": N_("A test message"),
    }
)

OUTCOMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "timeout": N_("No answer in time"),
        "name_not_found": N_("Host name not found"),
        "address_refused": N_("Not a public address"),
        "certificate_invalid": N_("Certificate not valid"),
        "tls_failed": N_("No TLS connection"),
        "connection_closed": N_("Connection closed without an answer"),
        "connection_failed": N_("No connection"),
        "endpoint_disabled": N_("Endpoint disabled"),
        "seal_broken": N_("Secret not readable"),
        "answer_unreadable": N_("Answer not readable"),
    }
)
"""Why a call brought no status, by code."""

MANIFEST: Final[Mapping[str, str]] = MappingProxyType(
    {
        "format": N_("Format of the manifest"),
        "rating_version": N_("Rating version"),
        "tzdata": N_("Time zone rules"),
        "at": N_("Closed at (UTC)"),
        "due_at": N_("Closed at (UTC)"),
        "after": N_("Closed before that at (UTC)"),
        "cutoff": N_("Events known: database snapshot"),
        "previous_cutoff": N_("Events known at the close before"),
        "zone": N_("Time zone"),
        "currency": N_("Currency"),
        "part": N_("Part"),
        "sha256": N_("Digest of the bytes (SHA-256)"),
    }
)
"""What a manifest's plain members are called where they are shown."""

INTERVALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "day": N_("per day"),
        "week": N_("per week"),
        "month": N_("per month"),
        "quarter": N_("per quarter"),
        "half_year": N_("per half-year"),
        "year": N_("per year"),
    }
)


def state_label(state: str) -> tuple[str, str]:
    """Return the tone and the words for a state; an unfamiliar one is shown as it is."""
    return STATES.get(state, ("plain", state))

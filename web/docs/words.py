"""Words that come from the document and are shown in both languages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from web.i18n import N_

TAGS: Final = (
    N_("Organisation"),
    N_("Catalogue"),
    N_("Subscriptions"),
    N_("Entitlements"),
    N_("Usage"),
    N_("Invoices"),
    N_("Payments"),
    N_("Instances"),
    N_("API keys"),
    N_("Audit"),
    N_("Test clock"),
    N_("Staff"),
    N_("Services"),
    N_("Health"),
)
"""Tags in the order in which a reader needs them; one that is not here comes last, as it is."""

PLACES: Final[Mapping[str, str]] = MappingProxyType(
    {"path": N_("path"), "query": N_("query"), "header": N_("header"), "body": N_("body")}
)

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

REFUSALS: Final = (
    ("400", N_("The request cannot be taken as it is; 'errors' names the fields.")),
    ("401", N_("No valid credential came with the request.")),
    ("403", N_("Your role, or the key's scopes, do not include the permission.")),
    ("404", N_("The id names nothing that you can see.")),
    ("409", N_("It contradicts what is there, or was made for a state that has passed.")),
    ("413", N_("The body holds more than is taken at once.")),
    ("415", N_("The body's media type or encoding is not one of those that are read.")),
    ("429", N_("A limit is reached. Retry-After says when to try again.")),
    ("503", N_("Something this needs does not answer now. Try again under the same key.")),
)
"""What each status of a refusal means, whatever the operation."""

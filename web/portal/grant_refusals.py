"""What finance's forms of grants refuse: told at the field, by its label, with what was typed."""

from collections.abc import Iterator
from contextlib import contextmanager

from control_plane.entitlements.errors_grants import GrantInvalid
from control_plane.kernel.anchor import Interval
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.said import Said
from web.i18n import N_
from web.portal.cycles import OFTEN
from web.portal.forms import Submitted

_LONGEST = 60
_UNITS = N_(
    "Give whole numbers, “at least” no greater than “at most”, and only of a feature that is "
    "counted by the day or longer."
)
_FIELDS = {
    "value": (
        N_("Value"),
        N_("Give what fits the feature: yes, units above 0, a choice, or a rate as in 2.5/9."),
    ),
    "reason": (N_("Reason"), N_("Say why, in 1 to 200 characters.")),
    "starts_at": (
        N_("From"),
        N_("Give a time that is still ahead by the customer's clock, or leave it empty."),
    ),
    "expires_at": (N_("Until"), N_("Give a time after the beginning, or leave it empty.")),
    "ends_at": (N_("Until"), N_("Give a time after the beginning, or leave it empty.")),
    "priority": (N_("Priority"), N_("Give a whole number from 0 to 1,000.")),
    "every": (
        N_("How often"),
        N_("Choose “once”: only what is counted by the day or longer comes again."),
    ),
    "rollover_most": (N_("Carried over at most"), _UNITS),
    "rollover_least": (N_("Made up to at least"), _UNITS),
}
"""The label of every field, and what to do where it is refused."""

_CALLED = {"rollover": ("rollover_most", "rollover_least"), "expires_at": ("expires_at", "ends_at")}
"""The fields of forms that hold what a use case calls by one name."""


class GrantFieldRefused(TallyardError):
    """A field of a form of grants holds what no grant or override can have."""

    code = "grant_invalid"
    kind = ErrorKind.INVALID
    message = "“{label}” cannot be {value}. {advice}"
    remedy = "Correct this field and send the form again."


@contextmanager
def told_by_label(form: Submitted) -> Iterator[None]:
    """Tell what the block refuses of a grant at the form's own field.

    Raises:
        GrantFieldRefused: the block raised `GrantInvalid`.
    """
    try:
        yield
    except GrantInvalid as error:
        named = _CALLED.get(error.field or "", (error.field or "",))
        typed = [name for name in named if form.one(name)] or [n for n in named if n in form.fields]
        if not typed or typed[0] not in _FIELDS:
            raise
        raise field_refused(typed[0], form.one(typed[0])) from error


def field_refused(name: str, typed: str) -> GrantFieldRefused:
    """Return the refusal of what was typed into a field."""
    label, advice = _FIELDS[name]
    return GrantFieldRefused(
        label=Said(label), value=_shown(name, typed), advice=Said(advice), field=name
    )


def _shown(name: str, typed: str) -> str:
    if not typed:
        return Said(N_("empty"))
    if name == "every" and typed in set(Interval):
        return Said(OFTEN[Interval(typed)])
    shown = typed.replace("T", " ") if name.endswith("_at") else typed
    return f"“{shown[:_LONGEST]}”"

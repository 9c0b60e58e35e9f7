"""Billing terms as a form says them, and what they would change of those that are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from billing.domain.records import Account
from billing.services.invoicing.set_billing_terms import LONGEST_GRACE
from control_plane.catalog.errors import PolicyValueUnknown
from control_plane.catalog.policies import DEFAULTS, POLICY_NAMES, policy_choices
from control_plane.kernel.currency import Currency
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.money import Money
from web.i18n import N_, translate
from web.portal.fields import read_field
from web.portal.forms import Submitted
from web.portal.policy_words import ordered_names, policy_title, policy_words

_HOUR = timedelta(hours=1)
_DIGITS = 6


class GraceInvalid(TallyardError):
    """A text is no grace period."""

    code = "grace_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” is no number of hours to wait."
    remedy = "Give whole hours from 0 to {most}."


class ThresholdInvalid(TallyardError):
    """An amount cannot be a threshold."""

    code = "threshold_invalid"
    kind = ErrorKind.INVALID
    message = "{value} cannot be a threshold."
    remedy = "Give an amount above zero, or nothing to invoice at the period's end only."


@dataclass(frozen=True, slots=True)
class AskedTerms:
    """What is asked for. ``policies`` are the customer's own choices, all others are usual."""

    grace: timedelta
    threshold: Money | None
    policies: Mapping[str, str | int]

    @classmethod
    def read(cls, form: Submitted, code: Currency) -> "AskedTerms":
        """Read a form.

        Raises:
            GraceInvalid, ThresholdInvalid, PolicyValueUnknown: as named, at its field.
            TallyardError: the threshold is no amount.
        """
        threshold = read_field(
            form.one("threshold"), "threshold", lambda text: Money.parse(text, code)
        )
        if threshold is not None and threshold.minor <= 0:
            raise ThresholdInvalid(value=threshold, field="threshold")
        policies = {
            name: _policy(name, form.one(name)) for name in ordered_names() if form.one(name)
        }
        DEFAULTS.over(policies)
        return cls(_grace(form.one("grace_hours") or "0"), threshold, policies)

    @classmethod
    def of(cls, account: Account | None, code: Currency) -> "AskedTerms":
        """Return what is kept."""
        if account is None:
            return cls(timedelta(0), None, {})
        minor = account.threshold_minor
        kept = {name: value for name, value in account.policies.items() if name in POLICY_NAMES}
        return cls(account.grace, None if minor is None else Money(minor, code), kept)

    @property
    def hours(self) -> int:
        """The grace period in whole hours."""
        return self.grace // _HOUR


def _grace(text: str) -> timedelta:
    most = LONGEST_GRACE // _HOUR
    if not (text.isascii() and text.isdigit() and int(text[:_DIGITS]) <= most):
        raise GraceInvalid(value=text[:20], most=most, field="grace_hours")
    return int(text) * _HOUR


def _policy(name: str, text: str) -> str | int:
    if policy_choices(name):
        return text
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise PolicyValueUnknown(policy=name, value=text[:20], known="0 … 365", field=name)
    return int(text)


def changes(before: AskedTerms, after: AskedTerms, language: str) -> tuple[tuple[str, str], ...]:
    """Say what differs, each as ``before → after``; nothing where nothing does."""
    pairs = [
        (N_("Grace period"), _hours(before, language), _hours(after, language)),
        (N_("Threshold"), _amount(before, language), _amount(after, language)),
    ]
    said = [(translate(language, title), was, now) for title, was, now in pairs]
    usual = DEFAULTS.body()
    for name in ordered_names():
        was, now = (
            policy_words(name, terms.policies.get(name, usual[name]), language)
            for terms in (before, after)
        )
        said.append((policy_title(name, language), was, now))
    return tuple((title, f"{was} → {now}") for title, was, now in said if was != now)


def _hours(terms: AskedTerms, language: str) -> str:
    return translate(language, N_("{count} hours"), count=terms.hours)


def _amount(terms: AskedTerms, language: str) -> str:
    return str(terms.threshold) if terms.threshold else translate(language, N_("none"))

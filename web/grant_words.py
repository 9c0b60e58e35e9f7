"""What is granted of a feature in words, and as people type it."""

from decimal import Decimal

from control_plane.catalog.domain import Feature, FeatureKind, Grant, Rate, ValueType
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.exact import InvalidNumber, exact_decimal, quantity_text
from web.i18n import N_, filled, translate

_TEXTS = {ValueType.STRING, ValueType.CHOICE}


class ValueUnreadable(TallyardError):
    """A text is no value of a feature."""

    code = "value_unreadable"
    kind = ErrorKind.INVALID
    message = "“{value}” is no value of this feature."
    remedy = "Write yes, a number, a text, or a rate and its burst as in 2.5/9."


def value_from(text: str, feature: Feature, *, override: bool = False) -> Grant:
    """Read a value of a feature: ``yes``, a number, a text, ``2.5/9``; ``no`` overrides only.

    Raises:
        ValueUnreadable: it is none.
    """
    if override and text == "no":
        return False
    if feature.kind is FeatureKind.CONFIGURATION and feature.type in _TEXTS:
        return text
    try:
        return _number(text, feature)
    except InvalidNumber as error:
        raise ValueUnreadable(value=text[:60], field="value") from error


def _number(text: str, feature: Feature) -> Grant:
    if feature.kind is FeatureKind.BOOLEAN:
        if text == "yes":
            return True
        raise ValueUnreadable(value=text[:60], field="value")
    if feature.kind is not FeatureKind.RATE:
        return exact_decimal(text)
    rate, _, burst = text.partition("/")
    per_second = exact_decimal(rate)
    return Rate(per_second, exact_decimal(burst) if burst else max(per_second, Decimal(1)))


def value_text(value: Grant) -> str:
    """Write a value as `value_from` reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Rate):
        return f"{quantity_text(value.per_second)}/{quantity_text(value.burst)}"
    return value if isinstance(value, str) else quantity_text(value)


def value_words(value: Grant, language: str) -> str:
    """Say a value in words."""
    if isinstance(value, bool):
        return translate(language, N_("Yes") if value else N_("No"))
    if isinstance(value, Rate):
        numbers = {"rate": quantity_text(value.per_second), "burst": quantity_text(value.burst)}
        return filled(language, N_("{rate} a second, {burst} at once"), numbers)
    return value if isinstance(value, str) else quantity_text(value)

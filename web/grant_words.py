"""What is granted of a feature in words, and as people type it."""

from decimal import Decimal

from babel.numbers import format_decimal

from control_plane.catalog.domain import Feature, FeatureKind, Grant, Mode, Rate, ValueType
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.exact import InvalidNumber, exact_decimal, quantity_text
from web.i18n import LOCALES, N_, translate

_TEXTS = {ValueType.STRING, ValueType.CHOICE}
_PER = {
    "minute": N_("{value} a minute"),
    "hour": N_("{value} an hour"),
    "day": N_("{value} a day"),
    "week": N_("{value} a week"),
    "month": N_("{value} a month"),
    "quarter": N_("{value} a quarter"),
    "year": N_("{value} a year"),
    "ever": N_("{value} in all"),
}
_WITHIN = (
    (3_600, N_("the last hour"), N_("the last {count} hours")),
    (60, N_("the last minute"), N_("the last {count} minutes")),
    (1, N_("the last second"), N_("the last {count} seconds")),
)


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


def granted_words(value: Grant, feature: Feature | None, language: str) -> str:
    """Say what is granted of a feature, and by what it is counted: ``150 a day``.

    Of a feature that left the catalogue the bare value is told.
    """
    if isinstance(value, bool):
        return translate(language, N_("Yes") if value else N_("No"))
    if isinstance(value, Rate):
        return translate(
            language,
            N_("{rate} a second, {burst} at once"),
            rate=_figure(value.per_second, language),
            burst=_figure(value.burst, language),
        )
    if isinstance(value, str):
        return value
    if feature is None:
        return _figure(value, language)
    words = _counted(_figure(value, language), feature, language)
    soft = feature.kind is FeatureKind.METERED and feature.mode is Mode.SOFT
    return translate(language, N_("{limit}, may be passed"), limit=words) if soft else words


def _counted(value: str, feature: Feature, language: str) -> str:
    if feature.rolling_seconds is not None:
        time = _time_words(feature.rolling_seconds, language)
        return translate(language, N_("{value} within {time}"), value=value, time=time)
    if feature.kind is FeatureKind.CONCURRENCY:
        return translate(language, N_("{value} at once"), value=value)
    per = _PER.get(feature.per or "")
    return value if per is None else translate(language, per, value=value)


def _time_words(seconds: int, language: str) -> str:
    size, one, many = next(unit for unit in _WITHIN if seconds % unit[0] == 0)
    count = seconds // size
    return translate(language, one) if count == 1 else translate(language, many, count=count)


def _figure(value: Decimal, language: str) -> str:
    return format_decimal(value, locale=LOCALES[language], decimal_quantization=False)

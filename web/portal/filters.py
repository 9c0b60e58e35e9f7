"""Filters that write values for people: money, quantities, dates, in the page's language and zone.

All take the context, so that Jinja cannot fold them at compile time; the language and the zone
come from the page's ``shell``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final, cast
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_currency, format_decimal, format_percent
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from billing.reporting.sheet_csv import percentage
from control_plane.kernel.money import Money
from control_plane.kernel.period import Period
from web.i18n import LOCALES, listing
from web.portal.views.shell import Shell

_NUMBER: Final = re.compile(r"(?=[A-Za-z0-9-]*[0-9])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+")
"""Words joined by hyphens with a figure among them, such as ``INV-2026-000001``."""


def _shell(context: Context) -> Shell:
    return cast("Shell", context["shell"])


def _locale(context: Context) -> Locale:
    return LOCALES[_shell(context).language]


def _zone(context: Context) -> ZoneInfo:
    return ZoneInfo(_shell(context).zone)


@pass_context
def money(context: Context, amount: Money) -> str:
    """Write an amount with its currency: ``CN¥1,999.00``, in Chinese ``¥1,999.00``."""
    return format_currency(
        Decimal(amount.decimal_text()), amount.currency.code, locale=_locale(context)
    )


@pass_context
def signed_money(context: Context, amount: Money) -> str:
    """Write an amount with a plus or a true minus sign in front, as differences are written."""
    text = format_currency(
        abs(Decimal(amount.decimal_text())), amount.currency.code, locale=_locale(context)
    )
    sign = "+" if amount.minor > 0 else "\N{MINUS SIGN}" if amount.minor < 0 else ""
    return f"{sign}{text}"


@pass_context
def number(context: Context, quantity: Decimal | int) -> str:
    """Write a quantity with grouping and every decimal it has."""
    return format_decimal(quantity, locale=_locale(context), decimal_quantization=False)


@pass_context
def ratio(context: Context, value: Fraction) -> str:
    """Write a ratio in percent with one decimal: ``87.3%``; rounded half away from zero."""
    share = Decimal(percentage(value)).scaleb(-2)
    return format_percent(share, format="#,##0.0%", locale=_locale(context))


def unbroken(title: str) -> Markup:
    """Keep a document's number whole where a title wraps: lines break after its hyphens else."""
    return Markup(_NUMBER.sub(r'<span class="nowrap">\g<0></span>', str(escape(title))))  # noqa: S704 - escaped


@pass_context
def day(context: Context, value: date | datetime) -> str:
    """Write a day; an instant is taken in the organisation's zone."""
    if isinstance(value, datetime):
        value = value.astimezone(_zone(context)).date()
    return format_date(value, format="medium", locale=_locale(context))


@pass_context
def short_day(context: Context, value: date) -> str:
    """Write day and month, as below a chart: ``Jun 18``, ``6/18``."""
    return format_skeleton("Md", value, locale=_locale(context))


@pass_context
def month_name(context: Context, value: date) -> str:
    """Write the month's short name."""
    return format_skeleton("MMM", value, locale=_locale(context))


@pass_context
def month_year(context: Context, value: date) -> str:
    """Write month and year: ``June 2026``, ``2026年6月``."""
    return format_skeleton("yMMMM", value, locale=_locale(context))


@pass_context
def moment(context: Context, value: datetime, zone: str | None = None) -> str:
    """Write an instant to the minute in the organisation's zone, or in another that is named."""
    return format_datetime(
        value,
        format="d MMM y HH:mm" if _shell(context).language == "en" else "y年M月d日 HH:mm",
        tzinfo=_zone(context) if zone is None else ZoneInfo(zone),
        locale=_locale(context),
    )


@pass_context
def span(context: Context, period: Period) -> str:
    """Write a period by its first and last local day: ``Jan 10, 2026`` to ``Feb 9, 2026``."""
    zone = _zone(context)
    first = period.start.astimezone(zone).date()
    last_instant = period.end.astimezone(zone)
    days = period.days(_shell(context).zone)
    last = days[-1] if days else last_instant.date()
    locale = _locale(context)
    return " \N{EN DASH} ".join(
        format_date(d, format="medium", locale=locale) for d in (first, last)
    )


@pass_context
def listed(context: Context, values: Iterable[object]) -> str:
    """Write a list in the language's own way: ``a, b``, in Chinese with the mark for lists."""
    return listing(_shell(context).language, values)


@pass_context
def iso(_context: Context, value: date | datetime) -> str:
    """Write the machine form for ``datetime`` attributes."""
    return value.isoformat()


FILTERS: Final[Mapping[str, Callable[..., str]]] = MappingProxyType(
    {
        "money": money,
        "signed_money": signed_money,
        "number": number,
        "ratio": ratio,
        "day": day,
        "short_day": short_day,
        "month_name": month_name,
        "month_year": month_year,
        "moment": moment,
        "span": span,
        "listed": listed,
        "iso": iso,
        "unbroken": unbroken,
    }
)

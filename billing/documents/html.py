"""A document as one HTML page: no script, nothing from elsewhere, printable on A4."""

import base64
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from billing.documents.logos import Logo
from billing.documents.payment_code import code_svg
from billing.documents.sheet import Sheet


def render_html(sheet: Sheet, logo: Logo | None = None) -> bytes:
    """Write a sheet as a page in UTF-8; pictures are inside it."""
    page = (
        _environment()
        .get_template("document.html")
        .render(
            d=sheet.data,
            w=sheet.data["words"],
            qr=None if sheet.code is None else _qr(sheet),
            logo=None if logo is None else _inline(logo),
        )
    )
    return page.encode()


def _qr(sheet: Sheet) -> Markup:
    """Return the QR code as a picture that a screen reader can name."""
    drawn = code_svg(sheet.code or "").decode()
    size = drawn.split('width="')[1].split('"')[0]
    label = Markup.escape(sheet.data["pay"]["alt"])
    sharp = f'viewBox="0 0 {size} {size}" shape-rendering="crispEdges"'
    opening = f'<svg role="img" aria-label="{label}" {sharp} '
    return Markup(drawn.replace("<svg ", opening, 1))  # noqa: S704 - drawn by us, its label escaped


def _inline(logo: Logo) -> str:
    return f"data:{logo.media_type};base64,{base64.b64encode(logo.content).decode()}"


@cache
def _environment() -> Environment:
    found: Any = Environment(
        loader=PackageLoader("billing.documents", ""),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return found  # type: ignore[no-any-return]

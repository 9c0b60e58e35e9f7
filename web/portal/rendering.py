"""Templates to HTML: one Jinja environment for each language, and versioned static addresses."""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from web.i18n import HTML_LANGUAGES, LANGUAGES, translations
from web.portal import labels
from web.portal.filters import FILTERS
from web.portal.views.shell import Form, Shell

STATIC: Final = Path(__file__).resolve().parent.parent / "static"
TEMPLATES: Final = Path(__file__).resolve().parent.parent / "templates"

PAGE_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie, X-Fragment",
}
"""What every page says beside the security headers that the edge adds to all answers."""


@lru_cache(maxsize=64)
def static_url(path: str) -> str:
    """Return the address of a static file, carrying the hash of its content."""
    digest = sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


@lru_cache(maxsize=len(LANGUAGES))
def environment(language: str) -> Environment:
    """Return the environment for a language; an undefined name in a template is an error."""
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    jinja.install_gettext_translations(  # type: ignore[attr-defined]  # added by the extension
        translations(language), newstyle=True
    )
    jinja.filters.update(FILTERS)
    jinja.globals.update(
        static=static_url,
        blank=Form(),
        html_language=HTML_LANGUAGES[language],
        languages=LANGUAGES,
        state_label=labels.state_label,
        role_labels=labels.ROLES,
        scope_labels=labels.SCOPES,
        interval_labels=labels.INTERVALS,
        event_labels=labels.EVENT_TYPES,
        outcome_labels=labels.OUTCOMES,
    )
    return jinja


def render(name: str, shell: Shell, **values: object) -> str:
    """Render a whole page in the shell's language."""
    return environment(shell.language).get_template(name).render(shell=shell, **values)


def render_fragment(name: str, fragment: str, shell: Shell, **values: object) -> str | None:
    """Render one block of a page's own template; None when it has no such block."""
    template = environment(shell.language).get_template(name)
    block = template.blocks.get(f"fragment_{fragment}")
    if block is None:
        return None
    parts: Iterator[str] = block(template.new_context({"shell": shell, **values}))
    return "".join(parts)

"""Texts that come in from outside: what a sku, a reference and a key may look like."""

from control_plane.kernel.errors import ErrorKind, TallyardError

LONGEST_SKU = 64
LONGEST_REFERENCE = 200


class TextInvalid(TallyardError):
    """A text is empty, too long, or has characters that cannot be printed."""

    code = "text_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” is not a text of 1 to {longest} printable characters."
    remedy = "Shorten it, and leave out control characters and spaces at its ends."


def is_plain(text: str, longest: int) -> bool:
    """Whether a text has 1 to ``longest`` printable characters and no space at its ends."""
    return 0 < len(text) <= longest and text.isprintable() and text == text.strip()


def check_text(text: str, longest: int, *, field: str) -> str:
    """Return ``text``.

    Raises:
        TextInvalid: see ``is_plain``.
    """
    if not is_plain(text, longest):
        raise TextInvalid(field=field, value=shorten(text), longest=longest)
    return text


def shorten(text: str, longest: int = 80) -> str:
    """Return a text for an error message: printable, and cut where it is long."""
    shown = "".join(letter if letter.isprintable() else "�" for letter in text[:longest])
    return shown if len(text) <= longest else f"{shown}…"

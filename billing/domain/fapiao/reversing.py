"""Red fapiao: what is taken back of one blue one, at its own rates."""

from collections.abc import Iterable, Sequence

from billing.domain.fapiao.composing import Note
from billing.domain.fapiao.content import FapiaoContent, FapiaoLine

Key = tuple[str, str]


class RedExceedsBlue(AssertionError):
    """A credit note takes back more of a fapiao's line than stands on it, which none may."""


def red_of_note(
    blue: FapiaoContent,
    invoice: str,
    note: Note,
    reds: Iterable[FapiaoContent],
    *,
    in_part: bool = False,
) -> FapiaoContent:
    """Return the negative lines that a credit note makes of the blue fapiao over its invoice.

    Args:
        blue: the fapiao that covers the corrected invoice.
        invoice: that invoice's number.
        note: what the credit note took.
        reds: what was taken back before, or is about to be.
        in_part: whether the fapiao covers a part of the invoice only, the rest being paid with
            a prepaid card: then no more goes back than stands on it.

    Raises:
        RedExceedsBlue: more would be taken back than is left of a line.
    """
    left, named = _left(blue, reds), _named(blue)
    entries = []
    for line in note.lines:
        key = (invoice, line.key)
        net, tax = left.get(key, (0, 0))
        taken = line.net_minor, line.tax_minor
        if in_part:
            taken = min(line.net_minor, net), min(line.tax_minor, tax)
        if taken[0] > net or taken[1] > tax:
            raise RedExceedsBlue(f"{line.key} of {invoice} by {note.number}")
        if any(taken):
            entries.append((named[key], *taken))
    return _negative(entries)


def red_of_rest(blue: FapiaoContent, reds: Iterable[FapiaoContent]) -> FapiaoContent:
    """Return the negative lines that take back everything that is left of a blue fapiao."""
    left, named = _left(blue, reds), _named(blue)
    return _negative([(named[key], net, tax) for key, (net, tax) in left.items() if net or tax])


def _left(blue: FapiaoContent, reds: Iterable[FapiaoContent]) -> dict[Key, tuple[int, int]]:
    """Return what is left of every line, net and tax, its discount taken off."""
    left: dict[Key, tuple[int, int]] = {}
    for line in (line for content in (blue, *reds) for line in content.lines):
        key = (line.source, line.key)
        net, tax = left.get(key, (0, 0))
        left[key] = net + line.net_minor, tax + line.tax_minor
    return left


def _named(blue: FapiaoContent) -> dict[Key, FapiaoLine]:
    return {(x.source, x.key): x for x in blue.lines if x.discount_of is None}


def _negative(entries: Sequence[tuple[FapiaoLine, int, int]]) -> FapiaoContent:
    return FapiaoContent(
        tuple(
            FapiaoLine(
                position=position,
                name=of.name,
                code=of.code,
                unit=None,
                quantity=None,
                net_minor=-net,
                rate=of.rate,
                tax_minor=-tax,
                source=of.source,
                key=of.key,
            )
            for position, (of, net, tax) in enumerate(entries, start=1)
        )
    )

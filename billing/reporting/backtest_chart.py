"""A backtest as a drawing: who would pay more, who less, and by how much. No float is involved."""

from collections.abc import Iterator, Sequence
from html import escape

from billing.domain.numbers import grouped
from billing.domain.whatif.backtest import Backtest, Outcome
from control_plane.kernel.currency import Currency

MOST_BARS = 30
_WIDTH, _ROW, _TOP, _LABEL, _AMOUNT = 860, 26, 64, 220, 150
_LONGEST_NAME = 24

_STYLE = """
text{font:13px system-ui,"Noto Sans CJK SC",sans-serif;fill:#1c2430}
.t{font-size:16px;font-weight:600}.s{fill:#5a6675}.a{stroke:#aab4c0}
.up{fill:#b4532a}.down{fill:#2a7a5e}
@media (prefers-color-scheme:dark){text{fill:#e8ecf1}.s{fill:#9aa7b5}.a{stroke:#4a5663}
.up{fill:#e58a5f}.down{fill:#58b892}}
"""


def backtest_chart(found: Backtest, of: Currency, title: str, subtitle: str) -> str:
    """Draw one currency's largest differences, at most `MOST_BARS`, as an SVG of its own."""
    chosen = [o for o in found.outcomes if o.before.currency == of and o.difference.minor]
    shown = chosen[:MOST_BARS]
    height = _TOP + _ROW * max(1, len(shown)) + 16
    axis = _LABEL + (_WIDTH - _LABEL - _AMOUNT) // 2
    body = "".join(_rows(shown, axis))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}"><style>{_STYLE}</style>'
        f'<text class="t" x="16" y="26">{escape(title)}</text>'
        f'<text class="s" x="16" y="46">{escape(subtitle)}</text>'
        f'<line class="a" x1="{axis}" x2="{axis}" y1="{_TOP - 6}" y2="{height - 12}"/>'
        f"{body}</svg>\n"
    )


def _rows(shown: Sequence[Outcome], axis: int) -> Iterator[str]:
    room = (_WIDTH - _LABEL - _AMOUNT) // 2 - 8
    largest = max((abs(outcome.difference.minor) for outcome in shown), default=1)
    for place, outcome in enumerate(shown):
        change = outcome.difference
        y = _TOP + place * _ROW
        length = max(1, abs(change.minor) * room // largest)
        start, kind = (axis, "up") if change.minor > 0 else (axis - length, "down")
        amount = f"{'+' if change.minor > 0 else ''}{grouped(change.decimal_text())}"
        yield (
            f'<text x="16" y="{y + 15}">{escape(_short(outcome.customer))}</text>'
            f'<rect class="{kind}" x="{start}" y="{y + 4}" width="{length}" height="14" rx="2"/>'
            f'<text x="{_WIDTH - 16}" y="{y + 15}" text-anchor="end">{amount}</text>'
        )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"

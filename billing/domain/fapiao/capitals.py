"""Amounts in Chinese capitals (大写金额), as a fapiao and a cheque write them.

Source: 正确填写票据和结算凭证的基本规定 (People's Bank of China, 1997), sections one and two. Where
it leaves a choice, this is how the tax platform prints: 圆, 整 after 圆 or 角, and no 零 where the
rule permits one and does not demand it.
"""

from control_plane.kernel.money import Money

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("仟", "佰", "拾", "")
_WAN, _YI = 10_000, 100_000_000
_FEN_PER_YUAN, _FEN_PER_JIAO = 100, 10
NEGATIVE = "（负数）"  # noqa: RUF001 - the full-width brackets that a red fapiao prints


def capital_amount(amount: Money) -> str:
    """Write an amount of CNY: ``1409.50`` is 壹仟肆佰零玖圆伍角整.

    A middle run of zeros is one 零, and so is a missing 角 before a 分; a red fapiao's amount has
    （负数） in front.

    Raises:
        ValueError: the amount is not in CNY.
    """  # noqa: RUF002 - as above
    if amount.currency.code != "CNY":
        raise ValueError(f"{amount} has no form in Chinese capitals")
    yuan, rest = divmod(abs(amount.minor), _FEN_PER_YUAN)
    jiao, fen = divmod(rest, _FEN_PER_JIAO)
    text = f"{_whole(yuan)}圆" if yuan or not rest else ""
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    elif fen and yuan:
        text += "零"
    text += f"{_DIGITS[fen]}分" if fen else "整"
    return f"{NEGATIVE}{text}" if amount.minor < 0 else text


def _whole(number: int) -> str:
    """Write a whole number, by 亿 and then by 万."""
    for size, word in ((_YI, "亿"), (_WAN, "万")):
        if number >= size:
            head, tail = divmod(number, size)
            gap = "零" if 0 < tail < size // 10 else ""
            return f"{_whole(head)}{word}{gap}{_whole(tail) if tail else ''}"
    return _section(number) if number else "零"


def _section(number: int) -> str:
    """Write a number below ten thousand; zeros before its first digit are the caller's."""
    text, pending = "", False
    for place, digit in zip(_PLACES, f"{number:04d}", strict=True):
        if digit == "0":
            pending = bool(text)
            continue
        text += ("零" if pending else "") + _DIGITS[int(digit)] + place
        pending = False
    return text

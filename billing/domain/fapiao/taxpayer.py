"""The taxpayer's number (纳税人识别号): the unified social credit code of GB 32100-2015."""

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V and Z
_LENGTH = 18
_MODULUS = 31


def is_taxpayer_number(text: str) -> bool:
    """Tell whether a text is a unified social credit code whose check character is right.

    Source: GB 32100-2015, section 5 and annex A: the weights are the powers of 3 modulo 31.
    """
    values = [_ALPHABET.find(character) for character in text]
    if len(values) != _LENGTH or min(values) < 0:
        return False
    weighted = sum(
        value * pow(3, place, _MODULUS) for place, value in enumerate(values[: _LENGTH - 1])
    )
    return values[-1] == -weighted % _MODULUS

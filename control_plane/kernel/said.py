"""Sentences that the program itself makes, which every reader gets in their own language."""

from typing import Self


class Said(str):
    """An English sentence that remembers its ``template`` and ``fields``.

    It is a text like any other to whoever compares, logs or sends it; the edge looks the template
    up in the reader's language and fills it again. The template is the msgid.
    """

    __slots__ = ("fields", "template")

    template: str
    fields: dict[str, object]

    def __new__(cls, template: str, /, **fields: object) -> Self:
        """Fill ``{name}`` placeholders of the template."""
        sentence = super().__new__(cls, template.format(**fields))
        sentence.template = template
        sentence.fields = fields
        return sentence

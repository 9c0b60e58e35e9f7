"""The reference's page as values: sections by tag, operations, their inputs and answers."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from web.docs.examples import curl_example, example_of
from web.docs.schema import Schema, shape_of
from web.docs.words import TAGS

_METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class FieldView:
    """A parameter, or a member of a body."""

    name: str
    place: str
    kind: str
    required: bool
    note: str


@dataclass(frozen=True, slots=True)
class AnswerView:
    """What may come back; ``example`` is JSON text, empty where there is nothing to show."""

    status: str
    text: str
    media: str
    example: str


@dataclass(frozen=True, slots=True)
class OperationView:
    """One method on one path."""

    anchor: str
    method: str
    path: str
    title: str
    paragraphs: tuple[str, ...]
    permission: str
    fields: tuple[FieldView, ...]
    answers: tuple[AnswerView, ...]
    curl: str

    @property
    def success(self) -> AnswerView | None:
        """The answer when all is well."""
        return next((a for a in self.answers if a.status.startswith("2")), None)

    @property
    def refusals(self) -> tuple[AnswerView, ...]:
        """The refusals that are this operation's own, by status."""
        return tuple(a for a in self.answers if a.status.startswith("4"))


@dataclass(frozen=True, slots=True)
class SectionView:
    """The operations under one tag."""

    title: str
    anchor: str
    operations: tuple[OperationView, ...]


def sections(document: Schema) -> tuple[SectionView, ...]:
    """Arrange the whole document, in the order in which a reader needs it."""
    grouped: dict[str, list[OperationView]] = {}
    for path, method, operation in _operations(document):
        tag = operation.get("tags", ["Other"])[0]
        grouped.setdefault(tag, []).append(_operation(path, method, operation, document))
    ranks = {tag: rank for rank, tag in enumerate(TAGS)}
    return tuple(
        SectionView(tag, _slug(tag), tuple(grouped[tag]))
        for tag in sorted(grouped, key=lambda tag: (ranks.get(tag, len(ranks)), tag))
    )


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path in sorted(document["paths"]):
        for method in _METHODS:
            if method in document["paths"][path]:
                yield path, method, document["paths"][path][method]


def _operation(path: str, method: str, operation: Schema, document: Schema) -> OperationView:
    schemas = document["components"]["schemas"]
    first, *rest = operation["description"].split("\n\n")
    return OperationView(
        anchor=_slug(f"{method} {path}"),
        method=method.upper(),
        path=path,
        title=operation["summary"],
        paragraphs=(first.removeprefix(operation["summary"]).strip(), *rest),
        permission=operation.get("x-permission", ""),
        fields=(*_parameters(operation, schemas), *_members(operation, schemas)),
        answers=tuple(_answer(s, a, schemas) for s, a in sorted(operation["responses"].items())),
        curl=curl_example(path, method, operation, schemas),
    )


def _parameters(operation: Schema, schemas: Mapping[str, Any]) -> Iterator[FieldView]:
    for parameter in operation.get("parameters", []):
        schema = parameter.get("schema", {})
        yield FieldView(
            name=parameter["name"],
            place=parameter["in"],
            kind=kind_of(schema, schemas),
            required=bool(parameter.get("required")),
            note=_note(schema, parameter.get("description", "")),
        )


def _members(operation: Schema, schemas: Mapping[str, Any]) -> Iterator[FieldView]:
    for media in operation.get("requestBody", {}).get("content", {}).values():
        shape = shape_of(media["schema"], schemas)
        shape = shape_of(shape.get("items", {}), schemas) if "items" in shape else shape
        required = shape.get("required", [])
        for name, schema in shape.get("properties", {}).items():
            yield FieldView(
                name=name,
                place="body",
                kind=kind_of(schema, schemas),
                required=name in required,
                note=_note(schema, schema.get("description", "")),
            )
        return


def _answer(status: str, answer: Schema, schemas: Mapping[str, Any]) -> AnswerView:
    for media, content in answer.get("content", {}).items():
        schema = content.get("schema", {})
        shown = status.startswith("2") and media.endswith("json")
        shape = shape_of(schema, schemas)
        inner = shape_of(shape.get("items", {}), schemas) if "items" in shape else shape
        text = inner.get("description", "") if shown else answer["description"]
        text = f"A list. Each: {text}" if inner is not shape and text else text
        example = _pretty(example_of(schema, schemas)) if shown else ""
        return AnswerView(status, text or answer["description"], media, example)
    return AnswerView(status, answer["description"], "", "")


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def kind_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """Name a schema's type in a word or two: ``string``, ``list of string``, ``AddonView``."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for union in ("oneOf", "anyOf"):
        if union in schema:
            kinds = (kind_of(option, schemas) for option in schema[union])
            return " | ".join(dict.fromkeys(kinds))
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {kind_of(schema.get('items', {}), schemas)}"
    return " | ".join(kind) if isinstance(kind, list) else str(kind)


def _note(schema: Mapping[str, Any], text: str) -> str:
    default = schema.get("default")
    parts = [text] if text else []
    if default is not None:
        parts.append(f"Default: {json.dumps(default, ensure_ascii=False)}.")
    return " ".join(parts)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")

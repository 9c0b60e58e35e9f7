"""Plausible values for every shape of the API: the reference shows them, tests send them."""

import json
import shlex
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from web.docs.schema import shape_of

_LETTERS: Final = "01m3x7k2v9q4w8e5r6t1y0zabc"
_BY_NAME: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "plan_code": "growth",
        "addon_code": "peak_618",
        "interval": "month",
        "currency": "CNY",
        "email": "bella@example.com",
        "password": "correct horse battery staple",
        "organisation_name": "Bella Pizza",
        "language": "en",
        "zone": "Asia/Shanghai",
        "role": "viewer",
        "scopes": ["read", "events:write"],
        "amount": "1999.00",
        "below": "500.00",
        "total": "1999.00",
        "reference": "BANK-2026-0042",
        "method": "bank_transfer",
        "meter": "outbound_lines",
        "window": "day",
        "from": "2026-01-01T00:00:00+08:00",
        "to": "2026-02-01T00:00:00+08:00",
        "at": "2026-01-01T00:00:00+08:00",
        "expires_at": "2027-01-01T00:00:00+08:00",
        "quantity": "42",
        "state": "ready",
        "module": "outbound",
        "title": "Not Found",
        "form": "pdf",
        "event": "invoice.overdue",
        "mail_role": "owner",
        "threshold": 50,
        "url": "https://hooks.example.com/tallyard",
        "invoice_ids": ["inv_01m3x7k2v9q4w8e5r6t1y0zabc"],
    }
)
_PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tenant_id": "ten",
        "user_id": "usr",
        "key_id": "key",
        "subscription_id": "sub",
        "invoice_id": "inv",
        "note_id": "crn",
        "instance_id": "ins",
        "invitation_id": "ivt",
        "payment_id": "pay",
        "fapiao_id": "fap",
        "membership_id": "mem",
        "consolidated_id": "cin",
        "quote_id": "quo",
        "migration_id": "pmg",
        "booking_id": "chg",
        "change_id": "chg",
        "reservation_id": "lea",
        "grant_id": "gra",
        "webhook_id": "whe",
        "delivery_id": "whd",
    }
)
_BY_FORMAT: Final[Mapping[str, str]] = MappingProxyType(
    {"date-time": "2026-01-10T10:00:00+08:00", "date": "2026-01-10", "uuid": "0" * 32}
)
_BY_TYPE: Final[Mapping[str, Any]] = MappingProxyType(
    {"string": "text", "integer": 1, "number": 1, "boolean": False, "object": {}, "null": None}
)


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "") -> Any:
    """Give a value of ``schema``; ``name`` is the member or parameter that holds it."""
    schema = shape_of(schema, schemas)
    if name in _BY_NAME:
        return _BY_NAME[name]
    if "default" in schema and schema["default"] is not None:
        return schema["default"]
    for union in ("oneOf", "anyOf"):
        if union in schema:
            return example_of(_first_real(schema[union]), schemas, name)
    if "enum" in schema or "const" in schema:
        return schema["enum"][0] if "enum" in schema else schema["const"]
    if "properties" in schema:
        return {key: example_of(of, schemas, key) for key, of in schema["properties"].items()}
    return _simple(schema, schemas, name)


def _simple(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str) -> Any:
    kind = schema.get("type", "object")
    if kind == "array":
        return [example_of(schema.get("items", {}), schemas, name.removesuffix("s"))]
    if kind == "string":
        return _text(str(schema.get("format", "")), name)
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), "null")
    return _BY_TYPE[kind]


def _text(form: str, name: str) -> str:
    if form in _BY_FORMAT:
        return _BY_FORMAT[form]
    if name in _PREFIXES:
        return f"{_PREFIXES[name]}_{_LETTERS}"
    return name.replace("_", " ") or "text"


def _first_real(options: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next((option for option in options if option.get("type") != "null"), options[0])


def request_example(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """Give a plausible body for an operation, or None when it takes none."""
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        if "example" in media:
            return media["example"]
        return example_of(media["schema"], schemas)
    return None


def path_example(path: str) -> str:
    """Fill a path template with ids of the right form that name nothing."""
    for name, prefix in _PREFIXES.items():
        path = path.replace(f"{{{name}}}", f"{prefix}_{_LETTERS}")
    return path


def curl_example(
    path: str, method: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]
) -> str:
    """Write the call as a command; ``$TALLYARD`` is the server, ``$KEY`` an API key."""
    query = "&".join(
        f"{parameter['name']}={example_of(parameter.get('schema', {}), schemas, parameter['name'])}"
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query" and parameter.get("required")
    )
    address = f'"$TALLYARD{path_example(path)}{"?" if query else ""}{query}"'.replace("+", "%2B")
    parts = [f"curl {address}" if method == "get" else f"curl -X {method.upper()} {address}"]
    if operation.get("security") != []:
        parts.append('-H "Authorization: Bearer $KEY"')
    if any(p["name"] == "Idempotency-Key" for p in operation.get("parameters", [])):
        parts.append('-H "Idempotency-Key: $(uuidgen)"')
    body = request_example(operation, schemas)
    if body is not None:
        media = next(iter(operation["requestBody"]["content"]))
        parts.append(f'-H "Content-Type: {media}"')
        parts.append(f"-d {shlex.quote(json.dumps(body, ensure_ascii=False))}")
    return " \\\n  ".join(parts)

"""Features, and what is granted of them, as canonical JSON values, and back."""

from collections.abc import Mapping
from typing import Any

from control_plane.catalog.charge_codec import text_body
from control_plane.catalog.domain import (
    Access,
    Feature,
    FeatureKind,
    Grant,
    Mode,
    OnStale,
    Rate,
    Text,
    ValueType,
)
from control_plane.kernel.exact import exact_decimal, quantity_text

LIMIT = "limit"
"""The old word for what is metered with a hard limit: catalogues published with it stay read."""


def feature_body(feature: Feature) -> dict[str, Any]:
    """Return a feature's definition; what came after the first format is left out at default."""
    later = {
        "rolling": feature.rolling_seconds,
        "mode": None if feature.mode is Mode.HARD else feature.mode.value,
        "meter": feature.meter,
        "type": feature.type and feature.type.value,
        "choices": list(feature.choices) or None,
        "max_age_seconds": feature.max_age_seconds,
        "lease_seconds": feature.lease_seconds,
        "access": None if feature.access is Access.WRITE else feature.access.value,
        "on_stale": None if feature.on_stale is OnStale.DENY else feature.on_stale.value,
    }
    return {
        "code": feature.code,
        "kind": feature.kind.value,
        "module": feature.module,
        "name": text_body(feature.name),
        "per": feature.per,
        "strict": feature.strict,
        **{name: value for name, value in later.items() if value is not None},
    }


def feature_from_body(body: Any) -> Feature:
    """Read back what `feature_body` wrote."""
    old = body["kind"] == LIMIT
    return Feature(
        code=body["code"],
        kind=FeatureKind.METERED if old else FeatureKind(body["kind"]),
        module=body["module"],
        name=Text(**body["name"]),
        per=body["per"],
        strict=body["strict"],
        rolling_seconds=body.get("rolling"),
        mode=Mode(body.get("mode", Mode.HARD)),
        meter=body.get("meter"),
        type=ValueType(body["type"]) if "type" in body else None,
        choices=tuple(body.get("choices", ())),
        max_age_seconds=body.get("max_age_seconds"),
        lease_seconds=body.get("lease_seconds"),
        access=Access(body.get("access", Access.WRITE)),
        on_stale=OnStale(body.get("on_stale", OnStale.DENY)),
    )


def grant_body(grant: Grant) -> Any:
    """Return what is granted: true, a number's text, ``{"text"}``, or a rate's two numbers."""
    if isinstance(grant, bool):
        return grant
    if isinstance(grant, str):
        return {"text": grant}
    if isinstance(grant, Rate):
        return {"per_second": quantity_text(grant.per_second), "burst": quantity_text(grant.burst)}
    return quantity_text(grant)


def grant_from_body(body: Any) -> Grant:
    """Read back what `grant_body` wrote."""
    if isinstance(body, bool):
        return body
    if isinstance(body, str):
        return exact_decimal(body)
    if "text" in body:
        return str(body["text"])
    return Rate(exact_decimal(body["per_second"]), exact_decimal(body["burst"]))


def grants_body(grants: Mapping[str, Grant]) -> dict[str, Any]:
    """Return what is granted of each feature."""
    return {code: grant_body(grant) for code, grant in grants.items()}


def grants_from_body(body: Any) -> dict[str, Grant]:
    """Read back what `grants_body` wrote."""
    return {code: grant_from_body(grant) for code, grant in body.items()}

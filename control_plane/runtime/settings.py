"""Every setting of the control plane, read once from ``TALLYARD_…`` environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from control_plane.kernel.errors import ErrorKind, TallyardError

RuntimeName = Literal["process", "docker"]


class SettingInvalid(TallyardError):
    """An environment variable holds a value that cannot be used."""

    code = "setting_invalid"
    kind = ErrorKind.INVALID
    message = "The environment variable {name} cannot be {value!r}."
    remedy = "Set it to {expected}."


@dataclass(frozen=True, slots=True)
class Settings:
    """What this process was told. Durations are seconds, paths are absolute.

    ``database_url`` names a login that may create roles and databases; every
    other role's login is derived from it and from ``secret_key``.
    """

    database_url: str = "postgresql://postgres@127.0.0.1:5432/tallyard"
    secret_key: str = ""
    environment: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = "http://127.0.0.1:8000"
    service_url: str = "http://127.0.0.1:8000"
    var_dir: Path = Path("var")
    signing_key_path: Path = Path("var/signing_key.pem")
    documents_dir: Path = Path("documents")
    log_level: str = "info"
    runtime: RuntimeName = "process"
    runtime_exit_with_pid: int = 0
    allow_process_for_live: bool = False
    module_image: str = "tallyard/module:local"
    pool_size: int = 8
    clickhouse_url: str = ""
    ingest_waiting_bytes: int = 64_000_000
    ingest_waiting_events: int = 50_000
    usage_quarantine_events: int = 10_000
    usage_retention_days: int = 0
    usage_identity_days: int = 0
    lease_accounts_days: int = 40
    usage_alerts_days: int = 400
    nats_url: str = ""
    nats_stream: str = "USAGE"
    nats_subject: str = "usage.*"
    stripe_api_key: str = ""
    stripe_api_base: str = ""
    stripe_webhook_secret: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    webhooks_allow_private: bool = False
    smtp_host: str = ""
    smtp_port: int = 25
    mail_from: str = "billing@tallyard.invalid"
    operator_email: str = ""
    operator_language: str = "en"
    vendor_name: str = "Tallyard"


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read ``TALLYARD_<FIELD>`` for every field of `Settings`.

    Raises:
        SettingInvalid: a value has the wrong form, or a secret is missing
            where ``TALLYARD_ENVIRONMENT`` is ``production``.
    """
    source = os.environ if environment is None else environment
    values: dict[str, object] = {}
    for field in fields(Settings):
        name = f"TALLYARD_{field.name.upper()}"
        if name in source:
            values[field.name] = _convert(name, source[name], field.default)
    if "var_dir" in values and "signing_key_path" not in values:
        values["signing_key_path"] = Path(str(values["var_dir"])) / "signing_key.pem"
    settings = Settings(**values)  # type: ignore[arg-type]
    if not settings.secret_key:
        if settings.environment == "production":
            raise SettingInvalid(
                name="TALLYARD_SECRET_KEY", value="", expected="a random text of 32 characters"
            )
        return _with_development_secret(settings)
    return settings


def _with_development_secret(settings: Settings) -> Settings:
    """Give a development process a fixed secret, so that restarts keep sessions."""
    return Settings(
        **{f.name: getattr(settings, f.name) for f in fields(Settings) if f.name != "secret_key"},
        secret_key="development-only",  # noqa: S106 - refused in production just above
    )


def _convert(name: str, text: str, default: object) -> object:
    if isinstance(default, bool):
        if text.lower() not in {"yes", "no", "true", "false", "1", "0"}:
            raise SettingInvalid(name=name, value=text, expected="yes or no")
        return text.lower() in {"yes", "true", "1"}
    if isinstance(default, int):
        if not text.isdigit():
            raise SettingInvalid(name=name, value=text, expected="a whole number")
        return int(text)
    if isinstance(default, Path):
        return Path(text).absolute()
    if name == "TALLYARD_RUNTIME" and text not in {"process", "docker"}:
        raise SettingInvalid(name=name, value=text, expected="process or docker")
    if name == "TALLYARD_ENVIRONMENT" and text not in {"development", "production"}:
        raise SettingInvalid(name=name, value=text, expected="development or production")
    return text

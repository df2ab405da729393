"""Everything wrong with a service's configuration at once, and the reference table of its settings."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from hub_kit.errors import ConfigurationError
from hub_kit.security.keywrap import FileKeyWrapper
from hub_kit.settings import SHARED_PREFIX, ServiceSettings, is_secret, load_settings

_TLS_PAIRS = (("kafka_cert_file", "kafka_key_file"), ("internal_cert_file", "internal_key_file"))


def check_config(cls: type[ServiceSettings]) -> list[str]:
    """What is wrong, one sentence each, naming the variable and never its value; an empty list when all is well."""
    problems = _unknown_variables(cls)
    try:
        settings = load_settings(cls)
    except ConfigurationError as error:
        return problems + [line.strip() for line in str(error).splitlines()[1:] or [str(error)]]
    return problems + _file_problems(settings) + _kek_problems(settings) + _tls_problems(settings)


def _variable(settings: ServiceSettings, field: str) -> str:
    return f"{settings.own_prefix()}{field.upper()}"


def _unknown_variables(cls: type[ServiceSettings]) -> list[str]:
    known = {f"{cls.own_prefix()}{name.upper()}" for name in cls.model_fields}
    known |= {f"{name}_FILE" for name in known}
    strangers = sorted(name for name in os.environ if name.startswith(cls.own_prefix()) and name not in known)
    return [f"{name}: no such setting" for name in strangers]


def _file_problems(settings: ServiceSettings) -> list[str]:
    problems = []
    for field in type(settings).model_fields:
        path = getattr(settings, field)
        if not isinstance(path, Path):
            continue
        if not path.exists():
            problems.append(f"{_variable(settings, field)}: nothing exists at this path")
        elif not os.access(path, os.R_OK):
            problems.append(f"{_variable(settings, field)}: this process may not read the file")
    return problems


def _kek_problems(settings: ServiceSettings) -> list[str]:
    if settings.kek_file is None or not settings.kek_file.exists():
        return []
    problems = []
    if settings.kek_file.stat().st_mode & 0o004:
        problems.append(f"{_variable(settings, 'kek_file')}: every user of the machine may read the file")
    try:
        FileKeyWrapper.from_file(settings.kek_file)
    except ConfigurationError as error:
        problems.append(f"{_variable(settings, 'kek_file')}: {error}")
    return problems


def _tls_problems(settings: ServiceSettings) -> list[str]:
    problems = []
    for cert_field, key_field in _TLS_PAIRS:
        cert, key = getattr(settings, cert_field), getattr(settings, key_field)
        if (cert is None) != (key is None):
            missing = key_field if key is None else cert_field
            problems.append(f"{_variable(settings, missing)}: certificate and key go together, this one is missing")
        elif cert is not None and cert.exists() and key.exists():
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
            except (OSError, ValueError):
                problems.append(f"{_variable(settings, cert_field)}: not a certificate with its private key")
    return problems


def reference_table(cls: type[ServiceSettings]) -> str:
    """The settings of a service as a Markdown table: variable, kind, default, meaning."""
    rows = ["| variable | kind | default | meaning |", "|---|---|---|---|"]
    for name, field in cls.model_fields.items():
        prefix = SHARED_PREFIX if name in ServiceSettings.model_fields else cls.own_prefix()
        suffix = "` (or `…_FILE`)" if is_secret(field) else "`"
        cells = (f"`{prefix}{name.upper()}{suffix}", _kind(field), _default(field), field.description or "")
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _kind(field: FieldInfo) -> str:
    if is_secret(field):
        return "secret"
    text = str(field.annotation)
    if isinstance(field.annotation, type):
        text = field.annotation.__name__
    return text.replace("typing.", "").replace("pathlib._local.", "").replace("pathlib.", "").replace(" | None", "")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined or value == "" or isinstance(value, SecretStr):
        return "–"
    return f"`{value}`"

"""The settings every service has, read from the environment and from secret files, checked all at once.

A value is looked up as `HUB_<SERVICE>_<FIELD>`, then as `HUB_<FIELD>` (shared by all services of a machine). A secret
may also be given as a file: `HUB_<SERVICE>_<FIELD>_FILE` or `HUB_<FIELD>_FILE` names a file that holds it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from hub_kit.errors import ConfigurationError

SHARED_PREFIX = "HUB_"
S = TypeVar("S", bound="ServiceSettings")
Port = Annotated[int, Field(ge=0, le=65535)]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class ServiceSettings(BaseSettings):
    """Base of each service's settings class. Subclasses set `service` and add their own documented fields."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True)
    service: ClassVar[str] = "service"

    environment: Literal["test", "production"] = Field(
        "test", description="Which INS OIDs and which DMP are accepted; nothing of one environment enters the other."
    )
    database_url: SecretStr = Field(description="PostgreSQL address of the worker role (`<service>_worker`).")
    database_api_url: SecretStr | None = Field(
        None, description="PostgreSQL address of the role that HTTP requests use (`<service>_api`, under row security)."
    )
    database_owner_url: SecretStr | None = Field(
        None, description="PostgreSQL address of the role that owns the schema: only `migrate` needs it."
    )
    keyring_url: SecretStr | None = Field(
        None, description="PostgreSQL address of the `hub_keyring` database, which holds the wrapped transit keys."
    )
    kek_file: Path | None = Field(
        None, description="File with the key that wraps all others (KEK): 32 random bytes in base64, mode 0600."
    )
    worker_pool_size: int = Field(6, ge=1, le=64, description="Database connections for work items, relay, consumers.")
    api_pool_size: int = Field(2, ge=1, le=64, description="Database connections for HTTP requests.")

    kafka_bootstrap: str | None = Field(None, description="Kafka brokers, `host:port` separated by commas.")
    kafka_ca_file: Path | None = Field(None, description="PEM of the authority of the brokers' certificates.")
    kafka_cert_file: Path | None = Field(None, description="PEM of this service's certificate for Kafka.")
    kafka_key_file: Path | None = Field(None, description="PEM of the private key of `kafka_cert_file`.")
    topic_prefix: str = Field("", description="Put before each topic name, so that several hubs share one cluster.")

    host: str = Field("127.0.0.1", description="Address that the public HTTP server listens on.")
    http_port: Port = Field(0, description="Port of the public HTTP server; 0: none.")
    internal_host: str = Field("127.0.0.1", description="Address that the internal server (mutual TLS) listens on.")
    internal_port: Port = Field(0, description="Port of the internal server: health, metrics, other services; 0: none.")
    internal_ca_file: Path | None = Field(None, description="PEM of the authority of the services' certificates.")
    internal_cert_file: Path | None = Field(None, description="PEM of this service's certificate for other services.")
    internal_key_file: Path | None = Field(None, description="PEM of the private key of `internal_cert_file`.")
    max_body_bytes: int = Field(4 * 1024 * 1024, ge=1024, description="Largest request body accepted, in bytes.")

    log_level: LogLevel = Field("INFO", description="Lowest level written to the log (standard output, JSON lines).")
    shutdown_seconds: float = Field(10.0, gt=0, le=300, description="Longest time an ordered stop may take.")
    faults: str = Field(
        "", description="Failpoints for tests: `name=raise|kill|hang`, separated by commas. Empty: off."
    )

    @classmethod
    def own_prefix(cls) -> str:
        """`HUB_<SERVICE>_`."""
        return f"{SHARED_PREFIX}{cls.service.upper().replace('-', '_')}_"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the service's own variables, then the shared ones; each as a value, then as a file."""
        sources: list[PydanticBaseSettingsSource] = [init_settings]
        for prefix in (cls.own_prefix(), SHARED_PREFIX):
            sources.append(EnvSettingsSource(settings_cls, env_prefix=prefix))
            sources.append(_SecretFileSource(settings_cls, prefix))
        return tuple(sources)

    @property
    def dsn(self) -> str:
        """The worker role's database address, in clear."""
        return self.database_url.get_secret_value()

    @property
    def api_dsn(self) -> str:
        """The HTTP role's database address, in clear; the worker's when none is set."""
        return (self.database_api_url or self.database_url).get_secret_value()

    @property
    def owner_dsn(self) -> str:
        """The schema owner's database address, in clear; the worker's when none is set."""
        return (self.database_owner_url or self.database_url).get_secret_value()

    @property
    def keyring_dsn(self) -> str:
        """The keyring database's address, in clear. Raises ConfigurationError when it is not set."""
        if self.keyring_url is None:
            raise ConfigurationError(f"{self.own_prefix()}KEYRING_URL (or HUB_KEYRING_URL) is not set")
        return self.keyring_url.get_secret_value()

    def need_path(self, field: str) -> Path:
        """The path in `field`. Raises ConfigurationError, which names the variable, when it is not set."""
        value = getattr(self, field)
        if not isinstance(value, Path):
            raise ConfigurationError(f"{self.own_prefix()}{field.upper()} (or HUB_{field.upper()}) is not set")
        return value


class _SecretFileSource(PydanticBaseSettingsSource):
    """Reads `<PREFIX><FIELD>_FILE` for fields that are secrets."""

    def __init__(self, settings_cls: type[BaseSettings], prefix: str) -> None:
        super().__init__(settings_cls)
        self._prefix = prefix

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{self._prefix}{field_name.upper()}_FILE") if is_secret(field) else None
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            name = f"{self._prefix}{field_name.upper()}_FILE"
            raise ConfigurationError(f"{name}: the file can't be read ({type(error).__name__})") from None

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, _ = self.get_field_value(field, name)
            if value is not None:
                found[key] = value
        return found


def is_secret(field: FieldInfo) -> bool:
    """True for a field typed SecretStr, optional or not."""
    return "SecretStr" in str(field.annotation)


def load_settings(cls: type[S]) -> S:
    """The settings from the environment. Raises ConfigurationError that lists every problem, without any value."""
    try:
        return cls()
    except ValidationError as error:
        lines = "\n".join(f"  {problem}" for problem in _field_problems(cls, error))
        raise ConfigurationError(f"settings of {cls.service}:\n{lines}") from None


def _field_problems(cls: type[ServiceSettings], error: ValidationError) -> list[str]:
    problems = []
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        field = str(item["loc"][0]) if item["loc"] else "settings"
        problems.append(f"{cls.own_prefix()}{field.upper()}: {item['msg']}")
    return problems

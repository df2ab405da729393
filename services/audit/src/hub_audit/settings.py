"""Settings of audit."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from hub_kit.security.jwks import TokenIssuer
from hub_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """What audit reads from its environment, beside what every service reads."""

    service: ClassVar[str] = "audit"

    issuers: tuple[TokenIssuer, ...] = Field(
        (), description="Who issues the auditors' access tokens (JSON list: issuer, jwks_url, audience, algorithms)."
    )
    linger_seconds: float = Field(
        0.25, ge=0, le=5, description="How long to gather events under load before writing them (seconds)."
    )
    page_size: int = Field(100, ge=1, le=1000, description="Records in a page of an audit query, at most.")

"""Settings of the gateway."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from hub_kit.security.jwks import TokenIssuer
from hub_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """What the gateway reads from its environment, beside what every service reads."""

    service: ClassVar[str] = "gateway"

    max_body_bytes: int = Field(
        21 * 1024 * 1024, ge=1024, description="Largest request body accepted, in bytes; a deposited file is one."
    )
    max_attachment_bytes: int = Field(
        20 * 1024 * 1024, ge=1024, description="Largest file accepted for an act, in bytes."
    )
    builder_url: str | None = Field(
        None,
        pattern=r"^https://",
        description="Internal address of document-builder, for previews; without it there are none.",
    )
    preview_seconds: float = Field(20.0, gt=0, le=120, description="How long a preview may take (s).")
    api_pool_size: int = Field(4, ge=1, le=64, description="Database connections for HTTP requests.")
    issuers: tuple[TokenIssuer, ...] = Field(
        (),
        description="Who issues the LGO accounts' access tokens, RFC 9068 (JSON list: issuer, audience, jwks_url or "
        "jwks_file, algorithms).",
    )
    issuer_ca_file: Path | None = Field(
        None, description="PEM of the authority of the issuers' HTTPS certificates; the system's when not set."
    )
    wait_days: int = Field(30, ge=1, le=90, description="How long an act may wait for a qualified identity (days).")
    future_minutes: float = Field(
        5.0, ge=0, le=60, description="How far ahead of the hub's clock an act's date may be (minutes)."
    )
    max_batch: int = Field(500, ge=1, le=500, description="Acts in one batch, at most.")
    idempotency_hours: int = Field(
        48, ge=24, le=720, description="How long the answer to an Idempotency-Key is kept (hours)."
    )
    standing_seconds: float = Field(
        5.0,
        ge=0,
        le=60,
        description="How long what is known of accounts, structures and authors is reused before it is read again (s).",
    )
    max_long_polls: int = Field(5000, ge=1, description="Requests that may wait for news at the same time.")

"""Settings of document-builder."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from hub_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """What document-builder reads from its environment, beside what every service reads."""

    service: ClassVar[str] = "document-builder"

    rules_dir: Path | None = Field(
        None,
        description="The operator's copy of the official rules (ANS), with xsd/CDA_extended.xsd; every document "
        "is then checked against it. Usually given once for all as HUB_RULES_DIR.",
    )
    allow_unchecked: bool = Field(
        False, description="In production, build documents without the official rules; otherwise acts wait for them."
    )
    keep_days: float = Field(
        7.0, ge=1, le=90, description="How long a document's bytes are kept once its act is final (days)."
    )
    purge_poll_seconds: float = Field(60.0, gt=0, le=3600, description="How often the purge looks for documents (s).")

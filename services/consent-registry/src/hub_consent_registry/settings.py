"""Settings of consent-registry."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from hub_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """What consent-registry reads from its environment, beside what every service reads."""

    service: ClassVar[str] = "consent-registry"

    authorisation_hours: float = Field(
        24.0, gt=0, le=168, description="How long a feeding authorisation is good before it is asked again (hours)."
    )
    alimentation_matrix_file: Path | None = Field(
        None, description="The operator's alimentation matrix (YAML); what the document types declare when not set."
    )

"""Settings of identity."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr

from hub_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """What identity reads from its environment, beside what every service reads."""

    service: ClassVar[str] = "identity"

    blind_index_key: SecretStr = Field(
        description="Key of the blind index by which patients are found: 32 random bytes in base64. It is only here; "
        "with another key no known patient is found any more."
    )
    send_hours: float = Field(
        72.0, gt=0, le=720, description="How long after its identification an act may still be sent to the DMP (hours)."
    )
    waiting_room_poll_seconds: float = Field(
        2.0, gt=0, le=60, description="How often the waiting room looks by itself for acts to release or to expire."
    )

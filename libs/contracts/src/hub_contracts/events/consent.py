"""Stream hub.consent: oppositions as facts."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from hub_contracts.events.identity import PatientEvent


class OppositionRecorded(PatientEvent):
    """The patient opposes the feeding of their DMP (motif légitime). A stop fact for the publisher (design rule 9)."""

    event_type: ClassVar[str] = "opposition.recorded.v1"
    opposition_id: UUID
    author_id: str
    revision: int
    recorded_at: AwareDatetime


class OppositionLifted(PatientEvent):
    """The patient lifts the opposition."""

    event_type: ClassVar[str] = "opposition.lifted.v1"
    author_id: str
    revision: int
    recorded_at: AwareDatetime

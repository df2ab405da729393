"""Stream hub.alimentation: may this act be fed?"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from hub_contracts.events.base import ActEvent, Sealed


class DecisionVersions(BaseModel):
    """What the decision was taken with."""

    model_config = ConfigDict(frozen=True)
    alimentation_matrix: str
    oppositions_revision: int


class AlimentationAuthorised(ActEvent):
    """Feeding is authorised until `valid_until` (design rule 9). Sealed parts as in `act.identified`."""

    event_type: ClassVar[str] = "alimentation.authorised.v1"
    patient_id: UUID
    decision_id: UUID
    act_type: str
    author_id: str
    occurred_at: AwareDatetime
    expires_at: AwareDatetime
    valid_until: AwareDatetime
    versions: DecisionVersions
    sealed_act: Sealed
    sealed_identity: Sealed


class AlimentationRenewed(ActEvent):
    """An authorisation that had aged is good again until `valid_until`; the document is built (design rule 9)."""

    event_type: ClassVar[str] = "alimentation.renewed.v1"
    patient_id: UUID
    decision_id: UUID
    valid_until: AwareDatetime
    versions: DecisionVersions

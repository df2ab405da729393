"""What identity's handlers write: one class per table, tied together by `Row`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub_contracts.acts import Act
from hub_contracts.sealed import QualifiedIdentity


@dataclass(frozen=True, slots=True)
class NewPatient:
    """A patient never seen: pseudonym, link of the matricule, identity to keep."""

    patient_id: UUID
    matricule_index: bytes
    identity: QualifiedIdentity
    structure_id: UUID
    event_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """The local number is this patient's from now on; a link to another patient ends."""

    local_index: bytes
    structure_id: UUID
    patient_id: UUID
    revision: UUID
    event_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class WaitingAct:
    """An act in the waiting room. `code` None: nothing is wrong with it, it only keeps its place behind others.

    `checked_revision`: the link's revision it was judged against, None when it is still to be judged.
    """

    act_id: UUID
    act_version: int
    event_id: UUID
    structure_id: UUID
    local_index: bytes
    act_type: str
    author_id: str
    occurred_at: datetime
    received_at: datetime
    flow: str
    traceparent: str | None
    code: str | None
    checked_revision: UUID | None
    waiting_since: datetime
    wait_until: datetime
    act: Act

    @property
    def told(self) -> bool:
        """True when the LGO was told that the act waits."""
        return self.code is not None


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A newer version of the act goes on: an older one does not wait any more (design rule 3)."""

    act_id: UUID
    act_version: int


Row = NewPatient | Link | WaitingAct | Overtaken

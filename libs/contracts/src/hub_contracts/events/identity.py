"""Stream hub.identity: who the patient of an act is."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from hub_contracts.errors import ErrorCode
from hub_contracts.events.base import ActEvent, DeclarationEvent, Event, Problem, Sealed


class ActIdentified(ActEvent):
    """The patient is known with a qualified INS. After `expires_at` the act is not sent any more.

    `sealed_act` opens to `hub_contracts.acts.Act`, `sealed_identity` to `hub_contracts.sealed.QualifiedIdentity`.
    """

    event_type: ClassVar[str] = "act.identified.v1"
    patient_id: UUID
    act_type: str
    author_id: str
    occurred_at: AwareDatetime
    expires_at: AwareDatetime
    sealed_act: Sealed
    sealed_identity: Sealed


class ActAwaitingIdentity(ActEvent):
    """The act waits for a qualified INS; `expires_at` says until when it is kept."""

    event_type: ClassVar[str] = "act.awaiting-identity.v1"
    code: ErrorCode
    problems: tuple[Problem, ...] = ()
    expires_at: AwareDatetime


class PatientEvent(Event):
    """An event about a patient, keyed by the pseudonym that identity minted."""

    patient_id: UUID
    structure_id: UUID
    declaration_id: UUID

    @property
    def key(self) -> str:
        """The patient's id."""
        return str(self.patient_id)

    @property
    def lane(self) -> str:
        """The structure's id."""
        return str(self.structure_id)


class PatientIdentityQualified(PatientEvent):
    """A declared identity was accepted as qualified; acts that wait for that patient are released, in order."""

    event_type: ClassVar[str] = "patient.identity-qualified.v1"


class PatientOppositionIdentified(PatientEvent):
    """An opposition (or its lifting) whose patient is known."""

    event_type: ClassVar[str] = "patient.opposition-identified.v1"
    author_id: str
    opposed: bool
    declared_at: AwareDatetime


class PatientDeclarationRefused(DeclarationEvent):
    """A declaration that could not be tied to a patient."""

    event_type: ClassVar[str] = "patient.declaration-refused.v1"
    code: ErrorCode
    problems: tuple[Problem, ...] = ()

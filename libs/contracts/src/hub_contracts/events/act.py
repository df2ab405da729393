"""Stream hub.act: what comes in from the LGO."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from hub_contracts.acts import Intent
from hub_contracts.events.base import ActEvent, DeclarationEvent, Sealed


class ActReceived(ActEvent):
    """An act was accepted from an LGO. `sealed_act` opens to `hub_contracts.acts.Act`.

    `wait_until` is how long the act may wait for a qualified identity.
    """

    event_type: ClassVar[str] = "act.received.v1"
    intent: Intent
    act_type: str
    account_id: UUID
    author_id: str
    occurred_at: AwareDatetime
    received_at: AwareDatetime
    wait_until: AwareDatetime
    sealed_act: Sealed


class PatientDeclaration(DeclarationEvent):
    """What an LGO declares about a patient, outside any act."""

    account_id: UUID
    author_id: str
    declared_at: AwareDatetime
    sealed_patient: Sealed


class PatientIdentityDeclared(PatientDeclaration):
    """The LGO has a (better) identity for its patient. `sealed_patient` opens to `hub_contracts.acts.Patient`."""

    event_type: ClassVar[str] = "patient.identity-declared.v1"


class PatientOppositionDeclared(PatientDeclaration):
    """The patient opposes feeding (motif légitime), or lifts that opposition (R.1111-47)."""

    event_type: ClassVar[str] = "patient.opposition-declared.v1"
    opposed: bool

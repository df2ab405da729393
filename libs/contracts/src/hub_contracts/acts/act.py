"""The act itself: who, for whom, when, what, and who may see the document."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, model_validator

from hub_contracts.acts.base import AuthorRef, Code, Contact, Named, PublicModel
from hub_contracts.acts.nursing import CarePlan, LiaisonLetter, NursingAssessment, NursingCare, VitalSigns
from hub_contracts.acts.patient import Patient
from hub_contracts.acts.pharmacy import MedicationReview, PharmacyInterview
from hub_contracts.acts.supplied import SuppliedDocument
from hub_contracts.acts.trod import Trod
from hub_contracts.acts.vaccination import Vaccination
from hub_contracts.document_types import document_type


class Intent(StrEnum):
    """What the LGO wants done with the act (design rule 3)."""

    CREATE = "create"
    REPLACE = "replace"
    DELETE = "delete"
    CANCEL = "cancel"


class Flow(StrEnum):
    """Live acts go before backlog ones (design rule 7)."""

    LIVE = "live"
    BACKLOG = "backlog"


class Visibility(PublicModel):
    """Who may not see the document in the DMP (EX_2.1-1050)."""

    masked_from_professionals: bool = False
    hidden_from_patient: bool = False
    hidden_from_legal_representatives: bool = False


class Device(PublicModel):
    """A device that took part in writing: blood pressure meter, automate."""

    model: Named
    software: Named
    number: Code = Field(default="88", description="Numéro du dispositif dans la structure")


class Recipient(Contact):
    """A professional whom the document is meant for: médecin traitant, prescripteur."""

    attending: bool = Field(default=False, description="Médecin traitant")


Content = Annotated[
    Vaccination
    | Trod
    | PharmacyInterview
    | MedicationReview
    | NursingCare
    | NursingAssessment
    | VitalSigns
    | CarePlan
    | LiaisonLetter
    | SuppliedDocument,
    Field(discriminator="kind"),
]


class Act(PublicModel):
    """A finished act, as `POST /v1/acts` takes it."""

    external_id: Annotated[Code, Field(min_length=1, description="Identifiant de l'acte dans le logiciel")]
    type: Code = Field(
        description="Type d'acte (vaccination, entretien_pharmaceutique…), ou code JDV_J66 d'un document fourni"
    )
    intent: Intent = Intent.CREATE
    flow: Flow = Flow.LIVE
    structure: Code = Field(description="Struct_IdNat, par exemple 1 + FINESS")
    author: AuthorRef
    responsible: AuthorRef | None = Field(
        default=None, description="Professionnel responsable, quand l'auteur écrit par délégation"
    )
    co_authors: Annotated[tuple[AuthorRef, ...], Field(max_length=8)] = Field(
        default=(), description="Autres auteurs du document"
    )
    device: Device | None = Field(default=None, description="Dispositif qui a produit une partie du document")
    occurred_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    patient: Patient
    recipients: Annotated[tuple[Recipient, ...], Field(max_length=8)] = ()
    title: Annotated[str, Field(max_length=500)] | None = None
    visibility: Visibility = Visibility()
    content: Content

    @model_validator(mode="before")
    @classmethod
    def _kind_follows_type(cls, data: Any) -> Any:
        """A content without `kind` is of the kind that the act's type names."""
        if isinstance(data, dict) and isinstance(content := data.get("content"), dict) and "kind" not in content:
            known = document_type(data["type"]) if isinstance(data.get("type"), str) else None
            if known is not None:
                return {**data, "content": {**content, "kind": known.content}}
        return data

    @property
    def accountable(self) -> AuthorRef:
        """Who answers for the act: the responsible professional, else the author."""
        return self.responsible or self.author

    @property
    def people(self) -> tuple[str, ...]:
        """PS_IdNat of all who wrote it or answer for it."""
        named = (self.author, *((self.responsible,) if self.responsible else ()), *self.co_authors)
        return tuple(dict.fromkeys(who.id for who in named))

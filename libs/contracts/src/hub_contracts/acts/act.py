"""What an LGO publishes: the act, in the shape of the public API.

Only the shape is checked here. The rules of identity, consent and document belong to the services that own them; they
answer with a code and a JSON pointer into this very shape.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=500)]
Code = Annotated[str, Field(max_length=64)]


class PublicModel(BaseModel):
    """Frozen; an unknown field is an error, so that a vendor's typo is never silently lost."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class ActType(StrEnum):
    """Kinds of act the hub knows."""

    VACCINATION = "vaccination"


DOCUMENT_TYPES: dict[str, str] = {ActType.VACCINATION: "87273-9"}
"""LOINC type of the document that an act becomes in the DMP (JDV_J66)."""


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


class InsStatus(StrEnum):
    """Status of an identity, exclusive (RNIV EXI SI 07)."""

    PROVISOIRE = "provisoire"
    RECUPEREE = "recuperee"
    VALIDEE = "validee"
    QUALIFIEE = "qualifiee"


class Ins(PublicModel):
    """Matricule INS with its key and the OID that says what it is."""

    matricule: Annotated[str, Field(max_length=32, description="15 caractères, clé comprise")]
    oid: Annotated[str, Field(max_length=64, description="OID de l'INS : NIR, NIA, test ou démonstration")]


class Address(PublicModel):
    """Postal address of a patient."""

    lines: Annotated[tuple[Text, ...], Field(max_length=5)] = ()
    postal_code: Code | None = None
    city: Text | None = None


class Patient(PublicModel):
    """The patient as the LGO knows them: traits stricts, INS and local number."""

    local_id: Annotated[Code, Field(min_length=1, description="Numéro du patient dans le logiciel (IPP)")]
    ins: Ins | None = None
    ins_status: InsStatus = InsStatus.PROVISOIRE
    birth_name: Text = Field(description="Nom de naissance")
    birth_given_names: Text = Field(default="", description="Liste des prénoms de naissance, séparés par des espaces")
    first_birth_given_name: Text = Field(default="", description="Premier prénom de naissance")
    used_name: Text | None = Field(default=None, description="Nom utilisé")
    used_given_name: Text | None = Field(default=None, description="Prénom utilisé")
    sex: Literal["F", "M", "I"]
    birth_date: Annotated[str, Field(max_length=10, description="AAAA-MM-JJ, jour ou mois 00 si inconnu")]
    birth_place_code: Code | None = Field(default=None, description="Code officiel géographique de naissance")
    address: Address | None = None
    phone: Code | None = None


class AuthorRef(PublicModel):
    """The professional who did the act: PS_IdNat, e.g. `8` + RPPS."""

    id: Code


class Visibility(PublicModel):
    """Who may not see the document in the DMP (EX_2.1-1050)."""

    masked_from_professionals: bool = False
    hidden_from_patient: bool = False
    hidden_from_legal_representatives: bool = False


class Vaccine(PublicModel):
    """The product: CIS and CIP from the French drug database, ATC with its label."""

    name: Text
    cis: Code | None = None
    cip: Code | None = None
    atc: Code | None = None
    atc_label: Text | None = None
    lot_number: Code = ""


class Dose(PublicModel):
    """Quantity given, UCUM unit."""

    value: Decimal
    unit: Code


class Vaccination(PublicModel):
    """One vaccination (VAC-NOTE 2023.01: one per note)."""

    kind: Literal["vaccination"] = "vaccination"
    vaccination_id: UUID | None = Field(default=None, description="Identifiant gardé à vie ; le hub en crée un sinon")
    date: date
    act_code: Code = Field(default="IMMUNIZ", description="INITIMMUNIZ, BOOSTER ou IMMUNIZ")
    vaccine: Vaccine
    dose: Dose | None = None
    rank: int | None = None
    route: Code | None = Field(default=None, description="Voie, code EDQM")
    site: Code | None = Field(default=None, description="Site, code SNOMED CT")
    performer: AuthorRef | None = Field(default=None, description="Vaccinateur, s'il n'est pas l'auteur")
    comment: Annotated[str, Field(max_length=2000)] | None = None


class Act(PublicModel):
    """A finished act, as `POST /v1/acts` takes it."""

    external_id: Annotated[Code, Field(min_length=1, description="Identifiant de l'acte dans le logiciel")]
    type: Code
    intent: Intent = Intent.CREATE
    flow: Flow = Flow.LIVE
    structure: Code = Field(description="Struct_IdNat, par exemple 1 + FINESS")
    author: AuthorRef
    occurred_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    patient: Patient
    title: Annotated[str, Field(max_length=500)] | None = None
    visibility: Visibility = Visibility()
    content: Vaccination

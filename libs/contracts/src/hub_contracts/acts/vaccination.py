"""A vaccination: note de vaccination, VAC-NOTE 2023.01."""

from __future__ import annotations

from datetime import date as Day  # noqa: N812 - a field is named date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from hub_contracts.acts.base import AuthorRef, Code, Contact, Named, PublicModel, Text


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


class Reaction(PublicModel):
    """An adverse reaction to the vaccine, CIM-10."""

    code: Code = Field(description="Code CIM-10, par exemple T88.1")
    label: Named
    date: Day | None = None


class AntigenDose(PublicModel):
    """The dose of one antigen of the vaccine."""

    antigen: Code = Field(description="Antigène, code du jeu de valeurs")
    dose: Dose


class Prescription(PublicModel):
    """The prescription of the vaccine."""

    root: Code = Field(description="UUID, ou OID qui qualifie le numéro")
    extension: Code | None = Field(default=None, description="Numéro de l'ordonnance")
    date: Day | None = None
    prescriber: Contact | None = None


class Vaccination(PublicModel):
    """One vaccination (VAC-NOTE 2023.01: one per note)."""

    kind: Literal["vaccination"] = "vaccination"
    vaccination_id: UUID | None = Field(default=None, description="Identifiant gardé à vie ; le hub en crée un sinon")
    date: Day
    act_code: Code = Field(default="IMMUNIZ", description="INITIMMUNIZ, BOOSTER ou IMMUNIZ")
    vaccine: Vaccine
    dose: Dose | None = None
    rank: int | None = None
    route: Code | None = Field(default=None, description="Voie, code EDQM")
    site: Code | None = Field(default=None, description="Site, code SNOMED CT")
    performer: AuthorRef | None = Field(default=None, description="Vaccinateur, s'il n'est pas l'auteur")
    reason: Text | None = Field(default=None, description="Motif de la vaccination")
    antigens: Annotated[tuple[AntigenDose, ...], Field(max_length=20)] = ()
    prescription: Prescription | None = None
    reactions: Annotated[tuple[Reaction, ...], Field(max_length=10)] = ()
    comment: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description="Circonstances, prochaine dose…"
    )

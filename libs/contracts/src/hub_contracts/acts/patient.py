"""The patient as the LGO knows them: traits stricts, INS, local number, legal representatives."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from hub_contracts.acts.base import Code, Named, PublicModel, Text


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
    """Postal address of a person."""

    lines: Annotated[tuple[Text, ...], Field(max_length=5)] = ()
    postal_code: Code | None = None
    city: Text | None = None


class Representative(PublicModel):
    """A legal representative of a minor or of a protected adult."""

    family_name: Named = Field(description="Nom du représentant légal")
    given_name: Named = Field(description="Prénom du représentant légal")
    relation: Code | None = Field(default=None, description="Lien, JDV_J11 : MTH, FTH, TUTEUR…")
    phone: Code | None = None
    address: Address | None = None


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
    birth_place: Text | None = Field(default=None, description="Nom du lieu de naissance, pour la lecture")
    address: Address | None = None
    phone: Code | None = None
    representatives: Annotated[tuple[Representative, ...], Field(max_length=4)] = Field(
        default=(), description="Représentants légaux, si le patient est mineur ou protégé"
    )

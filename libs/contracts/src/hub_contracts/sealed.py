"""What sealed parts open to. These models are never logged and never travel in clear."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from hub_contracts.acts import Patient


class SealedModel(BaseModel):
    """Frozen; its repr hides everything, so that no traceback shows a patient."""

    model_config = ConfigDict(frozen=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} scellé>"

    __str__ = __repr__


class QualifiedIdentity(SealedModel):
    """A qualified INS identity (RNIV EXI SI 07: QUAL). `birth_date` is AAAA-MM-JJ, `birth_place_code` a COG code."""

    matricule: str
    oid: str
    birth_name: str
    birth_given_names: str
    first_birth_given_name: str
    used_name: str | None
    used_given_name: str | None
    sex: str
    birth_date: str
    birth_place_code: str
    local_id: str

    @classmethod
    def of(cls, patient: Patient) -> Self:
        """What the LGO declares of the patient, taken as qualified; without an INS its number and OID are empty."""
        own = patient.model_dump(include=set(cls.model_fields) - {"matricule", "oid"})
        own["birth_place_code"] = patient.birth_place_code or ""
        ins = patient.ins
        return cls(matricule=ins.matricule.upper() if ins else "", oid=ins.oid if ins else "", **own)


class SealedPerson(SealedModel):
    """An author of the document, or who answers for it, as its metadata name them.

    `specialty` is a code of JDV_J56, `role` of JDV_J47, `structure_id` a Struct_IdNat. A device has its software as
    `family_name` and its model as `given_name`.
    """

    id: str
    family_name: str
    given_name: str
    device: bool = False
    specialty: str
    role: str | None = None
    structure_id: str
    structure_name: str


class SealedEntry(SealedModel):
    """What the DocumentEntry of the DMP needs beyond the document's type and id: who the patient is, what happened.

    `local_oid` is the OID that qualifies the patient's local number, as in the CDA; `format` is of JDV_J60, `facility`
    of JDV_J61, `practice_setting` of JDV_J62, `confidentiality` of JDV_J58 (the level first, then the masks).
    """

    identity: QualifiedIdentity
    local_oid: str
    title: str
    format: str
    language: str
    creation_time: datetime
    service_start: datetime
    service_stop: datetime | None
    authors: tuple[SealedPerson, ...]
    legal_authenticator: SealedPerson
    facility: str
    practice_setting: str
    confidentiality: tuple[str, ...]
    vaccination_id: str | None = None

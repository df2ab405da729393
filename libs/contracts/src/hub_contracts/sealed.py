"""What sealed parts open to. These models are never logged and never travel in clear."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


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


class SealedEntry(SealedModel):
    """What the DocumentEntry of the DMP needs beyond the codes: who the patient is and what happened.

    `local_oid` is the OID that qualifies the patient's local number, as in the CDA.
    """

    identity: QualifiedIdentity
    local_oid: str
    title: str
    creation_time: datetime
    service_start: datetime
    service_stop: datetime | None
    author_ids: tuple[str, ...]
    legal_authenticator_id: str
    confidentiality: tuple[str, ...]
    vaccination_id: str | None = None

"""Who sends, as the directory said when the publication was first taken: fixed then, so that a resend is the same."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from hub_contracts.errors import ErrorCode
from hub_contracts.events.directory import Mode, ProfessionalPublished, StructurePublished


class Known(Protocol):
    """What is asked of the directory."""

    def structure(self, structure_id: UUID) -> StructurePublished | None:
        """The structure, None when unknown."""

    def professional(self, professional_id: str) -> ProfessionalPublished | None:
        """The professional by PS_IdNat, None when unknown."""


class Professional(BaseModel):
    """A professional as messages name them. `subsection` is a TRE_G05 code, for pharmacists only."""

    model_config = ConfigDict(frozen=True)
    id: str
    family_name: str
    given_name: str
    profession: str
    subsection: str | None


class Sender(BaseModel):
    """The structure under the identifier worn that day, and the professional in whose name it sends."""

    model_config = ConfigDict(frozen=True)
    struct_id: str
    name: str
    sector: str
    practice_setting: str
    production: bool
    author: Professional


def sender_of(known: Known, structure_id: UUID, author_id: str, now: datetime) -> Sender | ErrorCode:
    """The sender, or which kind of entry the directory lacks (it may come later)."""
    structure = known.structure(structure_id)
    struct_id = structure.identifier_at(now) if structure is not None else None
    if structure is None or struct_id is None:
        return ErrorCode.STRUCTURE_UNKNOWN
    author = known.professional(author_id)
    if author is None:
        return ErrorCode.AUTHOR_UNKNOWN
    return Sender(
        struct_id=struct_id,
        name=structure.name,
        sector=structure.sector,
        practice_setting=structure.practice_setting,
        production=structure.mode is Mode.PRODUCTION,
        author=Professional(
            id=author_id,
            family_name=author.family_name,
            given_name=author.given_name,
            profession=author.profession,
            subsection=author.subsection,
        ),
    )

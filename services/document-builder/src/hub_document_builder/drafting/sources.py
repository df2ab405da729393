"""All that a document is made of, and who has a part in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub_contracts.acts import Act, Trod, Vaccination
from hub_contracts.document_types import DocumentType
from hub_contracts.events.directory import ProfessionalPublished, StructurePublished
from hub_contracts.sealed import QualifiedIdentity


@dataclass(frozen=True, slots=True)
class Sources:
    """`people` by PS_IdNat: all who wrote, answer for it or did the act."""

    kind: DocumentType
    act: Act
    identity: QualifiedIdentity
    structure: StructurePublished
    people: Mapping[str, ProfessionalPublished]


def performer_of(act: Act) -> str:
    """PS_IdNat of who did the act: named in it, else who answers for it."""
    content = act.content
    if isinstance(content, Vaccination | Trod) and content.performer is not None:
        return content.performer.id
    return act.accountable.id


def people_of(act: Act) -> tuple[str, ...]:
    """PS_IdNat of all who have a part in the document."""
    return tuple(dict.fromkeys((*act.people, performer_of(act))))

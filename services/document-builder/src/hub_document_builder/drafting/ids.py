"""Identifiers of a document: always the same for the same version of an act."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid5

from hub_kit.ids import oid_from_uuid


@dataclass(frozen=True, slots=True)
class DocumentIds:
    """`unique_id` and `set_id` are OIDs; `replaces` is the unique id of the version before, None for the first.

    `vaccination_id` is kept for life, also when the document is not a note.
    """

    version: int
    replaces: str | None
    content_id: UUID
    unique_id: str
    set_id: str
    section_id: UUID
    vaccination_id: UUID


def ids_of(act_id: UUID, version: int, vaccination_id: UUID | None = None) -> DocumentIds:
    """uniqueId of the version, setId of the act, both `2.25.<integer>`; the vaccination's id for life."""
    document = _document(act_id, version)
    return DocumentIds(
        version=version,
        replaces=oid_from_uuid(_document(act_id, version - 1)) if version > 1 else None,
        content_id=uuid5(document, "content"),
        unique_id=oid_from_uuid(document),
        set_id=oid_from_uuid(uuid5(act_id, "set")),
        section_id=uuid5(document, "section"),
        vaccination_id=vaccination_id or uuid5(act_id, "vaccination"),
    )


def _document(act_id: UUID, version: int) -> UUID:
    return uuid5(act_id, f"document/{version}")

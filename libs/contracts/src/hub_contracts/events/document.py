"""Stream hub.document: documents built."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from hub_contracts.events.base import ActEvent, Sealed


class ContentRef(BaseModel):
    """Reference to bytes kept by their owner (design rule 12). `sha256` and `sha1` are hex, `size` is in bytes."""

    model_config = ConfigDict(frozen=True)
    id: UUID
    sha256: str
    sha1: str
    size: int
    media_type: str


class DocumentBuilt(ActEvent):
    """The CDA document is built, checked and kept; its bytes never change.

    `sealed_entry` opens to `hub_contracts.sealed.SealedEntry`: what the DMP's metadata need.
    """

    event_type: ClassVar[str] = "document.built.v1"
    patient_id: UUID
    document_unique_id: str
    document_type: str
    act_type: str
    author_id: str
    occurred_at: AwareDatetime
    content: ContentRef
    rules_checked: tuple[str, ...]
    expires_at: AwareDatetime
    valid_until: AwareDatetime
    sealed_entry: Sealed

"""A document that the LGO supplies as a file, of any type that professionals may create (JDV_J66)."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from hub_contracts.acts.base import Code, PublicModel

MEDIA_TYPES = ("application/pdf", "text/plain", "application/rtf", "image/jpeg", "image/tiff")


class SuppliedFile(PublicModel):
    """The file: deposited before (`attachment`), or within the act (`data`, base64). One of the two."""

    media_type: Literal["application/pdf", "text/plain", "application/rtf", "image/jpeg", "image/tiff"]
    attachment: UUID | None = Field(default=None, description="Identifiant rendu par POST /v1/attachments")
    data: Annotated[str, Field(max_length=6_000_000)] | None = Field(
        default=None, repr=False, description="Contenu en base64, pour un fichier de 4 Mo au plus"
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.attachment is None) == (self.data is None):
            raise ValueError("attachment or data: one of the two")
        return self


class SuppliedDocument(PublicModel):
    """A finished document; the act's `type` is its code in JDV_J66."""

    kind: Literal["document"] = "document"
    file: SuppliedFile
    language: Code | None = Field(default=None, description="Langue du document, fr-FR si absente")

"""What other services may ask over mutual TLS: the bytes of a deposited file (design rule 1)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from hub_kit.blobs import BlobStore, blob_headers
from hub_kit.db import Pool
from hub_kit.web import require_peer

Builder = Annotated[str, Depends(require_peer("document-builder"))]


def router(pool: Pool, blobs: BlobStore) -> APIRouter:
    """`GET /internal/attachments/{attachment_id}`, for document-builder alone."""
    api = APIRouter(prefix="/internal")

    @api.get("/attachments/{attachment_id}")
    async def attachment(attachment_id: UUID, _peer: Builder) -> Response:
        """The bytes, with their media type and SHA-256 (hex); 410 DOCUMENT_GONE once purged."""
        async with pool.acquire() as connection:
            stored = await blobs.get(connection, attachment_id)
        return Response(stored.content, headers=blob_headers(stored.ref))

    return api

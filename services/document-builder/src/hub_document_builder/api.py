"""What other services may ask over mutual TLS: a document's bytes, a preview, and which rules are installed."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel

from hub_document_builder.handlers.preview import PreviewRequest, Previews, PreviewView
from hub_document_builder.rules import Rules
from hub_document_builder.store import Store, counts
from hub_kit.blobs import blob_headers
from hub_kit.db import Pool
from hub_kit.web import require_peer

Publisher = Annotated[str, Depends(require_peer("dmp-publisher"))]
Gateway = Annotated[str, Depends(require_peer("gateway"))]
Operator = Annotated[str, Depends(require_peer("gateway", "admin"))]


class RulesView(BaseModel):
    """Which rules documents are checked against."""

    installed: bool
    profile: str
    checked: tuple[str, ...]
    problem: str | None


class StatusView(BaseModel):
    """State of the service: rules, and documents in numbers."""

    rules: RulesView
    documents: int
    open: int
    purged: int


def router(pool: Pool, store: Store, rules: Rules, previews: Previews) -> APIRouter:
    """`GET /internal/documents/{content_id}` (dmp-publisher), `POST /internal/preview` (gateway), and the status."""
    api = APIRouter(prefix="/internal")

    @api.get("/documents/{content_id}")
    async def document(content_id: UUID, _peer: Publisher) -> Response:
        """The bytes, with their media type and SHA-256 (hex); 410 DOCUMENT_GONE once purged."""
        async with pool.acquire() as connection:
            stored = await store.content(connection, content_id)
        return Response(stored.content, headers=blob_headers(stored.ref))

    @api.post("/preview")
    async def preview(asked: PreviewRequest, _peer: Gateway) -> PreviewView:
        """What the patient would see; nothing is kept."""
        return await previews.preview(asked)

    @api.get("/status")
    async def status(_peer: Operator) -> StatusView:
        async with pool.acquire() as connection:
            numbers = await counts(connection)
        return StatusView(
            rules=RulesView(
                installed=rules.installed, profile=rules.profile, checked=rules.checked, problem=rules.problem()
            ),
            **numbers,
        )

    return api

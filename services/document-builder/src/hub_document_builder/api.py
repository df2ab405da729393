"""What other services may ask over mutual TLS: the bytes of a document, and which rules are installed."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel

from hub_document_builder.rules import Rules
from hub_document_builder.store import Store, counts
from hub_kit.db import Pool
from hub_kit.web import require_peer

SHA256_HEADER = "x-content-sha256"
Publisher = Annotated[str, Depends(require_peer("dmp-publisher"))]
Operator = Annotated[str, Depends(require_peer("gateway", "admin"))]


class RulesView(BaseModel):
    """Which rules documents are checked against."""

    installed: bool
    checked: tuple[str, ...]
    problem: str | None


class StatusView(BaseModel):
    """State of the service: rules, and documents in numbers."""

    rules: RulesView
    documents: int
    open: int
    purged: int


def router(pool: Pool, store: Store, rules: Rules) -> APIRouter:
    """`GET /internal/documents/{content_id}` (dmp-publisher alone) and `GET /internal/status`."""
    api = APIRouter(prefix="/internal")

    @api.get("/documents/{content_id}")
    async def document(content_id: UUID, _peer: Publisher) -> Response:
        """The bytes, with their media type and SHA-256 (hex); 410 DOCUMENT_GONE once purged."""
        async with pool.acquire() as connection:
            stored = await store.content(connection, content_id)
        headers = {"content-type": stored.ref.media_type, SHA256_HEADER: stored.ref.sha256}
        return Response(stored.content, headers=headers)

    @api.get("/status")
    async def status(_peer: Operator) -> StatusView:
        async with pool.acquire() as connection:
            numbers = await counts(connection)
        return StatusView(
            rules=RulesView(installed=rules.installed, checked=rules.checked, problem=rules.problem()), **numbers
        )

    return api

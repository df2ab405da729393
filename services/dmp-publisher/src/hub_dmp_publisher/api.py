"""What other services may ask over mutual TLS: how an act's publication stands, with the evidence of its exchanges."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from hub_dmp_publisher import store
from hub_kit.db import Pool
from hub_kit.web import require_peer


class PublicationView(BaseModel):
    """One version of an act on its way to the DMP."""

    act_id: UUID
    act_version: int
    structure_id: UUID
    status: str
    document_unique_id: str
    submission_set_unique_id: str
    code: str | None
    upstream_code: str | None
    attempts: int
    ask_not_before: datetime | None
    valid_until: datetime
    expires_at: datetime
    created_at: datetime
    updated_at: datetime


class ExchangeView(BaseModel):
    """One exchange with the DMP."""

    transaction: str
    message_id: str
    assertion_id: str
    sent_at: datetime
    duration_ms: int
    http_status: int | None
    outcome: str
    upstream_code: str | None


class FollowUp(BaseModel):
    """All that is known about an act's publication."""

    publications: list[PublicationView]
    exchanges: list[ExchangeView]


def router(pool: Pool) -> APIRouter:
    """`GET /internal/publications/{act_id}`."""
    api = APIRouter(prefix="/internal", dependencies=[Depends(require_peer("gateway", "audit", "admin"))])

    @api.get("/publications/{act_id}")
    async def follow_up(act_id: UUID) -> FollowUp:
        async with pool.acquire() as connection:
            publications = await store.publications_of_act(connection, act_id)
            exchanges = await store.exchanges_of_act(connection, act_id)
        return FollowUp(
            publications=[PublicationView(**row) for row in publications],
            exchanges=[ExchangeView(**row) for row in exchanges],
        )

    return api

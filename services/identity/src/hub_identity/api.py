"""What operators and other services may ask over mutual TLS: how many acts wait, and for what."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from hub_identity import store
from hub_kit.db import Pool
from hub_kit.web import require_peer


class WaitingView(BaseModel):
    """Acts in the waiting room for one reason."""

    code: str | None
    acts: int
    oldest: datetime


def router(pool: Pool) -> APIRouter:
    """`GET /internal/waiting-room`: numbers only, no patient."""
    api = APIRouter(prefix="/internal", dependencies=[Depends(require_peer("gateway", "admin"))])

    @api.get("/waiting-room")
    async def waiting_room() -> list[WaitingView]:
        async with pool.acquire() as connection:
            return [WaitingView(**row) for row in await store.waiting_summary(connection)]

    return api

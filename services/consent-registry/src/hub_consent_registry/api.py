"""What other services may ask over mutual TLS: which matrix is in force, and how an act was decided."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from hub_consent_registry import store
from hub_consent_registry.matrix import AlimentationMatrix
from hub_kit.db import Pool
from hub_kit.web import require_peer


class DecisionView(BaseModel):
    """One decision on an act, with the versions it used."""

    decision_id: UUID
    act_version: int
    refusal: str | None
    alimentation_matrix: str
    oppositions_revision: int
    decided_at: datetime
    valid_until: datetime


class MatrixView(BaseModel):
    """The alimentation matrix in force."""

    version: str


def router(pool: Pool, matrix: AlimentationMatrix) -> APIRouter:
    """`GET /internal/decisions/{act_id}` and `GET /internal/alimentation-matrix`."""
    api = APIRouter(prefix="/internal", dependencies=[Depends(require_peer("gateway", "dmp-publisher", "admin"))])

    @api.get("/decisions/{act_id}")
    async def decisions(act_id: UUID) -> list[DecisionView]:
        async with pool.acquire() as connection:
            return [DecisionView(**row) for row in await store.decisions(connection, act_id)]

    @api.get("/alimentation-matrix")
    async def in_force() -> MatrixView:
        return MatrixView(version=matrix.version)

    return api

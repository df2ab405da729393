"""The auditors' API: query records of a period, with a reason; and how complete the record is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.security import HTTPBearer
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hub_audit import store
from hub_audit.handlers import Auditor, Inquiry
from hub_audit.store import Search
from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_kit.errors import HubError
from hub_kit.ids import uuid7
from hub_kit.security.tokens import AccessToken, TokenVerifier, require_scope

SCOPE = "audit:read"


class Criteria(BaseModel):
    """Ce que l'auditeur cherche. La période et le motif sont obligatoires."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    since: AwareDatetime | None = Field(None, description="Début de la période, inclus")
    until: AwareDatetime | None = Field(None, description="Fin de la période, exclue")
    reason: str = Field("", max_length=500, description="Motif de la recherche, lui-même tracé")
    patient: UUID | None = Field(None, description="Identifiant interne du patient (pseudonyme)")
    act: UUID | None = Field(None, description="Identifiant de l'acte")
    professional: str | None = Field(None, max_length=64, description="PS_IdNat du professionnel, ou compte")
    structure: UUID | None = Field(None, description="Identifiant interne de la structure")
    record_class: str | None = Field(None, alias="class", pattern="^(access|technical|admin)$")
    action: str | None = Field(None, max_length=64)
    outcome: str | None = Field(None, max_length=64)
    before: UUID | None = Field(None, description="Repère de page : `next` de la réponse précédente")
    limit: int = Field(100, ge=1, le=1000)


class RecordView(BaseModel):
    """Une trace. `body` est nul si la clé du patient a été effacée."""

    event_id: UUID
    recorded_at: datetime
    occurred_at: datetime
    record_class: str = Field(serialization_alias="class")
    action: str
    outcome: str
    source: str
    structure_id: UUID | None
    actor_id: str | None
    patient_id: UUID | None
    act_id: UUID | None
    code: str | None
    reason: str | None
    body: dict[str, Any] | None


class Page(BaseModel):
    """Une page de traces, de la plus récente à la plus ancienne."""

    records: list[RecordView]
    next: UUID | None = Field(description="À donner dans `before` pour la page suivante ; nul à la fin")


class SourceView(BaseModel):
    """Complétude d'une source : tous les événements numérotés jusqu'à `complete_to` sont enregistrés."""

    source: str
    complete_to: int
    highest: int
    moved_at: datetime


def router(inquiry: Inquiry, tokens: TokenVerifier, page_size: int) -> APIRouter:
    """`GET /v1/audit/records` and `GET /v1/audit/completeness`."""
    # the scheme only documents: the token is verified by `auditor`, whose errors are problems
    api = APIRouter(prefix="/v1/audit", tags=["audit"], dependencies=[Depends(HTTPBearer(auto_error=False))])

    async def auditor(request: Request) -> AccessToken:
        token = await tokens.verify_header(request.headers.get("authorization"))
        require_scope(token, SCOPE)
        return token

    @api.get("/records", response_model=Page, summary="Chercher des traces")
    async def records(request: Request, criteria: Annotated[Criteria, Query()]) -> Page:
        """Traces d'une période, par patient, acte, professionnel ou structure. La recherche est elle-même tracée."""
        token = await auditor(request)
        search = _search(criteria)
        limit = min(criteria.limit, page_size)
        who = Auditor(token.subject, token.client_id, criteria.reason.strip())
        found = await inquiry.ask(who, search, limit, uuid7(inquiry.clock))
        views = [RecordView(**{**row, "record_class": row["class"]}) for row in found]
        return Page(records=views, next=views[-1].event_id if len(views) == limit else None)

    @api.get("/completeness", response_model=list[SourceView], summary="Complétude du journal")
    async def completeness(request: Request) -> list[SourceView]:
        """Jusqu'à quel numéro chaque service a été entendu sans trou."""
        await auditor(request)
        async with inquiry.pool.acquire() as connection:
            states = await store.progress(connection)
        return [SourceView.model_validate(asdict(state)) for state in states]

    return api


def _search(criteria: Criteria) -> Search:
    problems = []
    if criteria.since is None or criteria.until is None or criteria.since >= criteria.until:
        problems.append(_problem(ErrorCode.AUDIT_PERIOD_REQUIRED, "/since"))
    if not criteria.reason.strip():
        problems.append(_problem(ErrorCode.AUDIT_REASON_REQUIRED, "/reason"))
    if problems:
        raise HubError(ErrorCode(problems[0].code), problems=problems)
    assert criteria.since is not None
    assert criteria.until is not None
    return Search(
        since=criteria.since, until=criteria.until, patient_id=criteria.patient, act_id=criteria.act,
        actor_id=criteria.professional, structure_id=criteria.structure, class_=criteria.record_class,
        action=criteria.action, outcome=criteria.outcome, before=criteria.before,
    )  # fmt: skip


def _problem(code: ErrorCode, pointer: str) -> Problem:
    return Problem(code=code, pointer=pointer, text=code.text)

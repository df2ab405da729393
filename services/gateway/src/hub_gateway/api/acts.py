"""`POST /v1/acts`, `GET /v1/acts`, `GET /v1/acts/{act_id}`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Request, Response

from hub_contracts.acts import Act
from hub_contracts.errors import ErrorCode
from hub_contracts.states import ActState
from hub_gateway.api import examples, paging, views
from hub_gateway.api.bodies import RawBody, parse_acts, parse_json
from hub_gateway.api.gate import Gate, Scope, idempotency_key
from hub_gateway.api.models import ActAccepted, ActBatch, ActList, ActView, BatchAnswer
from hub_gateway.api.openapi import IDEMPOTENCY_PARAMETER, errors, example, several
from hub_gateway.domain.outcomes import Accepted, Outcome, Refused
from hub_gateway.handlers.idempotent import Keyed
from hub_gateway.handlers.intake import Intake
from hub_gateway.handlers.reading import Reading
from hub_gateway.store.requests import Answer
from hub_kit.errors import HubError
from hub_kit.telemetry.logs import annotate
from hub_kit.web.problems import problem_document, request_id_of

PATH = "/v1/acts"
ACCEPTED_STATUS = 202
REFUSALS = (
    ErrorCode.REQUEST_NOT_JSON,
    ErrorCode.REQUEST_INVALID,
    ErrorCode.REQUEST_TOO_LARGE,
    ErrorCode.BATCH_TOO_LARGE,
    ErrorCode.IDEMPOTENCY_KEY_REUSED,
    ErrorCode.ACT_EXTERNAL_ID_REUSED,
    ErrorCode.ACT_TYPE_UNKNOWN,
    ErrorCode.ACT_CONTENT_MISMATCH,
    ErrorCode.ATTACHMENT_UNKNOWN,
    ErrorCode.ATTACHMENT_UNREADABLE,
    ErrorCode.ACT_INTENT_UNAVAILABLE,
    ErrorCode.ACT_DATE_IN_FUTURE,
    ErrorCode.STRUCTURE_UNKNOWN,
    ErrorCode.STRUCTURE_IN_EXERCISE,
    ErrorCode.AUTHOR_UNKNOWN,
    ErrorCode.AUTHOR_NOT_ACTIVE,
    ErrorCode.INS_FORMAT_INVALID,
    ErrorCode.INS_KEY_INVALID,
    ErrorCode.INS_OID_UNKNOWN,
    ErrorCode.INS_OID_WRONG_ENVIRONMENT,
)
SUBMIT_DOC = """Dépose un acte terminé, ou un envoi groupé `{"acts": [...]}` de 500 actes au plus.

La réponse 202 dit que le hub a l'acte, jamais qu'il est dans le DMP : le suivi est à l'adresse `location`, et dans le
fil `GET /v1/acts/events`. Un acte seul refusé reçoit une erreur avec **tous** ses défauts ; dans un envoi groupé,
chaque acte a son verdict et les bons sont pris.

`external_id` est unique par structure : le même acte renvoyé rend la même réponse sans rien refaire ; un autre contenu
sous le même identifiant est refusé (ACT_EXTERNAL_ID_REUSED). Un INS absent ou une identité qui n'est pas *qualifiée* ne
font pas refuser l'acte : il attend (`en_attente_identite`)."""
LIST_DOC = """Les actes du compte, du plus récent reçu au plus ancien, page par page. Aucune donnée du patient.
La lecture laisse une trace d'accès."""
VIEW_DOC = """L'état d'un acte et tout ce qui lui est arrivé : état, phrase à montrer, moment, code, défauts avec leur
place dans l'acte envoyé, qui peut corriger, nouvel essai automatique ou non. La lecture laisse une trace d'accès."""


@dataclass(frozen=True, slots=True)
class _Render:
    """Makes the answer of a POST from its outcomes."""

    batch: bool
    request_id: str
    digest: bytes

    def __call__(self, outcomes: Sequence[Outcome]) -> Answer:
        annotate(acts=len(outcomes), acts_refused=sum(1 for o in outcomes if isinstance(o, Refused)))
        return self._batch(outcomes) if self.batch else self._single(outcomes[0])

    def _single(self, outcome: Outcome) -> Answer:
        if isinstance(outcome, Refused):
            raise HubError(outcome.code, problems=outcome.problems)
        body = _accepted(outcome)
        return Answer(self.digest, ACCEPTED_STATUS, {"location": body["location"]}, views.dump(body))

    def _batch(self, outcomes: Sequence[Outcome]) -> Answer:
        verdicts = [
            {"index": o.index, **(_accepted(o) if isinstance(o, Accepted) else self._refused(o))} for o in outcomes
        ]
        accepted = sum(1 for o in outcomes if isinstance(o, Accepted))
        body = {"accepted": accepted, "refused": len(outcomes) - accepted, "verdicts": verdicts}
        return Answer(self.digest, ACCEPTED_STATUS, {"location": PATH}, views.dump(body))

    def _refused(self, outcome: Refused) -> dict[str, Any]:
        error = HubError(outcome.code, problems=outcome.problems)
        return {
            "status": "refused",
            "external_id": outcome.external_id,
            "problem": problem_document(error, self.request_id),
        }


def _accepted(outcome: Accepted) -> dict[str, Any]:
    return {
        "status": "accepted",
        "act_id": outcome.act_id,
        "external_id": outcome.external_id,
        "state": outcome.state,
        "label": ActState(outcome.state).label,
        "location": f"{PATH}/{outcome.act_id}",
        "already_known": outcome.already_known,
    }


def add_submission(api: APIRouter, gate: Gate, intake: Intake, max_batch: int) -> None:
    """`POST /v1/acts`."""

    async def submit(
        request: Request,
        body: Annotated[
            Act | ActBatch,
            Body(
                openapi_examples={
                    "acte": {"summary": "Un acte", "value": examples.ACT},
                    "envoi_groupe": {"summary": "Un envoi groupé", "value": examples.BATCH},
                }
            ),
        ],
    ) -> Response:
        visitor = await gate.enter(request, Scope.ACTS_WRITE)
        key = idempotency_key(request)
        content = await request.body()
        submissions, batch = parse_acts(parse_json(content), max_batch)
        digest = intake.desk.digest(f"POST {PATH}", content) if key is not None else b""
        render = _Render(batch, request_id_of(request), digest)
        answer = await intake.submit(visitor, submissions, Keyed(key, digest), render)
        return Response(answer.body, answer.status, dict(answer.headers), "application/json")

    answers = (
        ("acte", "Un acte", examples.ACCEPTED),
        ("envoi_groupe", "Un verdict par acte", examples.BATCH_ANSWER),
    )
    api.add_api_route(
        PATH,
        submit,
        methods=["POST"],
        status_code=ACCEPTED_STATUS,
        tags=["actes"],
        summary="Déposer un acte ou un envoi groupé",
        description=SUBMIT_DOC,
        responses={
            ACCEPTED_STATUS: {
                "model": ActAccepted | BatchAnswer,
                "description": "Le hub a l'acte ; il n'est pas encore dans le DMP.",
                "content": several(answers),
                "headers": {"Location": {"description": "Adresse du suivi", "schema": {"type": "string"}}},
            },
            **errors(*REFUSALS),
        },
        openapi_extra={"parameters": [IDEMPOTENCY_PARAMETER]},
        operation_id="deposer_actes",
        route_class_override=RawBody,
    )


def add_reading(api: APIRouter, gate: Gate, reading: Reading) -> None:
    """`GET /v1/acts` and `GET /v1/acts/{act_id}`."""

    @api.get(
        PATH,
        tags=["actes"],
        summary="Lister les actes",
        description=LIST_DOC,
        responses={
            200: {"model": ActList, "content": example({"acts": [examples.SUMMARY], "next": "AZq08HwRelKcPl0Pa3qMkQ"})},
            **errors(ErrorCode.CURSOR_INVALID, ErrorCode.REQUEST_INVALID),
        },
        operation_id="lister_actes",
    )
    async def list_acts(request: Request, wanted: Annotated[paging.ListQuery, Query()]) -> Response:
        visitor = await gate.enter(request, Scope.ACTS_READ)
        structures = visitor.structures
        if wanted.structure is not None:
            outside = await gate.standings.outside([wanted.structure], [])
            structures &= {s.structure_id for s in outside.structures.get(wanted.structure, ())}
        rows = await reading.acts(visitor, paging.act_filter(wanted, structures), wanted.limit + 1)
        page = rows[: wanted.limit]
        cursor = paging.cursor_of(page[-1]["act_id"]) if len(rows) > wanted.limit else None
        return views.json_response({"acts": [views.summary(row) for row in page], "next": cursor})

    @api.get(
        PATH + "/{act_id}",
        tags=["actes"],
        summary="Suivre un acte",
        description=VIEW_DOC,
        responses={
            200: {"model": ActView, "content": example(examples.VIEW)},
            **errors(ErrorCode.ACT_NOT_FOUND, ErrorCode.REQUEST_INVALID),
        },
        operation_id="suivre_acte",
    )
    async def view_act(
        request: Request,
        act_id: Annotated[UUID, Path(description="Identifiant donné par le hub", examples=[examples.ACT_ID])],
    ) -> Response:
        visitor = await gate.enter(request, Scope.ACTS_READ)
        return views.json_response(views.act(*await reading.act(visitor, act_id)))

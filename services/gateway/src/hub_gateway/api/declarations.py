"""`POST /v1/patients/declarations` and its follow-up."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Request, Response
from fastapi.openapi.models import Example

from hub_contracts.errors import ErrorCode
from hub_gateway.api import examples, views
from hub_gateway.api.bodies import RawBody, parse_json, parse_model
from hub_gateway.api.gate import Gate, Scope, idempotency_key
from hub_gateway.api.models import Declaration, DeclarationAccepted, DeclarationView
from hub_gateway.api.openapi import IDEMPOTENCY_PARAMETER, errors, example
from hub_gateway.handlers.declare import Declared, Declaring
from hub_gateway.handlers.idempotent import Keyed
from hub_gateway.handlers.reading import Reading
from hub_gateway.store.requests import Answer

PATH = "/v1/patients/declarations"
EXAMPLE_BODY: dict[str, Example] = {"opposition": {"summary": "Une opposition", "value": examples.DECLARATION}}
REFUSALS = (
    ErrorCode.REQUEST_NOT_JSON,
    ErrorCode.REQUEST_INVALID,
    ErrorCode.REQUEST_TOO_LARGE,
    ErrorCode.IDEMPOTENCY_KEY_REUSED,
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
SUBMIT_DOC = """Déclare, hors de tout acte, ce que la structure sait d'un patient :

* `identity` : une identité (mieux) qualifiée ; les actes de ce patient qui l'attendaient repartent, dans l'ordre ;
* `opposition` : le patient s'oppose à l'alimentation de son DMP (motif légitime, R.1111-47) ;
* `opposition_lifted` : il lève cette opposition.

La réponse 202 dit que le hub a la déclaration ; ce qu'il en advient est à l'adresse `location`."""


def add_declarations(api: APIRouter, gate: Gate, declaring: Declaring, reading: Reading) -> None:
    """Both operations."""
    _add_submission(api, gate, declaring)

    @api.get(
        PATH + "/{declaration_id}",
        tags=["patients"],
        summary="Suivre une déclaration",
        description="État `recue`, `acceptee` ou `refusee`, avec les défauts. Aucune donnée du patient.",
        responses={
            200: {"model": DeclarationView, "content": example(examples.DECLARATION_VIEW)},
            **errors(ErrorCode.DECLARATION_NOT_FOUND, ErrorCode.REQUEST_INVALID),
        },
        operation_id="suivre_declaration",
    )
    async def view(
        request: Request, declaration_id: Annotated[UUID, Path(description="Identifiant donné par le hub")]
    ) -> Response:
        visitor = await gate.enter(request, Scope.PATIENTS_DECLARE)
        return views.json_response(views.declaration(await reading.declaration(visitor, declaration_id)))


def _add_submission(api: APIRouter, gate: Gate, declaring: Declaring) -> None:
    async def submit(
        request: Request,
        body: Annotated[Declaration, Body(openapi_examples=EXAMPLE_BODY)],
    ) -> Response:
        visitor = await gate.enter(request, Scope.PATIENTS_DECLARE)
        key = idempotency_key(request)
        content = await request.body()
        sent = parse_model(Declaration, parse_json(content))
        digest = declaring.desk.digest(f"POST {PATH}", content) if key is not None else b""
        declared = Declared(sent.kind, sent.structure, sent.author, sent.patient, sent.declared_at)
        answer = await declaring.submit(visitor, declared, Keyed(key, digest), lambda i, at: _answer(digest, i, at))
        return Response(answer.body, answer.status, dict(answer.headers), "application/json")

    api.add_api_route(
        PATH,
        submit,
        methods=["POST"],
        status_code=202,
        tags=["patients"],
        summary="Déclarer une identité, une opposition ou sa levée",
        description=SUBMIT_DOC,
        responses={
            202: {
                "model": DeclarationAccepted,
                "description": "Le hub a la déclaration.",
                "content": example(examples.DECLARATION_ACCEPTED),
                "headers": {"Location": {"description": "Adresse du suivi", "schema": {"type": "string"}}},
            },
            **errors(*REFUSALS),
        },
        openapi_extra={"parameters": [IDEMPOTENCY_PARAMETER]},
        operation_id="declarer",
        route_class_override=RawBody,
    )


def _answer(digest: bytes, declaration_id: UUID, received_at: datetime) -> Answer:
    location = f"{PATH}/{declaration_id}"
    body = {
        "declaration_id": declaration_id,
        "state": "recue",
        "received_at": received_at,
        "location": location,
    }
    return Answer(digest, 202, {"location": location}, views.dump(body))

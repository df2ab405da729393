"""`POST /v1/documents/preview`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from hub_contracts.acts import Act
from hub_contracts.errors import ErrorCode
from hub_gateway.api import examples
from hub_gateway.api.acts import REFUSALS
from hub_gateway.api.bodies import RawBody, parse_act, parse_json
from hub_gateway.api.gate import Gate, Scope
from hub_gateway.api.models import PreviewView
from hub_gateway.api.openapi import errors, example
from hub_gateway.handlers.preview import Previewing

PATH = "/v1/documents/preview"
DOC = """Ce que le patient verra du document, avant l'envoi : page HTML, PDF, qui pourra le voir, mots difficiles à lire
ou sensibles, défauts qui feraient refuser le document. Rien n'est gardé ni envoyé ; l'identité n'a pas besoin d'être
qualifiée. Le corps est l'acte, comme pour `POST /v1/acts`."""
_NOT_HERE = (ErrorCode.BATCH_TOO_LARGE, ErrorCode.IDEMPOTENCY_KEY_REUSED, ErrorCode.ACT_EXTERNAL_ID_REUSED)


def add_preview(api: APIRouter, gate: Gate, previewing: Previewing) -> None:
    """The one operation."""

    async def preview(
        request: Request,
        body: Annotated[Act, Body(openapi_examples={"acte": {"summary": "Un acte", "value": examples.REPORT_ACT}})],
    ) -> Response:
        visitor = await gate.enter(request, Scope.ACTS_WRITE)
        submission = parse_act(parse_json(await request.body()))
        return Response(await previewing.preview(visitor, submission), media_type="application/json")

    api.add_api_route(
        PATH,
        preview,
        methods=["POST"],
        tags=["actes"],
        summary="Prévisualiser un document",
        description=DOC,
        responses={
            200: {"model": PreviewView, "content": example(examples.PREVIEW)},
            **errors(*(code for code in REFUSALS if code not in _NOT_HERE)),
        },
        operation_id="previsualiser_document",
        route_class_override=RawBody,
    )

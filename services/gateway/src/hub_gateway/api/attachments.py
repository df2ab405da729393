"""`POST /v1/attachments`: a file for an act that will name it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from hub_contracts.acts import MEDIA_TYPES
from hub_contracts.errors import ErrorCode
from hub_gateway.api import examples, views
from hub_gateway.api.bodies import RawBody
from hub_gateway.api.gate import Gate, Scope
from hub_gateway.api.models import AttachmentKept
from hub_gateway.api.openapi import errors, example
from hub_gateway.handlers.attachments import Attachments
from hub_kit.errors import HubError

PATH = "/v1/attachments"
UTF8 = ("", "charset=utf-8", 'charset="utf-8')
DOC = """Dépose un fichier (PDF, texte UTF-8, RTF, JPEG, TIFF) pour un acte qui le nommera dans
`content.file.attachment`. Le corps est le fichier lui-même, `Content-Type` dit ce qu'il est. Un fichier qu'aucun acte
ne nomme part au bout de trois jours ; un petit fichier peut aussi voyager dans l'acte, en base64 (`content.file.data`).

Le fichier est examiné à la construction du document : PDF/A-1 attendu, ni script, ni fichier joint, ni chiffrement ;
les images et le texte sont convertis."""


def add_attachments(api: APIRouter, gate: Gate, attachments: Attachments) -> None:
    """The one operation."""

    async def deposit(
        request: Request, body: Annotated[bytes, Body(media_type="application/octet-stream")]
    ) -> Response:
        visitor = await gate.enter(request, Scope.ACTS_WRITE)
        media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
        media_type = media_type.strip()
        if media_type not in MEDIA_TYPES or parameters.replace(" ", "").strip('"') not in UTF8:
            raise HubError(ErrorCode.ATTACHMENT_TYPE_UNSUPPORTED)
        ref, until = await attachments.deposit(visitor, media_type, await request.body())
        kept = {
            "attachment_id": ref.id,
            "sha256": ref.sha256,
            "size": ref.size,
            "media_type": ref.media_type,
            "unused_until": until,
        }
        return Response(views.dump(kept), 201, media_type="application/json")

    api.add_api_route(
        PATH,
        deposit,
        methods=["POST"],
        status_code=201,
        tags=["actes"],
        summary="Déposer un fichier",
        description=DOC,
        responses={
            201: {"model": AttachmentKept, "content": example(examples.ATTACHMENT)},
            **errors(
                ErrorCode.ATTACHMENT_TYPE_UNSUPPORTED, ErrorCode.ATTACHMENT_UNREADABLE, ErrorCode.REQUEST_TOO_LARGE
            ),
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES},
            }
        },
        operation_id="deposer_fichier",
        route_class_override=RawBody,
    )

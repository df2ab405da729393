"""RFC 9457 problem documents: a stable code, a French sentence, who can fix it, where in the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hub_contracts.errors import ErrorCode
from hub_kit.errors import HubError
from hub_kit.telemetry.logs import annotate
from hub_kit.web.validation import problems_of

MEDIA_TYPE = "application/problem+json"
_STATUS_CODES = {
    401: ErrorCode.TOKEN_INVALID,
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    413: ErrorCode.REQUEST_TOO_LARGE,
    503: ErrorCode.SERVICE_UNAVAILABLE,
}

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "fixer", "retryable", "instance"],
    "properties": {
        "type": {"type": "string", "description": "`urn:hub-dmp:error:<code>`"},
        "title": {"type": "string", "description": "La phrase du catalogue."},
        "status": {"type": "integer", "description": "Le statut HTTP."},
        "detail": {"type": "string", "description": "Ce qui s'est passé, en français."},
        "code": {"type": "string", "description": "Le code stable de l'erreur."},
        "fixer": {"type": "string", "description": "Qui peut corriger : lgo, user, operator, dmp, nobody."},
        "retryable": {"type": "boolean", "description": "La même demande peut réussir plus tard."},
        "instance": {"type": "string", "description": "L'identifiant de la demande, à donner à l'exploitant."},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "pointer", "text"],
                "properties": {
                    "code": {"type": "string"},
                    "pointer": {"type": "string", "description": "Pointeur JSON (RFC 6901) dans la demande."},
                    "text": {"type": "string"},
                },
            },
        },
    },
}


def problem_document(error: HubError, request_id: str) -> dict[str, Any]:
    """The members of the problem, ready for JSON."""
    info = error.code.info
    document: dict[str, Any] = {
        "type": f"urn:hub-dmp:error:{error.code.value}",
        "title": info.text,
        "status": info.http_status,
        "detail": error.detail,
        "code": error.code.value,
        "fixer": info.fixer.value,
        "retryable": error.retryable,
        "instance": f"urn:uuid:{request_id}",
    }
    if error.problems:
        document["problems"] = [problem.model_dump() for problem in error.problems]
    return document


def problem_response(error: HubError, request_id: str, extra_headers: Mapping[str, str] | None = None) -> Response:
    """The HTTP answer of an error; says on the canonical line which code it was."""
    annotate(code=error.code.value)
    if error.problems:
        annotate(problem_codes=sorted({problem.code for problem in error.problems}), problem_count=len(error.problems))
    return Response(
        orjson.dumps(problem_document(error, request_id)),
        status_code=error.code.info.http_status,
        media_type=MEDIA_TYPE,
        headers={**error.headers, **(extra_headers or {})},
    )


def request_id_of(request: Request) -> str:
    """The id the middleware gave this request."""
    return str(request.scope.get("hub_request_id", ""))


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem document. Unexpected exceptions are the middleware's business."""
    app.add_exception_handler(HubError, _hub_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)


async def _hub_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HubError)
    if error.code.info.http_status >= 500:
        annotate(failure=error)
    return problem_response(error, request_id_of(request))


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    kinds = [item["type"] for item in error.errors()]
    if kinds == ["json_invalid"]:
        return problem_response(HubError(ErrorCode.REQUEST_NOT_JSON), request_id_of(request))
    found = problems_of(error.errors(), error.body)
    return problem_response(HubError(ErrorCode.REQUEST_INVALID, problems=found), request_id_of(request))


async def _http_exception(request: Request, error: Exception) -> Response:
    """Starlette's and FastAPI's own: unknown address, method not allowed, a body that is not text…"""
    assert isinstance(error, HTTPException)
    code = _STATUS_CODES.get(error.status_code)
    if error.status_code == 400:  # the only one FastAPI raises: the body could not be read as JSON
        code = ErrorCode.REQUEST_NOT_JSON
    if code is None:
        code = ErrorCode.REQUEST_INVALID if error.status_code < 500 else ErrorCode.INTERNAL_ERROR
    return problem_response(HubError(code, headers=error.headers), request_id_of(request))

"""What all operations say of themselves in the OpenAPI document: security, errors, examples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi.security import HTTPBearer

from hub_contracts.errors import ErrorCode
from hub_kit.web.problems import MEDIA_TYPE, PROBLEM_SCHEMA

BEARER = HTTPBearer(
    bearerFormat="JWT",
    scheme_name="jeton",
    description="Jeton d'accès OAuth 2 (RFC 9068) du compte du logiciel, obtenu par `client_credentials`.",
    auto_error=False,
)
"""Documents the security scheme; the gate does the checking."""

ALWAYS = (
    ErrorCode.TOKEN_MISSING,
    ErrorCode.TOKEN_INVALID,
    ErrorCode.TOKEN_EXPIRED,
    ErrorCode.SCOPE_MISSING,
    ErrorCode.STRUCTURE_NOT_MEMBER,
    ErrorCode.SERVICE_UNAVAILABLE,
)
IDEMPOTENCY_PARAMETER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Clé choisie par le logiciel. La même clé avec la même demande redonne la même réponse, pendant un "
    "jour au moins ; avec une autre demande : 409 IDEMPOTENCY_KEY_REUSED.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "example": "6f1c1d8e-lot-2026-11-24",
}


def errors(*codes: ErrorCode) -> dict[int | str, dict[str, Any]]:
    """The error answers of an operation, by status, with every code that may come and an example of each."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for code in (*ALWAYS, *codes):
        status = code.info.http_status
        answer = by_status.setdefault(
            status, {"description": "", "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA, "examples": {}}}}
        )
        answer["description"] = f"{answer['description']} `{code.value}`".strip()
        answer["content"][MEDIA_TYPE]["examples"][code.value] = {"summary": code.text, "value": _example(code)}
    return by_status


def example(value: Any, name: str = "exemple") -> dict[str, Any]:
    """The `content` of a JSON answer with that example."""
    return {"application/json": {"examples": {name: {"value": value}}}}


def several(values: Iterable[tuple[str, str, Any]]) -> dict[str, Any]:
    """The `content` of a JSON answer with these (name, summary, value) examples."""
    return {"application/json": {"examples": {name: {"summary": text, "value": value} for name, text, value in values}}}


def _example(code: ErrorCode) -> dict[str, Any]:
    return {
        "type": f"urn:hub-dmp:error:{code.value}",
        "title": code.text,
        "status": code.info.http_status,
        "detail": code.text,
        "code": code.value,
        "fixer": code.info.fixer.value,
        "retryable": code.info.error_class.value == "transient",
        "instance": "urn:uuid:019ab4f0-7c11-7a52-9c3e-5d0f6b7a8c00",
    }

"""Bodies of requests: JSON in, models or problems out; every problem has its place in what was sent."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from hub_contracts.acts import Act
from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_gateway.domain.outcomes import Submission
from hub_kit.errors import HubError
from hub_kit.web.validation import problems_of

M = TypeVar("M", bound=BaseModel)
_NUL = b"\\u0000"
NUL_TEXT = "Le caractère nul (\\u0000) n'est pas permis."


class RawBody(APIRoute):
    """A route whose `body` parameter is there for the documentation only: the endpoint reads the request itself.

    A batch needs a verdict for each act, which validating the body as a whole can't give.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint, called with the request alone."""
        endpoint = self.endpoint

        async def handle(request: Request) -> Response:
            answer: Response = await endpoint(request, None)
            return answer

        return handle


def parse_json(body: bytes) -> Any:
    """The document. Raises HubError REQUEST_NOT_JSON, or REQUEST_INVALID for a NUL character, which no store keeps."""
    if _NUL in body:
        raise HubError(ErrorCode.REQUEST_INVALID, detail=NUL_TEXT)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise HubError(ErrorCode.REQUEST_NOT_JSON) from None


def parse_model(model: type[M], document: Any) -> M:
    """The model. Raises HubError REQUEST_INVALID with all problems."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise HubError(ErrorCode.REQUEST_INVALID, problems=_problems(error, document)) from None


def parse_act(document: Any) -> Submission:
    """One act, or what is wrong with its form."""
    return _submission(0, document)


def parse_acts(document: Any, max_batch: int) -> tuple[list[Submission], bool]:
    """The acts sent, and whether they came as a batch.

    Raises HubError REQUEST_INVALID when the document is neither an act nor a batch, BATCH_TOO_LARGE.
    """
    if not isinstance(document, dict) or "acts" not in document:
        return [_submission(0, document)], False
    acts = document["acts"]
    if not isinstance(acts, list) or not acts:
        raise _malformed("/acts", "Une liste d'au moins un acte est attendue.")
    stray = [key for key in document if key != "acts"]
    if stray:
        raise _malformed("", "Un envoi groupé ne contient que le champ « acts ».")
    if len(acts) > max_batch:
        raise HubError(ErrorCode.BATCH_TOO_LARGE, detail=f"Un envoi groupé contient {max_batch} actes au plus.")
    return [_submission(index, item) for index, item in enumerate(acts)], True


def _submission(index: int, document: Any) -> Submission:
    try:
        act = Act.model_validate(document)
    except ValidationError as error:
        given = document.get("external_id") if isinstance(document, dict) else None
        external_id = given if isinstance(given, str) and len(given) <= 64 else None
        return Submission(index, external_id, None, _problems(error, document))
    return Submission(index, act.external_id, act)


def _problems(error: ValidationError, document: Any) -> tuple[Problem, ...]:
    found = error.errors(include_url=False, include_input=False)
    return tuple(problems_of(({**item, "loc": ("body", *item["loc"])} for item in found), document))


def _malformed(pointer: str, text: str) -> HubError:
    wrong = Problem(code=ErrorCode.REQUEST_INVALID.value, pointer=pointer, text=text)
    return HubError(ErrorCode.REQUEST_INVALID, problems=[wrong])

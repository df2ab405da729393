"""The largest body accepted: refused before it is read whole, whatever Content-Length says."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub_contracts.errors import ErrorCode
from hub_kit.errors import HubError
from hub_kit.web.problems import problem_response

DRAIN_BYTES = 64 * 1024 * 1024
DRAIN_SECONDS = 10.0


class BodyLimit:
    """Reads the body up to the limit and hands it to the application in one piece.

    Over the limit the answer is 413 at once, and what the client still sends is read and thrown away (64 MiB, 10 s at
    most) so that it gets to read the answer. The connection lives on only when the client said beforehand how much it
    would send.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length")
        if announced is None and b"transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        size = int(announced) if announced is not None and announced.isdigit() else None
        if size is not None and size > self._max:
            await self._refuse(scope, headers, size, 0, receive, send)
            return
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return  # the client has gone
            body += message.get("body", b"")
            if len(body) > self._max:
                await self._refuse(scope, headers, size, len(body), receive, send)
                return
            if not message.get("more_body", False):
                break
        await self._app(scope, _replay(bytes(body), receive), send)

    async def _refuse(
        self, scope: Scope, headers: dict[bytes, bytes], size: int | None, seen: int, receive: Receive, send: Send
    ) -> None:
        waits = headers.get(b"expect", b"").lower() == b"100-continue"
        drain = not waits and (size is None or size <= DRAIN_BYTES)
        keeps = drain and size is not None
        answer = problem_response(
            HubError(ErrorCode.REQUEST_TOO_LARGE),
            str(scope.get("hub_request_id", "")),
            {} if keeps else {"connection": "close"},
        )
        await send(_start(answer))
        await send({"type": "http.response.body", "body": answer.body, "more_body": True})
        if drain:
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_SECONDS):
                    await _throw_away(receive, seen)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _start(answer: Response) -> dict[str, Any]:
    return {"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers}


async def _throw_away(receive: Receive, seen: int) -> None:
    while seen <= DRAIN_BYTES:
        message = await receive()
        seen += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once

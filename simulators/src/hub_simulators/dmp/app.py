"""The ASGI application behind mutual TLS: reads, applies the script, answers or cuts the connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import format_datetime
from typing import Any

from hub_simulators.dmp.behaviours import Action, Behaviour, Script
from hub_simulators.dmp.engine import DmpEngine, HttpAnswer, Incoming, Outcome
from hub_simulators.dmp.recorder import RawRequest, Recorder
from hub_simulators.dmp.refusals import AckError, DmpRefusal, HttpRefusal, RegistryError, RegistryFailure, SoapFault

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class DmpApplication:
    """The three services of the simulated DMP as a plain ASGI application."""

    def __init__(self, engine: DmpEngine, script: Script, recorder: Recorder) -> None:
        self.engine = engine
        self.script = script
        self.recorder = recorder
        self._late: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one HTTP request."""
        if scope["type"] != "http":
            return
        state = scope.get("state", {})
        body = await _read_body(receive, self.engine.settings.max_body)
        record, incoming, structure = self._open(scope, body, state.get("peer_certificate"))
        if isinstance(structure, Outcome):
            await self._finish(send, incoming, record, structure)
            return
        behaviour = None
        if not self.script.empty:
            behaviour = self.script.pick(incoming.operation, incoming.structure, incoming.ins)
        if behaviour is None:
            outcome = self.engine.commit(self.engine.handle(incoming, structure), incoming)
            await self._finish(send, incoming, record, outcome)
            return
        record.behaviour = behaviour.action
        await self._misbehave(behaviour, incoming, structure, record, send, receive, state.get("transport"))

    def _open(
        self, scope: Scope, body: bytes | None, certificate: bytes | None
    ) -> tuple[RawRequest, Incoming, str | Outcome]:
        """Record and read the request; the last item is the structure of the certificate, or a refusal."""
        engine = self.engine
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        method, path = scope["method"], scope["path"]
        content_type = next((value for name, value in headers if name == b"content-type"), b"").decode("latin-1")
        structure: str | Outcome
        refusal: HttpRefusal | None = None
        try:
            structure = engine.tls_structure(certificate)
        except HttpRefusal as problem:
            structure, refusal = "", problem
        record = self.recorder.record(engine.clock.now(), method, path, headers, body or b"", structure)
        if body is None:
            refusal = HttpRefusal("http.size", 413, "Message trop grand")
        incoming = engine.read(method, path, content_type, body or b"")
        record.operation, record.message_id = incoming.operation, incoming.message_id
        return record, incoming, engine.refuse(refusal, incoming, None) if refusal else structure

    async def _finish(self, send: Send, incoming: Incoming, record: RawRequest, outcome: Outcome) -> None:
        self._count(incoming, record, outcome, outcome.name)
        await self._send(send, outcome.answer)

    async def _send(self, send: Send, answer: HttpAnswer, *, truncate: bool = False) -> None:
        """Answer; the Date is the simulator's, so that a clock that is off shows as it does in life."""
        headers = [
            (b"content-type", answer.content_type.encode("latin-1")),
            (b"content-length", str(len(answer.body)).encode()),
            (b"date", format_datetime(self.engine.clock.now(), usegmt=True).encode()),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if truncate:
            await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
            await asyncio.sleep(0.02)  # lets the half go out before the cut
            return
        await send({"type": "http.response.body", "body": answer.body})

    def _count(self, incoming: Incoming, record: RawRequest, outcome: Outcome | None, name: str) -> None:
        statistics = self.engine.statistics
        statistics.count(incoming.operation, name)
        record.outcome = name
        if outcome is not None:
            record.check, record.status = outcome.check, outcome.answer.status
            if outcome.check:
                statistics.checks[outcome.check] += 1
            statistics.codes.update(outcome.codes)

    async def _misbehave(
        self,
        behaviour: Behaviour,
        incoming: Incoming,
        structure: str,
        record: RawRequest,
        send: Send,
        receive: Receive,
        transport: asyncio.Transport | None,
    ) -> None:
        if behaviour.latency_ms > 0:
            await asyncio.sleep(behaviour.latency_ms / 1000)
        refusal = _scripted_refusal(behaviour, incoming)
        if refusal is not None:
            body = next(iter(incoming.root[-1]), None) if incoming.root is not None and len(incoming.root) else None
            await self._finish(send, incoming, record, self.engine.refuse(refusal, incoming, body))
            return
        if behaviour.action is Action.RESET:
            self._count(incoming, record, None, "reset")
            await _abort(transport, receive)
            return
        if behaviour.action is Action.HANG:
            self._count(incoming, record, None, "hang")
            await _hang(receive, behaviour.seconds)
            await _abort(transport, receive)
            return
        outcome = self.engine.handle(incoming, structure)
        if behaviour.action is Action.DROP_THEN_STORE_LATE:
            self._count(incoming, record, outcome, "dropped_then_stored" if outcome.commit else "dropped")
            await _abort(transport, receive)
            self._store_later(outcome, incoming, behaviour.seconds)
            return
        outcome = self.engine.commit(outcome, incoming)
        if behaviour.action is Action.STORE_THEN_DROP:
            self._count(incoming, record, outcome, "stored_then_dropped" if outcome.name == "success" else "dropped")
            await _abort(transport, receive)
        elif behaviour.action is Action.TRUNCATE:
            self._count(incoming, record, outcome, "truncated")
            await self._send(send, outcome.answer, truncate=True)
            await _abort(transport, receive)
        else:
            await self._finish(send, incoming, record, outcome)

    def _store_later(self, outcome: Outcome, incoming: Incoming, seconds: float) -> None:
        async def store() -> None:
            await asyncio.sleep(seconds)
            late = self.engine.commit(outcome, incoming)
            self.engine.statistics.count(incoming.operation, "late_store" if late.name == "success" else "late_refused")

        task = asyncio.get_running_loop().create_task(store())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    @property
    def late(self) -> int:
        """Number of stores still to come."""
        return len(self._late)

    async def close(self) -> None:
        """Drop the stores still to come."""
        for task in list(self._late):
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)


def _scripted_refusal(behaviour: Behaviour, incoming: Incoming) -> DmpRefusal | None:
    if behaviour.action is Action.HTTP_ERROR:
        return HttpRefusal("script", behaviour.status, behaviour.text)
    if behaviour.action is Action.FAULT:
        return SoapFault("script", behaviour.text)
    if behaviour.action is not Action.REGISTRY_ERROR:
        return None
    if incoming.operation == "td0.2":
        return AckError("script", behaviour.code, behaviour.text)
    return RegistryFailure([RegistryError(behaviour.code, behaviour.text, "", "script")])


async def _read_body(receive: Receive, limit: int) -> bytes | None:
    """Return the body, None when it is over the limit (it is read to the end, and forgotten)."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        piece = message.get("body", b"")
        size += len(piece)
        if size <= limit:
            pieces.append(piece)
        else:
            pieces.clear()
        if not message.get("more_body"):
            return b"".join(pieces) if size <= limit else None


async def _hang(receive: Receive, seconds: float) -> None:
    """Wait until the client leaves, or `seconds`."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(gone(), seconds)


async def _abort(transport: asyncio.Transport | None, receive: Receive) -> None:
    """Cut the connection with a TCP reset, and wait until the server has seen it."""
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass

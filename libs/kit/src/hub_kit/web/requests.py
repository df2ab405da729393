"""Around every request: its id, its trace, one canonical log line, metrics, security headers, unexpected failures."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub_contracts.errors import ErrorCode
from hub_kit.clock import Clock
from hub_kit.errors import HubError
from hub_kit.ids import uuid7
from hub_kit.telemetry import metric_defs as defs
from hub_kit.telemetry import tracing
from hub_kit.telemetry.logs import CanonicalLine, bind, gathering, get_logger
from hub_kit.telemetry.metrics import Metrics
from hub_kit.web.problems import problem_response

_SECURITY_HEADERS: dict[bytes, bytes] = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"strict-transport-security": b"max-age=31536000",
    b"x-content-type-options": b"nosniff",
}
_QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})
_log = get_logger("hub_kit.web")


class RequestScope:
    """The outermost middleware of ours. `server` (public, internal) labels its metrics."""

    def __init__(self, app: ASGIApp, clock: Clock, metrics: Metrics, server: str) -> None:
        self._app = app
        self._clock = clock
        self._metrics = metrics
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = str(uuid7(self._clock))
        scope["hub_request_id"] = request_id
        started = self._clock.monotonic()
        answer = _Answer(send, request_id)
        with tracing.span(_header(scope, b"traceparent")), bind(request_id=request_id), gathering() as line:
            try:
                await self._app(scope, receive, answer.send)
            except Exception as error:
                line.add(failure=error, code=ErrorCode.INTERNAL_ERROR.value)
                if answer.status:
                    raise  # half an answer is out: the server cuts the connection
                await problem_response(HubError(ErrorCode.INTERNAL_ERROR), request_id)(scope, receive, answer.send)
            finally:
                self._account(scope, line, answer.status, self._clock.monotonic() - started)

    def _account(self, scope: Scope, line: CanonicalLine, status: int, seconds: float) -> None:
        route = _route(scope)
        self._metrics.inc(defs.HTTP_REQUESTS, self._server, _method(scope), route, str(status))
        self._metrics.observe(defs.HTTP_SECONDS, seconds, self._server, route)
        failure = line.facts.pop("failure", None)
        code = line.facts.get("code")
        if code is not None:
            self._metrics.inc(defs.ERRORS, "http", str(code))
        facts = {
            "server": self._server,
            "method": _method(scope),
            "route": route,
            "status": status,
            "duration_ms": round(seconds * 1000, 2),
            **line.facts,
        }
        peer = scope.get("state", {}).get("peer")
        if peer:
            facts["peer"] = peer
        if failure is not None:
            _log.error("http.request", exc_info=failure, **facts)
        elif route in _QUIET_ROUTES:
            _log.debug("http.request", **facts)
        else:
            _log.info("http.request", **facts)


class _Answer:
    """Passes the answer on, with the headers that every answer has."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            present = {name.lower() for name, _ in headers}
            headers += [pair for pair in _SECURITY_HEADERS.items() if pair[0] not in present]
            headers.append((b"x-request-id", self._request_id.encode()))
            message = {**message, "headers": headers}
        await self._send(message)


def _route(scope: Scope) -> str:
    """The route's template, never the address itself: that may hold anything."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "-"


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None

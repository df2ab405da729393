"""The HTTP edge, called in process: problems, limits, ids, canonical lines."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import pytest
import structlog
from fastapi import Body, Depends, FastAPI, Query
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.responses import StreamingResponse

from hub_contracts.errors import ErrorCode
from hub_contracts.events.base import Problem
from hub_kit.clock import ManualClock
from hub_kit.errors import HubError
from hub_kit.telemetry import logs
from hub_kit.telemetry import metric_defs as defs
from hub_kit.telemetry.health import Health
from hub_kit.telemetry.metrics import Metrics
from hub_kit.web import add_docs, create_app, create_internal_app, require_peer
from hub_kit.web.validation import CodedValueError, json_pointer

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MARKED = "ZZMARQUEE"
LIMIT = 4096


class Vaccination(BaseModel):
    """One kind of act."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["vaccination"]
    day: date
    lots: Annotated[list[Annotated[str, Field(max_length=5)]], Field(max_length=2)] = []


class Visit(BaseModel):
    """Another."""

    kind: Literal["visit"]
    minutes: Annotated[int, Field(ge=1)]

    @field_validator("minutes")
    @classmethod
    def _short(cls, value: int) -> int:
        if value == 77:
            raise CodedValueError(ErrorCode.ACT_DATE_IN_FUTURE)
        if value == 78:
            raise ValueError(f"{MARKED} {value}")
        return value


class Batch(BaseModel):
    """A request."""

    acts: list[Annotated[Vaccination | Visit, Field(discriminator="kind")]]


class Fixture:
    """The application, a client for it, its log and metrics."""

    def __init__(self, stream: io.BytesIO) -> None:
        self.stream = stream
        self.metrics = Metrics(process=False)
        self.app = build_app(self.metrics)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://hub.test")

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


def build_app(metrics: Metrics) -> FastAPI:
    app = create_app("demo", clock=ManualClock(NOW), metrics=metrics, max_body_bytes=LIMIT)

    @app.post("/acts/{number}")
    async def acts(number: int, batch: Batch, limit: Annotated[int, Query(le=10)] = 5) -> dict[str, int]:
        logs.annotate(act_count=len(batch.acts))
        return {"count": len(batch.acts) + number * 0 + limit * 0}

    @app.post("/any")
    async def anything(body: Annotated[Any, Body()]) -> dict[str, int]:
        return {"size": len(json.dumps(body))}

    @app.get("/refused")
    async def refused() -> None:
        problem = Problem(code="INS_KEY_INVALID", pointer="/patient/ins", text="La clé est fausse.")
        raise HubError(ErrorCode.REQUEST_INVALID, problems=[problem], headers={"x-extra": "1"})

    @app.get("/unavailable")
    async def unavailable() -> None:
        raise HubError(ErrorCode.SERVICE_UNAVAILABLE, headers={"retry-after": "5"})

    @app.get("/crash")
    async def crash() -> None:
        raise KeyError(MARKED)

    @app.get("/half")
    async def half() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"first"
            raise KeyError(MARKED)

        return StreamingResponse(pieces())

    @app.get("/internal", dependencies=[Depends(require_peer("dmp-publisher"))])
    async def internal() -> None:
        return None

    return app


@pytest.fixture
def web() -> Iterator[Fixture]:
    saved, root = dict(structlog.get_config()), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.BytesIO()
    logs.configure_logs("demo", "DEBUG", stream)
    yield Fixture(stream)
    structlog.configure(**saved)
    root.handlers[:] = handlers
    root.setLevel(level)


def problem_of(response: httpx.Response) -> dict[str, Any]:
    """The problem document, its fixed parts checked."""
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["type"] == f"urn:hub-dmp:error:{document['code']}"
    assert document["status"] == response.status_code
    assert document["instance"] == f"urn:uuid:{response.headers['x-request-id']}"
    assert {"title", "detail", "fixer", "retryable"} <= document.keys()
    return document


async def test_a_good_request(web: Fixture) -> None:
    body = {"acts": [{"kind": "visit", "minutes": 3}]}
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    response = await web.client.post("/acts/3?limit=2", json=body, headers=headers)
    assert (response.status_code, response.json()) == (200, {"count": 1})
    assert UUID(response.headers["x-request-id"]).version == 7
    for name in ("cache-control", "content-security-policy", "x-content-type-options", "strict-transport-security"):
        assert name in response.headers
    (line,) = web.lines
    assert (line["event"], line["route"], line["status"], line["act_count"]) == (
        "http.request",
        "/acts/{number}",
        200,
        1,
    )
    assert line["request_id"] == response.headers["x-request-id"]
    assert line["trace_id"] == trace
    assert web.metrics.value(defs.HTTP_REQUESTS, "public", "POST", "/acts/{number}", "200") == 1


async def test_hub_errors(web: Fixture) -> None:
    response = await web.client.get("/refused")
    document = problem_of(response)
    assert (response.status_code, document["code"], document["fixer"]) == (422, "REQUEST_INVALID", "lgo")
    assert document["retryable"] is False
    assert document["problems"] == [
        {"code": "INS_KEY_INVALID", "pointer": "/patient/ins", "text": "La clé est fausse."}
    ]
    assert response.headers["x-extra"] == "1"
    unavailable = await web.client.get("/unavailable")
    assert (unavailable.status_code, unavailable.headers["retry-after"]) == (503, "5")
    assert problem_of(unavailable)["retryable"] is True
    assert web.lines[0]["problem_codes"] == ["INS_KEY_INVALID"]
    assert web.metrics.value(defs.ERRORS, "http", "REQUEST_INVALID") == 1


async def test_every_validation_problem_has_a_pointer_and_no_value(web: Fixture) -> None:
    acts = [
        {"kind": "vaccination", "day": MARKED, "lots": ["ok", MARKED], "a/b~c": 1},
        {"kind": "visit"},
        {"kind": "visit", "minutes": 0},
        {"kind": "visit", "minutes": 77},
        {"kind": "visit", "minutes": 78},
        {"kind": MARKED},
        MARKED,
    ]
    response = await web.client.post("/acts/x?limit=99", json={"acts": acts})
    problems = problem_of(response)["problems"]
    found = {problem["pointer"]: problem for problem in problems if problem["pointer"]}
    assert set(found) == {
        "/acts/0/day",
        "/acts/0/lots/1",
        "/acts/0/a~1b~0c",
        "/acts/1/minutes",
        "/acts/2/minutes",
        "/acts/3/minutes",
        "/acts/4/minutes",
        "/acts/5",
        "/acts/6",
    }
    assert found["/acts/0/lots/1"]["text"] == "Le texte est trop long (5 caractères au plus)."
    assert found["/acts/1/minutes"]["text"] == "Ce champ est obligatoire."
    assert found["/acts/2/minutes"]["text"] == "La valeur doit être supérieure ou égale à 1."
    assert found["/acts/3/minutes"]["code"] == "ACT_DATE_IN_FUTURE"
    texts = [problem["text"] for problem in problems if not problem["pointer"]]
    assert sorted(texts) == [
        "Paramètre « limit » : La valeur doit être inférieure ou égale à 10.",
        "Élément d'adresse « number » : Un nombre entier est attendu.",
    ]
    assert MARKED not in response.text + web.stream.getvalue().decode()


@pytest.mark.parametrize(
    "content", [b"{", b"\xff\xfe{}", b'{"a": "\xe9"}', b"[" * 3000, b'{"name": "ZZMARQUEE"'], ids=range(5)
)
async def test_not_json(web: Fixture, content: bytes) -> None:
    response = await web.client.post("/acts/1", content=content, headers={"content-type": "application/json"})
    assert (response.status_code, problem_of(response)["code"]) == (400, "REQUEST_NOT_JSON")
    assert MARKED not in response.text + web.stream.getvalue().decode()


async def test_json_of_the_wrong_shape_or_type(web: Fixture) -> None:
    for content, kind in ((b"[]", "application/json"), (b"null", "application/json"), (b"{}", "text/plain"), (b"", "")):
        response = await web.client.post("/acts/1", content=content, headers={"content-type": kind} if kind else {})
        assert (response.status_code, problem_of(response)["code"]) == (422, "REQUEST_INVALID"), content


async def test_unknown_address_and_method(web: Fixture) -> None:
    response = await web.client.get(f"/nowhere/{MARKED}")
    assert (response.status_code, problem_of(response)["code"]) == (404, "NOT_FOUND")
    response = await web.client.delete("/any")
    assert (response.status_code, problem_of(response)["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "POST"
    assert web.lines[0]["route"] == "-"
    assert MARKED not in response.text + web.stream.getvalue().decode()


async def test_an_unexpected_exception_is_a_500_without_its_message(web: Fixture) -> None:
    response = await web.client.get("/crash")
    assert (response.status_code, problem_of(response)["code"]) == (500, "INTERNAL_ERROR")
    assert "x-content-type-options" in response.headers
    (line,) = web.lines
    assert (line["level"], line["status"], line["error"]["type"]) == ("error", 500, "KeyError")
    assert line["error"]["frames"][-1].endswith(":crash")
    assert MARKED not in response.text + web.stream.getvalue().decode()
    assert web.metrics.value(defs.ERRORS, "http", "INTERNAL_ERROR") == 1


async def test_a_failure_after_half_an_answer_is_logged_once(web: Fixture) -> None:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(web.app), base_url="http://hub.test")
    with pytest.raises(KeyError):  # the server cuts the connection
        await client.get("/half")
    assert [line["event"] for line in web.lines] == ["http.request"]
    assert MARKED not in web.stream.getvalue().decode()


async def test_without_a_client_certificate_nobody_is_a_peer(web: Fixture) -> None:
    response = await web.client.get("/internal")
    assert (response.status_code, problem_of(response)["code"]) == (403, "PEER_NOT_ALLOWED")


@pytest.mark.parametrize("size", [LIMIT - 2, LIMIT - 1])
async def test_a_body_at_the_limit_passes_and_one_over_is_refused(web: Fixture, size: int) -> None:
    content = b'"' + b"x" * size + b'"'
    response = await web.client.post("/any", content=content, headers={"content-type": "application/json"})
    if len(content) <= LIMIT:
        assert response.json() == {"size": len(content)}
    else:
        assert (response.status_code, problem_of(response)["code"]) == (413, "REQUEST_TOO_LARGE")


class Client:
    """An ASGI client that counts how much of its body is asked for."""

    def __init__(self, pieces: list[bytes], **headers: str) -> None:
        self.pieces = list(pieces)
        self.taken = 0
        self.sent: list[dict[str, Any]] = []
        self.read_before_answer = 0
        self.headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]

    async def receive(self) -> dict[str, Any]:
        piece = self.pieces.pop(0)
        self.taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": bool(self.pieces)}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.read_before_answer = self.taken
        self.sent.append(message)

    async def post(self, app: FastAPI) -> tuple[int, dict[str, str]]:
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": "/any",
            "raw_path": b"/any", "root_path": "", "scheme": "http", "query_string": b"", "server": ("hub.test", 80),
            "client": ("c", 1), "headers": [(b"content-type", b"application/json"), *self.headers], "state": {},
        }  # fmt: skip
        await app(scope, self.receive, self.send)
        head = self.sent[0]
        return head["status"], {name.decode(): value.decode() for name, value in head["headers"]}


async def test_an_announced_giant_is_refused_before_it_is_read(web: Fixture) -> None:
    client = Client([b"x" * 1000] * 60, content_length="60000")
    status, headers = await client.post(web.app)
    assert (status, client.read_before_answer) == (413, 0)
    assert "connection" not in headers
    assert client.taken == 60000, "the rest is read and thrown away: the connection lives on"


async def test_a_chunked_giant_is_refused_at_the_limit_and_its_connection_closed(web: Fixture) -> None:
    client = Client([b"x" * 1000] * 60, transfer_encoding="chunked")
    status, headers = await client.post(web.app)
    assert (status, headers["connection"]) == (413, "close")
    assert LIMIT < client.read_before_answer <= LIMIT + 1000


async def test_a_lying_length_does_not_help(web: Fixture) -> None:
    client = Client([b"x" * 1000] * 60, content_length="10")
    status, _ = await client.post(web.app)
    assert status == 413
    assert client.read_before_answer <= LIMIT + 1000


async def test_who_waits_to_be_asked_is_not_asked(web: Fixture) -> None:
    client = Client([b"x"], content_length="60000", expect="100-continue")
    status, headers = await client.post(web.app)
    assert (status, headers["connection"], client.taken) == (413, "close", 0)


async def test_a_monstrous_announcement_is_not_drained(web: Fixture) -> None:
    client = Client([b"x"], content_length=str(10**12))
    status, headers = await client.post(web.app)
    assert (status, headers["connection"], client.taken) == (413, "close", 0)


async def test_the_internal_application() -> None:
    clock, metrics = ManualClock(NOW), Metrics(process=False)
    health = Health(clock, metrics)
    state: list[str | None] = [None]

    async def database() -> str | None:
        await asyncio.sleep(0)
        return state[0]

    health.add("database", database)
    app = create_internal_app("demo", clock=clock, metrics=metrics, health=health, max_body_bytes=LIMIT)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub.test")
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.get("/readyz")).json() == {"ready": True, "problems": {}, "degraded": {}}
    state[0] = "down"
    clock.advance(2)
    response = await client.get("/readyz")
    assert (response.status_code, response.json()["problems"]) == (503, {"database": "down"})
    health.dying("stuck")
    assert (await client.get("/healthz")).status_code == 503
    exposition = await client.get("/metrics")
    assert "hub_ready 0.0" in exposition.text
    assert 'hub_http_requests_total{method="GET",route="/readyz",server="internal",status="503"} 1.0' in exposition.text
    assert exposition.headers["content-type"].startswith("text/plain")


async def test_the_public_application_has_no_internal_address_and_documents_problems(web: Fixture) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/docs", "/redoc"):
        assert (await web.client.get(path)).status_code == 404
    document = (await web.client.get("/openapi.json")).json()
    answers = document["paths"]["/acts/{number}"]["post"]["responses"]
    assert "422" not in answers
    assert "application/problem+json" in answers["default"]["content"]
    assert "HTTPValidationError" not in json.dumps(document)


def test_pointers_leave_out_what_is_not_in_the_body() -> None:
    body = {"a": [{"b": {"c": 1}}]}
    assert json_pointer(("a", 0, "tag", "b", "c"), body) == "/a/0/b/c"
    assert json_pointer(("a", 0, "b", "missing"), body) == "/a/0/b/missing"
    assert json_pointer(("a", 5), body) == "/a"
    assert json_pointer((), body) == ""


async def test_the_documentation_page_is_plain_and_complete(web: Fixture) -> None:
    add_docs(web.app)
    response = await web.client.get("/docs")
    assert response.headers["content-type"].startswith("text/html")
    assert "style-src 'sha256-" in response.headers["content-security-policy"]
    page = response.text
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    for piece in ("POST /acts/{number}", "acts[].lots", "liste de texte", "Paramètres", "Erreurs", "retryable"):
        assert piece in page

"""`POST /v1/documents/preview`: the door's rules, then document-builder over mutual TLS; nothing is kept."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from gateway_world import World, act

from hub_contracts.acts import Act
from hub_contracts.document_types import document_types
from hub_gateway.api.examples import PREVIEW, REPORT_ACT
from hub_gateway.api.models import PreviewView
from hub_gateway.upstreams import PreviewClient
from hub_kit.errors import HubError

PATH = "/v1/documents/preview"
ACT = Act.model_validate(REPORT_ACT)


async def test_without_document_builder_there_is_no_preview(world: World) -> None:
    answer = await world.post(act(), PATH)
    assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert await world.outbox("act.received.v1") == []


async def test_the_door_says_all_that_is_wrong(world: World) -> None:
    answer = await world.post(act(type="radiologie", author={"id": "899999999998"}), PATH)
    assert {(p["code"], p["pointer"]) for p in answer.json()["problems"]} == {
        ("ACT_TYPE_UNKNOWN", "/type"),
        ("AUTHOR_UNKNOWN", "/author/id"),
    }
    answer = await world.post({**act(), "patient": {}}, PATH)
    assert answer.status_code == 422
    assert ("/patient/local_id") in {p["pointer"] for p in answer.json()["problems"]}
    file = {"file": {"media_type": "application/pdf", "data": "pas du base64 !"}}
    answer = await world.post(act(type="56445-0", content=file), PATH)
    assert [p["code"] for p in answer.json()["problems"]] == ["ATTACHMENT_UNREADABLE"]
    assert (await world.client.post(PATH, json=act())).status_code == 401
    assert (await world.post(act(), PATH, client_id="lgc-cabinet")).status_code == 403


class Builder:
    """A server that answers as document-builder would, and remembers what it was asked."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body
        self.asked: list[Any] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        return web.Response(status=self.status, body=self.body, content_type="application/json")


@pytest.fixture
async def served() -> AsyncIterator[Callable[[Builder], Awaitable[PreviewClient]]]:
    closers: list[Callable[[], Awaitable[None]]] = []

    async def serve(builder: Builder) -> PreviewClient:
        application = web.Application()
        application.router.add_post("/internal/preview", builder.answer)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        client = PreviewClient(f"http://127.0.0.1:{runner.addresses[0][1]}", ssl.create_default_context(), 5)
        closers.extend([client.close, runner.cleanup])
        return client

    yield serve
    for closer in closers:
        await closer()


async def test_what_document_builder_says_is_passed_on(served: Any) -> None:
    builder = Builder(200, b'{"html":"<p>vu</p>"}')
    client = await served(builder)
    assert await client.preview(UUID(int=1), ACT) == builder.body
    [asked] = builder.asked
    assert asked["structure_id"] == str(UUID(int=1))
    assert Act.model_validate(asked["act"]) == ACT


@pytest.mark.parametrize("status", [302, 403, 500, 503])
async def test_a_builder_that_does_not_answer_is_for_later(served: Any, status: int) -> None:
    client = await served(Builder(status, b"{}"))
    with pytest.raises(HubError, match="SERVICE_UNAVAILABLE"):
        await client.preview(UUID(int=1), ACT)


async def test_a_builder_that_is_away_is_for_later() -> None:
    client = PreviewClient("http://127.0.0.1:9", ssl.create_default_context(), 5)
    with pytest.raises(HubError, match="SERVICE_UNAVAILABLE"):
        await client.preview(UUID(int=1), ACT)
    await client.close()


def test_the_documented_preview_is_one() -> None:
    assert PreviewView.model_validate(PREVIEW).document_type == document_types()[ACT.type].type

"""The composition root of identity, with the parts the kit would give it."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from identity_people import without_ins
from pydantic import SecretStr

from hub_identity import app
from hub_identity.settings import Settings
from hub_kit.errors import ConfigurationError
from hub_kit.messaging.directory import Directory
from hub_kit.security.keywrap import FileKeyWrapper
from hub_kit.service import Resources
from hub_kit.telemetry.health import Health
from hub_kit.telemetry.metrics import Metrics
from hub_kit.web import create_internal_app

from .conftest import IdentityService


def resources(identity: IdentityService) -> Resources:
    metrics = Metrics(process=False)
    return Resources(
        clock=identity.clock,
        pool=identity.pool,
        api_pool=identity.pool,
        keys=FileKeyWrapper([bytes(range(32))]),
        sealer=identity.sealer,
        outbox=identity.outbox,
        directory=Directory(),
        metrics=metrics,
        health=Health(identity.clock, metrics),
        wake_relay=lambda: None,
    )


def settings(key: str = "A" * 43 + "=") -> Settings:
    return Settings(database_url=SecretStr("postgresql://nowhere"), blind_index_key=SecretStr(key))


async def test_the_service_is_made_of_its_parts(identity: IdentityService) -> None:
    parts = await app.build(settings(), resources(identity))
    assert {(r.stream, r.model.event_type) for r in parts.routes} == {
        ("hub.act", "act.received.v1"),
        ("hub.act", "patient.identity-declared.v1"),
        ("hub.act", "patient.opposition-declared.v1"),
    }
    (task,) = parts.tasks
    running = asyncio.ensure_future(task.run())
    await asyncio.sleep(0)
    task.stop()
    async with asyncio.timeout(5):
        await running


async def test_a_key_that_is_none_stops_the_start(identity: IdentityService) -> None:
    with pytest.raises(ConfigurationError) as error:
        await app.build(settings("c2hvcnQ="), resources(identity))
    assert "c2hvcnQ" not in str(error.value)


async def test_operators_see_how_many_wait_and_why(identity: IdentityService) -> None:
    await identity.handle(await identity.act(without_ins()), await identity.act(without_ins(local_id="P2")))
    parts = await app.build(settings(), resources(identity))
    metrics = Metrics(process=False)
    internal = create_internal_app(
        "identity", clock=identity.clock, metrics=metrics, health=Health(identity.clock, metrics), max_body_bytes=1024
    )
    for router in parts.internal:
        internal.include_router(router)

    async def as_gateway(scope: dict[str, object], receive: object, send: object) -> None:
        scope["state"] = {"peer": "gateway"}
        await internal(scope, receive, send)  # type: ignore[arg-type]

    async with httpx.AsyncClient(transport=httpx.ASGITransport(as_gateway), base_url="http://identity") as client:  # type: ignore[arg-type]
        answer = await client.get("/internal/waiting-room")
    assert [(line["code"], line["acts"]) for line in answer.json()] == [("INS_MISSING", 2)]

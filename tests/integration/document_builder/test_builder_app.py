"""The composition root of document-builder, with the parts the kit would give it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from hub_document_builder import app
from hub_document_builder.settings import Settings
from hub_kit.security.keywrap import FileKeyWrapper
from hub_kit.service import Resources
from hub_kit.telemetry.health import Health
from hub_kit.telemetry.metrics import Metrics

from .conftest import BuilderService


def resources(builder: BuilderService) -> Resources:
    metrics = Metrics(process=False)
    return Resources(
        clock=builder.clock,
        pool=builder.pool,
        api_pool=builder.pool,
        keys=FileKeyWrapper([bytes(range(32))]),
        sealer=builder.sealer,
        outbox=builder.bench.outbox,
        directory=builder.directory,
        metrics=metrics,
        health=Health(builder.clock, metrics),
        wake_relay=lambda: None,
    )


def settings(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Settings:
    monkeypatch.delenv("HUB_RULES_DIR", raising=False)
    return Settings(database_url=SecretStr("postgresql://nowhere"), **changes)


async def test_the_service_is_made_of_its_parts(builder: BuilderService, monkeypatch: pytest.MonkeyPatch) -> None:
    given = resources(builder)
    parts = await app.build(settings(monkeypatch), given)
    assert len(parts.routes) == 4
    report = await given.health.report()
    assert report.ready
    assert "not installed" in report.degraded["official-rules"]
    (task,) = parts.tasks
    running = asyncio.ensure_future(task.run())
    await asyncio.sleep(0)
    task.stop()
    async with asyncio.timeout(5):
        await running


@pytest.mark.parametrize(
    ("environment", "allowed", "may_build"),
    [("test", False, True), ("production", False, False), ("production", True, True)],
)
async def test_production_needs_the_official_rules_unless_allowed(
    builder: BuilderService, monkeypatch: pytest.MonkeyPatch, environment: str, allowed: bool, may_build: bool
) -> None:
    parts = await app.build(settings(monkeypatch, environment=environment, allow_unchecked=allowed), resources(builder))
    handler: Any = parts.routes[0].handler
    assert handler.decide.__self__.rules.may_build is may_build


@pytest.mark.ans
async def test_the_operators_rules_are_used(
    builder: BuilderService, monkeypatch: pytest.MonkeyPatch, ans_dir: Path
) -> None:
    given = resources(builder)
    await app.build(settings(monkeypatch, environment="production", rules_dir=ans_dir), given)
    assert (await given.health.report()).degraded == {}

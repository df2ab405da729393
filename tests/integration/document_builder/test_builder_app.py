"""The composition root of document-builder, with the parts the kit would give it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from document_people import AUTHOR, NOW, act, author, identity, structure
from pydantic import SecretStr

from hub_contracts.document_types import document_types
from hub_document_builder import app
from hub_document_builder.drafting import Sources, header_of, ids_of, structured_body
from hub_document_builder.rules import ChecksUnavailable, Profile
from hub_document_builder.settings import Settings
from hub_document_builder.upstreams.schematrons import Schematrons, State
from hub_interop.cda import build_document
from hub_kit.errors import ConfigurationError
from hub_kit.security.keywrap import FileKeyWrapper
from hub_kit.service import Resources
from hub_kit.telemetry.health import Health
from hub_kit.telemetry.metrics import Metrics

from .conftest import BuilderService

IDS = ids_of(UUID(int=1), 1)
SOURCES = Sources(document_types()["vaccination"], act(), identity(), structure(), {AUTHOR: author()})
NOTE = structured_body(act(), IDS)
assert NOTE is not None
GOOD = build_document(header_of(SOURCES, IDS, NOW), NOTE)


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
    await asyncio.gather(*(close() for close in parts.closers))
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
    assert handler.decide.__self__.workshop.rules.may_build(production=False) is may_build
    await asyncio.gather(*(close() for close in parts.closers))


@pytest.mark.ans
async def test_the_operators_rules_are_used(
    builder: BuilderService, monkeypatch: pytest.MonkeyPatch, ans_dir: Path, rules_cache: Path
) -> None:
    given = resources(builder)
    official = settings(monkeypatch, environment="production", rules_dir=ans_dir, rules_cache_dir=rules_cache)
    parts = await app.build(official, given)
    handler: Any = parts.routes[0].handler
    rules = handler.decide.__self__.workshop.rules
    assert "are being installed" in (await given.health.report()).degraded["official-rules"]
    with pytest.raises(ChecksUnavailable):
        await rules.errors("2.25.1", GOOD)
    [task] = [t for t in parts.tasks if t.name == "schematrons"]
    schematrons: Schematrons = rules.schematrons
    running = asyncio.create_task(task.run())
    async with asyncio.timeout(240):
        while schematrons.state is not State.READY:
            await asyncio.sleep(0.05)
    builder.clock.advance(60)  # past what health remembers
    [problem] = (await given.health.report()).degraded.values()
    assert problem == "official rules too old for 96163-1 (JDV_J07): such acts wait"
    assert rules.too_old_for("96163-1")
    assert not rules.too_old_for("87273-9")
    assert await rules.errors("2.25.1", GOOD) == ()
    [found] = {e.split(":")[0] for e in await rules.errors("2.25.1", GOOD.replace(b'code="FR"', b'code="GB"'))}
    assert found == "ASIP-STRUCT-MIN-StrucMin"
    assert any(e.startswith("CDA_extended") for e in await rules.errors("2.25.1", GOOD.replace(b"realmCode", b"reel")))
    assert rules.checked_for("2.25.1")[2].startswith("ans:schematron:")
    task.stop()
    await running
    await asyncio.gather(*(close() for close in parts.closers))


@pytest.mark.ans
async def test_off_is_refused_in_production(
    builder: BuilderService, monkeypatch: pytest.MonkeyPatch, ans_dir: Path
) -> None:
    for allowed in (False, True):
        given = settings(
            monkeypatch, environment="production", rules_dir=ans_dir, profile=Profile.OFF, allow_unchecked=allowed
        )
        if allowed:
            assert "schematrons off" in str(app.rules_of(given).problem())
        else:
            with pytest.raises(ConfigurationError, match="off is not allowed in production"):
                app.rules_of(given)


@pytest.mark.ans
async def test_debit_sees_a_sample_that_is_always_the_same(
    monkeypatch: pytest.MonkeyPatch, ans_dir: Path, tmp_path: Path
) -> None:
    given = settings(monkeypatch, rules_dir=ans_dir, rules_cache_dir=tmp_path, profile=Profile.DEBIT, sample_one_in=10)
    rules = app.rules_of(given)
    seen = [rules.sees(f"2.25.{n}") for n in range(2000)]
    assert 120 <= sum(seen) <= 280
    assert seen == [rules.sees(f"2.25.{n}") for n in range(2000)]
    unseen = f"2.25.{seen.index(False)}"
    assert await rules.errors(unseen, GOOD) == ()  # the XSD alone
    assert await rules.errors(unseen, GOOD.replace(b"realmCode", b"reel"))
    with pytest.raises(ChecksUnavailable):
        await rules.errors(f"2.25.{seen.index(True)}", GOOD)


async def test_rules_that_cannot_be_installed_are_told_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "schematrons").mkdir()
    pools: list[Path] = []
    schematrons = Schematrons(tmp_path, tmp_path / "cache", pools.append)  # type: ignore[arg-type]
    running = asyncio.create_task(schematrons.run())
    async with asyncio.timeout(60):
        while schematrons.state is not State.FAILED:
            await asyncio.sleep(0.05)
    assert "documents wait" in str(schematrons.problem())
    with pytest.raises(ChecksUnavailable) as error:
        await schematrons.errors(GOOD)
    assert not error.value.busy
    schematrons.stop()
    await running
    assert pools == []

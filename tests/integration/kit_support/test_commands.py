"""The commands that talk to the database: migrate and replay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from hub_kit import cli
from hub_kit.ids import uuid7
from hub_kit.settings import ServiceSettings

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
Run = Callable[..., Any]


class Demo(ServiceSettings):
    """A service's settings."""

    service: ClassVar[str] = "commands-demo"


async def _build(*_: Any) -> None:
    raise AssertionError("nothing is served here")


@pytest.fixture
def run(service_db: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command as the shell would, off this test's event loop."""
    monkeypatch.setenv("HUB_COMMANDS_DEMO_DATABASE_URL", service_db.dsn)
    monkeypatch.setattr(cli, "configure_logs", lambda *_: None)
    migrations = [("hub_kit", "migrations/service"), ("hub_kit", "migrations/subjects")]
    app = cli.service_app(Demo, _build, migrations=migrations, stream="hub.act")

    async def invoke(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))

    return invoke


async def test_migrate_applies_what_is_missing_once(run: Run) -> None:
    first, second = await run("migrate"), await run("migrate")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.output.split() == ["0001_subject_keys.sql"]
    assert second.output.strip() == "nothing to apply"


async def _bury(dsn: str, event_id: UUID, code: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "insert into work_item (event_id, handler, key, lane, flow, state, attempts, last_code, arrived_at,"
            " dead_at, type, source, sequence, act_version, time, data)"
            " values ($1, 'h', 'k', 'l', 0, 'dead', 3, $2, $3, $3, 't.v1', 's', 1, 1, $3, '{}')",
            event_id,
            code,
            NOW,
        )
    finally:
        await connection.close()


async def _states(dsn: str) -> dict[UUID, str]:
    connection = await asyncpg.connect(dsn)
    try:
        return {
            row["event_id"]: row["state"] for row in await connection.fetch("select event_id, state from work_item")
        }
    finally:
        await connection.close()


async def test_replay_lists_and_then_revives_only_what_was_asked_for(run: Run, service_db: Any) -> None:
    first, second = uuid7(NOW), uuid7(NOW)
    await _bury(service_db.dsn, first, "HANDLER_FAILED")
    await _bury(service_db.dsn, second, "SEAL_UNREADABLE")
    arguments = ("replay", "--who", "operator-1", "--why", "fixed", "--code", "HANDLER_FAILED")
    listed = await run(*arguments)
    assert listed.exit_code == 0, listed.output
    assert str(first) in listed.output
    assert str(second) not in listed.output
    assert await _states(service_db.dsn) == {first: "dead", second: "dead"}
    done = await run(*arguments, "--really")
    assert "1 items given another try" in done.output
    assert await _states(service_db.dsn) == {first: "ready", second: "dead"}
    connection = await asyncpg.connect(service_db.dsn)
    try:
        event = await connection.fetchrow("select type, topic, data from outbox")
    finally:
        await connection.close()
    assert event is not None
    assert (event["type"], event["topic"]) == ("dead-items.replayed.v1", "hub.act")
    assert b"operator-1" in event["data"]

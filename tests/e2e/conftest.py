"""A whole hub for end-to-end tests: real Kafka, real PostgreSQL, real TLS, the strict simulated DMP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from hub_local import documents
from hub_local.client import FINAL, Lgo, open_lgos
from hub_local.demo import DEMO_SETTINGS
from hub_local.infra import LocalInfra
from hub_local.stack import Stack, StackOptions
from hub_local.world import Structure, make_world, patients, vaccination

from .rules_of_today import rules_of_today, until_checked


@pytest.fixture(scope="session")
async def stack(infra: LocalInfra, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """The hub with three pharmacies and a cabinet; short DMP timeouts, so that doubts clear up in seconds."""
    options = StackOptions(
        world=make_world(3, 1),
        rules_dir=rules_of_today(tmp_path_factory.mktemp("rules") / "ans"),
        topic_prefix=f"e{os.getpid()}.",
        database=f"hub_e{os.getpid()}",
        keyring=f"hub_keyring_e{os.getpid()}",
        service_env=DEMO_SETTINGS,
    )
    started = Stack(infra, options)
    await started.start()
    await until_checked(started)
    yield started
    started.stop()


@pytest.fixture(scope="session")
async def lgos(stack: Stack) -> AsyncIterator[dict[str, Lgo]]:
    """The LGO accounts, by client id."""
    async with open_lgos(stack) as opened:
        yield opened


@pytest.fixture
async def dmp(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """The control plane of the simulated DMP; its script is emptied afterwards."""
    async with httpx.AsyncClient(base_url=stack.dmp_control_url, timeout=30) as client:
        yield client
        await client.delete("/behaviours")


_people = patients(900_001)


def new_act(structure: Structure, external_id: str, patient: dict[str, Any] | None = None) -> dict[str, Any]:
    """A vaccination of a new invented patient, ten minutes ago."""
    when = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    return vaccination(structure, patient or next(_people), external_id, when)


def typed_act(
    structure: Structure, kind: str, content: dict[str, Any], patient: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """An act of any type, ten minutes ago, of a new invented patient; `more` are other fields of the act."""
    when = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    external_id = f"TYPED-{uuid4().hex[:12]}"
    return documents.act(kind, structure, patient or next(_people), external_id, when, content, **more)


def new_patient() -> dict[str, Any]:
    """A new invented patient."""
    return next(_people)


async def until_final(lgo: Lgo, act_id: str, seconds: float = 60) -> dict[str, Any]:
    """The act with its history, once it is final. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while (act := await lgo.act(act_id))["state"] not in FINAL:
            await asyncio.sleep(0.2)
    return act


def last_step(act: dict[str, Any]) -> dict[str, Any]:
    """The step that the act is at: news that came too late to change anything may stand behind it."""
    step: dict[str, Any] = [step for step in act["history"] if step["applied"]][-1]
    return step


async def until_state(lgo: Lgo, act_id: str, state: str, seconds: float = 60) -> dict[str, Any]:
    """The act, once it is in that state. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while (act := await lgo.act(act_id))["state"] != state:
            await asyncio.sleep(0.2)
    return act


async def stored(dmp: httpx.AsyncClient) -> list[dict[str, Any]]:
    """All clinical documents that the simulated DMP holds."""
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = (await dmp.get("/documents", params={"after": after, "limit": 1000})).json()
        found += page["documents"]
        after = page["next"]
    return found

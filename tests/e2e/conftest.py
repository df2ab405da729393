"""A whole hub for end-to-end tests: real Kafka, real PostgreSQL, real TLS, the strict simulated DMP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub_local.client import FINAL, Lgo, open_lgos
from hub_local.demo import DEMO_SETTINGS
from hub_local.infra import LocalInfra
from hub_local.stack import Stack, StackOptions
from hub_local.world import Structure, make_world, patients, vaccination

ROOT = Path(__file__).resolve().parents[2]


def rules() -> Path | None:
    """The official rules where they are, so that the XSD is checked on every document of these tests."""
    folder = Path(os.environ.get("HUB_RULES_DIR", ROOT.parent / "shared" / "ans"))
    return folder if (folder / "xsd" / "CDA_extended.xsd").exists() else None


@pytest.fixture(scope="session")
async def stack(infra: LocalInfra) -> AsyncIterator[Stack]:
    """The hub with three pharmacies and a cabinet; short DMP timeouts, so that doubts clear up in seconds."""
    options = StackOptions(
        world=make_world(3, 1),
        rules_dir=rules(),
        topic_prefix=f"e{os.getpid()}.",
        database=f"hub_e{os.getpid()}",
        keyring=f"hub_keyring_e{os.getpid()}",
        service_env=DEMO_SETTINGS,
    )
    started = Stack(infra, options)
    await started.start()
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


def new_patient() -> dict[str, Any]:
    """A new invented patient."""
    return next(_people)


async def until_final(lgo: Lgo, act_id: str, seconds: float = 60) -> dict[str, Any]:
    """The act with its history, once it is final. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while (act := await lgo.act(act_id))["state"] not in FINAL:
            await asyncio.sleep(0.2)
    return act


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

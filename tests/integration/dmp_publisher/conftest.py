"""A world for each test: fresh database, fresh simulator, one PKI for the session."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from publisher_world import (
    PHARMACY,
    STRUCT_ID,
    Documents,
    World,
    WorldClock,
    make_resources,
    pharmacist,
    pharmacy,
    publisher_settings,
)

from hub_kit.db import migrate, open_pool
from hub_kit.security.keywrap import FileKeyWrapper
from hub_simulators.clock import OffsetClock
from hub_simulators.dmp import DmpSettings, DmpSimulator
from hub_simulators.pki import TestPki
from hub_simulators.serving import Listener, mutual_tls


@pytest.fixture(scope="session")
def publisher_pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    pki = TestPki.create(tmp_path_factory.mktemp("publisher-pki"), key_pool=4)
    pki.issue_structure("1990000001", "HUB")
    return pki


@pytest.fixture
async def world(service_db: Any, publisher_pki: TestPki, tmp_path: Path) -> AsyncIterator[World]:
    await migrate(service_db.dsn, [("hub_dmp_publisher", "migrations")])
    (tmp_path / "kek").write_text(base64.b64encode(os.urandom(32)).decode())
    pki, clock = publisher_pki, WorldClock(OffsetClock())
    pool = await open_pool(service_db.dsn, size=6, name="test")
    keyring = await open_pool(service_db.keyring_dsn, size=1, name="test-keyring")
    documents = Documents()
    builder = Listener(
        documents, "127.0.0.1", 0,
        tls=lambda: mutual_tls(pki.server.certificate, pki.server.key, pki.trust_file),
    )  # fmt: skip
    await builder.start()
    async with DmpSimulator(DmpSettings(pki.directory), clock.base) as simulator:
        settings = publisher_settings(
            tmp_path, pki, service_db.dsn, simulator.base_url, f"https://localhost:{builder.port}"
        )
        wrapper = FileKeyWrapper.from_file(tmp_path / "kek")
        made = World(make_resources(pool, keyring, wrapper, clock), clock, settings, simulator, documents, pki)
        await pool.execute("select maintain_seen_event($1, 14)", clock.now().date())
        await made.publish_directory(pharmacy(), pharmacist())
        await made.give_identity(PHARMACY, STRUCT_ID)
        yield made
        await made.close()
    await builder.stop()
    await pool.close()
    await keyring.close()

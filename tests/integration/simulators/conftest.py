"""Fixtures of the simulators' tests over real sockets."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "simulators"))

from simulator_messages import Sender, Wire
from simulator_parts import STRUCTURE
from simulator_tls import client_context

from hub_simulators.dmp import DmpSettings, DmpSimulator
from hub_simulators.pki import TestPki


@pytest.fixture(scope="session")
def live_pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return TestPki.create(tmp_path_factory.mktemp("live-pki"), key_pool=2)


@pytest.fixture(scope="session")
def live_sender(live_pki: TestPki) -> Sender:
    """A pharmacy whose messages carry the machine's time."""
    return Sender(live_pki.issue_structure(STRUCTURE, "PHARMACIE DE TEST"))


@pytest.fixture
def now_sender(live_sender: Sender) -> Sender:
    return replace(live_sender, now=datetime.now(UTC))


@pytest.fixture
async def simulator(live_pki: TestPki) -> AsyncIterator[DmpSimulator]:
    async with DmpSimulator(DmpSettings(live_pki.directory)) as running:
        yield running


@pytest.fixture
async def control(simulator: DmpSimulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=simulator.control_url) as client:
        yield client


@pytest.fixture
async def client(live_pki: TestPki, live_sender: Sender) -> AsyncIterator[httpx.AsyncClient]:
    context = client_context(live_pki, live_sender.certificates.auth)
    async with httpx.AsyncClient(verify=context, timeout=5) as made:
        yield made


@pytest.fixture
def post(simulator: DmpSimulator, client: httpx.AsyncClient):
    """Send a message with the pharmacy's TLS certificate."""

    async def send(wire: Wire, with_client: httpx.AsyncClient | None = None) -> httpx.Response:
        url = simulator.base_url + "/" + wire.path.rpartition("/")[2]
        return await (with_client or client).post(url, content=wire.body, headers={"Content-Type": wire.content_type})

    return send

"""Fixtures of the simulator's unit tests: one PKI for the session, one engine for each test; no socket."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from simulator_messages import FixedClock, Sender, Wire, rules_dir, run
from simulator_parts import NOW, STRUCTURE

from hub_simulators.clock import OffsetClock
from hub_simulators.dmp import DmpSettings, RegisteredSoftware
from hub_simulators.dmp.engine import DmpEngine, Outcome
from hub_simulators.pki import TestPki

Exchange = Callable[..., Outcome]


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return TestPki.create(tmp_path_factory.mktemp("pki"), clock=FixedClock(NOW), key_pool=2)


@pytest.fixture(scope="session")
def sender(pki: TestPki) -> Sender:
    return Sender(pki.issue_structure(STRUCTURE, "PHARMACIE DE TEST"))


@pytest.fixture
def settings(pki: TestPki) -> DmpSettings:
    return DmpSettings(pki.directory, software=(RegisteredSoftware("HUB TEST", "1.0", "DCP-000000-test"),))


@pytest.fixture
def engine(settings: DmpSettings) -> Iterator[DmpEngine]:
    made = DmpEngine(settings, OffsetClock(FixedClock()))
    yield made
    made.close()


@pytest.fixture(scope="session")
def xsd_settings(pki: TestPki) -> DmpSettings:
    found = rules_dir()
    if found is None:
        pytest.skip("the ANS rules are not there (HUB_RULES_DIR)")
    return replace(DmpSettings(pki.directory), rules_dir=found)


@pytest.fixture
def exchange(engine: DmpEngine) -> Exchange:
    """Send a message to the engine of the test and return the outcome."""

    def send(wire: Wire, tls_structure: str = STRUCTURE) -> Outcome:
        return run(engine, wire, tls_structure)

    return send

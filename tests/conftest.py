"""Session fixtures: one PostgreSQL and one Kafka for the whole run, a cloned database for each test that asks."""

from __future__ import annotations

import io
import itertools
import os
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from hub_kit.db import migrate
from hub_kit.messaging.kafka import KafkaBroker
from hub_kit.security.tls import kafka_client_context
from hub_kit.telemetry.logs import configure_logs
from hub_local.infra import LocalInfra
from hub_local.layout import Layout

sys.path.insert(0, str(Path(__file__).parent))
from statement_log import StatementLog

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that use the infrastructure are marked so, and run after those that don't."""
    for item in items:
        if {"admin_dsn", "kafka", "infra", "stack"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("infra")
    items.sort(key=lambda item: item.get_closest_marker("infra") is not None)


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> None:
    """Logs as in production, to nowhere: tests that look at logs configure their own stream."""
    configure_logs("test", "WARNING", io.BytesIO())


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> StatementLog:
    """Counts the statements of the test (design rule 5)."""
    log = StatementLog()
    log.install(monkeypatch)
    return log


@pytest.fixture(scope="session")
def ans_dir() -> Path:
    """The operator's copy of the official rules; skips where there is none (CI always has it)."""
    folder = Path(os.environ.get("HUB_RULES_DIR", SHARED / "ans"))
    if not (folder / "xsd" / "CDA_extended.xsd").exists():
        pytest.skip(f"no official rules at {folder}: set HUB_RULES_DIR")
    return folder


@pytest.fixture(scope="session")
def rules_cache() -> Path:
    """Where the official schematrons are kept once rewritten: half a minute of work that runs share."""
    return Layout.from_environment(os.environ).rules_cache


@pytest.fixture(scope="session")
def infra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalInfra]:
    """The real PostgreSQL and Kafka of this run: those named by HUB_… variables, else our own, stopped at the end."""
    given = bool(os.environ.get("HUB_KAFKA_BOOTSTRAP") and os.environ.get("HUB_DATABASE_URL"))
    if given:
        layout = Layout.from_environment(os.environ)
    else:
        layout = Layout.at(tmp_path_factory.mktemp("infra") / "data", Layout.from_environment({}).jar_cache)
    with LocalInfra(layout, shared=given) as started:
        yield started


@dataclass(frozen=True)
class TestKafka:
    """Topics of this run alone (a prefix), and a broker as one service sees it."""

    __test__ = False
    infra: LocalInfra
    prefix: str

    def topic(self, stream: str) -> str:
        """The physical name of a stream."""
        return self.prefix + stream

    def broker(self, service: str) -> KafkaBroker:
        """With that service's certificate."""
        own = self.infra.kafka_credential(service)
        return KafkaBroker(
            self.infra.kafka_bootstrap,
            kafka_client_context(own.authority, own.certificate, own.key),
            client_id=f"test-{service}",
        )


@pytest.fixture(scope="session")
def kafka(infra: LocalInfra) -> TestKafka:
    """The real Kafka with all topics and permissions, under a prefix of its own."""
    prefix = f"t{os.getpid()}."
    infra.reconcile_topics(prefix)
    return TestKafka(infra, prefix)


@pytest.fixture(scope="session")
def admin_dsn(request: pytest.FixtureRequest) -> str:
    """Superuser's address of the test cluster."""
    url = os.environ.get("HUB_DATABASE_URL")
    if url:
        return url
    return str(request.getfixturevalue("infra").database_admin_url)


def with_database(dsn: str, name: str) -> str:
    """The same address for another database."""
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(path=f"/{name}"))


@dataclass(frozen=True)
class ServiceDb:
    """A fresh database with the kit's tables; the keyring's tables are in a schema of their own."""

    dsn: str
    keyring_dsn: str


async def _execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def template_db(admin_dsn: str) -> AsyncIterator[str]:
    """Two template databases: a service's kit tables, and the keyring."""
    name = f"hub_template_{os.getpid()}"
    await _execute(admin_dsn, f"create database {name}", f"create database {name}_keyring")
    await migrate(with_database(admin_dsn, name), [("hub_kit", "migrations/service")])
    await migrate(with_database(admin_dsn, f"{name}_keyring"), [("hub_kit", "migrations/keyring")])
    yield name
    await _execute(admin_dsn, f"drop database {name} with (force)", f"drop database {name}_keyring with (force)")


@pytest.fixture
async def service_db(admin_dsn: str, template_db: str) -> AsyncIterator[ServiceDb]:
    """Clones of the templates, dropped afterwards."""
    name = f"hub_t{os.getpid()}_{next(_numbers)}"
    await _execute(
        admin_dsn,
        f"create database {name} template {template_db}",
        f"create database {name}_keyring template {template_db}_keyring",
    )
    yield ServiceDb(with_database(admin_dsn, name), with_database(admin_dsn, f"{name}_keyring"))
    await _execute(admin_dsn, f"drop database {name} with (force)", f"drop database {name}_keyring with (force)")

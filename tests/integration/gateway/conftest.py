"""A gateway for each test, its two database roles included."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest

from hub_contracts.states import Stage
from hub_gateway.app import build
from hub_gateway.handlers.accounts import load_accounts
from hub_gateway.settings import Settings
from hub_kit.clock import ManualClock
from hub_kit.db import migrate, open_pool
from hub_kit.ids import uuid7
from hub_kit.messaging.directory import Directory
from hub_kit.messaging.outbox import Outbox
from hub_kit.messaging.runner import Bench
from hub_kit.security.aead import new_key
from hub_kit.security.jwks import TokenIssuer
from hub_kit.security.keyring import TransitKeys
from hub_kit.security.keywrap import FileKeyWrapper
from hub_kit.security.sealed import Sealer
from hub_kit.service import Resources
from hub_kit.telemetry.health import Health
from hub_kit.telemetry.metrics import Metrics
from hub_kit.web import create_app

sys.path.insert(0, str(Path(__file__).parent))
from gateway_world import ACCOUNTS, AUDIENCE, DIRECTORY, ISSUER, START, Issuer, World

WORKER, API = f"gw{os.getpid()}_worker", f"gw{os.getpid()}_api"
PASSWORD = "test-only"
KEK = new_key()


@dataclass(frozen=True)
class RoleDsns:
    """Addresses of the fresh database for its administrator and its two roles."""

    admin: str
    worker: str
    api: str
    keyring: str


def as_role(dsn: str, role: str) -> str:
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(netloc=f"{role}:{PASSWORD}@{parts.netloc.rpartition('@')[2]}"))


def with_name(dsn: str, database: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


@pytest.fixture(scope="session")
async def gateway_roles(admin_dsn: str) -> AsyncIterator[None]:
    connection = await asyncpg.connect(admin_dsn)
    for role in (WORKER, API):
        await connection.execute(f"create role {role} with login password '{PASSWORD}'")
    yield
    for role in (WORKER, API):
        await connection.execute(f"drop role {role}")
    await connection.close()


@pytest.fixture(scope="session")
async def gateway_databases(admin_dsn: str, template_db: str, gateway_roles: None) -> AsyncIterator[RoleDsns]:
    """One database for all tests of the gateway: each empties it, which is ten times as fast as a new one."""
    name = f"hub_gw{os.getpid()}"
    dsn, keyring = with_name(admin_dsn, name), with_name(admin_dsn, f"{name}_keyring")
    admin = await asyncpg.connect(admin_dsn)
    await admin.execute(f"create database {name} template {template_db}")
    await admin.execute(f"create database {name}_keyring template {template_db}_keyring")
    await migrate(dsn, [("hub_gateway", "migrations")])
    connection = await asyncpg.connect(dsn)
    for kind, rights in (("tables", "select, insert, update, delete"), ("sequences", "usage, select")):
        await connection.execute(f"grant {rights} on all {kind} in schema public to {WORKER}, {API}")
    await connection.close()
    yield RoleDsns(dsn, as_role(dsn, WORKER), as_role(dsn, API), keyring)
    for database in (name, f"{name}_keyring"):
        await admin.execute(f"drop database {database} with (force)")
    await admin.close()


@pytest.fixture
async def dsns(gateway_databases: RoleDsns) -> RoleDsns:
    """The databases: the service's empty but for what migrations put there, the keyring's as it is."""
    connection = await asyncpg.connect(gateway_databases.admin)
    tables = await connection.fetch(
        "select relname from pg_class where relkind in ('r', 'p') and not relispartition "
        "and relnamespace = 'public'::regnamespace and relname not in ('migration', 'relay_state')"
    )
    deletes = "; ".join(f'delete from "{row["relname"]}"' for row in tables)
    await connection.execute(f"set session_replication_role = replica; {deletes}")
    await connection.close()
    return gateway_databases


MakeWorld = Callable[..., Awaitable[World]]


@pytest.fixture
async def make_world(dsns: RoleDsns, tmp_path: Path) -> AsyncIterator[MakeWorld]:
    """Builds a gateway; keyword arguments are settings."""
    closers: list[Callable[[], Awaitable[None]]] = []

    async def make(**settings: Any) -> World:
        clock, metrics = ManualClock(START), Metrics(process=False)
        issuer = Issuer(tmp_path, clock)
        pools = [await open_pool(dsn, size=4, name="test") for dsn in (dsns.worker, dsns.api, dsns.keyring)]
        pool, api_pool, keyring = pools
        wrapper = FileKeyWrapper([KEK])
        sealer = Sealer(TransitKeys(keyring.acquire, wrapper))
        outbox = Outbox(stream="hub.act", seals=sealer, new_id=lambda: uuid7(clock))
        woken: list[int] = []
        resources = Resources(
            clock=clock, pool=pool, api_pool=api_pool, keys=wrapper, sealer=sealer, outbox=outbox,
            directory=Directory(), metrics=metrics, health=Health(clock, metrics), wake_relay=lambda: woken.append(1),
        )  # fmt: skip
        trusted = TokenIssuer(issuer=ISSUER, audience=AUDIENCE, jwks_file=issuer.jwks, algorithms=("ES256",))
        given = {"database_url": dsns.worker, "issuers": (trusted,), "standing_seconds": 0, **settings}
        parts = await build(Settings(**given), resources)
        app = create_app(
            "gateway", clock=clock, metrics=metrics, max_body_bytes=4 << 20, openapi_url="/v1/openapi.json"
        )
        for router in parts.public:
            app.include_router(router)

        async def prepare() -> None:
            await sealer.ready(clock.now())

        bench = Bench(
            pool, outbox, clock, Stage.RECEIVED, lambda: woken.append(1), lambda: uuid7(clock), prepare, metrics,
            random.Random(7),
        )  # fmt: skip
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://hub.test")
        admin = await open_pool(dsns.admin, size=2, name="test-admin")
        closers.extend([client.aclose, *parts.closers, *(p.close for p in (*pools, admin))])
        [stuck] = [task.stop.__self__ for task in parts.tasks if task.name == "stuck-acts"]  # type: ignore[attr-defined]
        world = World(app, client, resources, bench, parts.routes, clock, issuer, admin, woken, stuck)
        await world.publish(*DIRECTORY)
        accounts = tmp_path / "accounts.yaml"
        accounts.write_text(ACCOUNTS)
        async with pool.acquire() as connection:
            await load_accounts(connection, accounts, outbox, clock.now())
        assert (await world.get("/v1/acts")).status_code == 200  # the issuer's keys are read
        return world

    yield make
    for closer in closers:
        await closer()


@pytest.fixture
async def world(make_world: MakeWorld) -> World:
    """The gateway of a test hub."""
    return await make_world()

"""Document-builder on a real PostgreSQL, driven by hand."""

from __future__ import annotations

import random
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from hub_contracts.acts import Act
from hub_contracts.envelope import Envelope
from hub_contracts.events import EVENT_TYPES, Event
from hub_contracts.events.alimentation import AlimentationAuthorised
from hub_contracts.states import Stage
from hub_document_builder import consumers
from hub_document_builder.app import press_pool, rules_of
from hub_document_builder.handlers.documents import Documents
from hub_document_builder.handlers.endings import Endings
from hub_document_builder.handlers.preview import Previews
from hub_document_builder.handlers.workshop import Workshop
from hub_document_builder.purge import Purge
from hub_document_builder.rules import Profile, Rules
from hub_document_builder.settings import Settings
from hub_document_builder.store import Store
from hub_document_builder.upstreams.press import Press
from hub_kit.blob_client import BlobClient, BlobGone, BlobUnavailable
from hub_kit.clock import ManualClock
from hub_kit.db import migrate, open_pool
from hub_kit.ids import uuid7
from hub_kit.messaging.broker import Record
from hub_kit.messaging.consumer import Taken, WorkInbox
from hub_kit.messaging.directory import STREAM, Directory
from hub_kit.messaging.outbox import Outbox
from hub_kit.messaging.peer import PeerRunner
from hub_kit.messaging.runner import Bench
from hub_kit.messaging.worker import build_runners
from hub_kit.security.keyring import TransitKeys
from hub_kit.security.keywrap import FileKeyWrapper
from hub_kit.security.sealed import Sealer, seal_place
from hub_kit.telemetry.metrics import Metrics

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "document_builder"))

from document_people import NOW, act, author, authorised, identity, nurse, structure


class Files:
    """The gateway's deposited files, as its client gives them."""

    def __init__(self) -> None:
        self.kept: dict[UUID, bytes] = {}
        self.away = False

    async def read_named(self, blob_id: UUID, _max_bytes: int) -> bytes:
        if self.away:
            raise BlobUnavailable
        if blob_id not in self.kept:
            raise BlobGone
        return self.kept[blob_id]


@dataclass
class BuilderService:
    """The service without its processes."""

    pool: Any
    clock: ManualClock
    sealer: Sealer
    store: Store
    purge: Purge
    directory: Directory
    bench: Bench
    routes: tuple[Any, ...]
    previews: Previews
    rules: Rules
    files: Files
    seen: int = 0

    def arrival(self, event: Event) -> Envelope:
        """As a relay would make it."""
        return Envelope(
            id=uuid7(self.clock), type=event.event_type, source="test", time=self.clock.now(), key=event.key,
            data=event.model_dump_json().encode(), sequence=1, act_version=event.act_version, lane=event.lane,
        )  # fmt: skip

    async def handle(self, stream: str, *events: Event) -> None:
        """Take events of a stream in and handle all there is."""
        inbox = WorkInbox(self.routes, lambda _: None)
        taken = [
            Taken(e, Record(stream, 0, i, e.key.encode(), e.headers(), e.data))
            for i, e in enumerate(map(self.arrival, events))
        ]
        async with self.pool.acquire() as connection, connection.transaction():
            await inbox(connection, taken, self.clock.now())
            await self.directory.sink(connection, taken, self.clock.now())
        self.directory.after_commit()
        for runner in build_runners(self.bench, self.routes):
            while await runner.run_once():
                if isinstance(runner, PeerRunner):
                    await runner.drain()

    async def authorised(self, of: Act | None = None, **changes: Any) -> AlimentationAuthorised:
        """The event of an authorised act, sealed."""
        await self.sealer.ready(self.clock.now())
        act_id = changes.pop("act_id", uuid4())
        return authorised(
            act_id=act_id,
            sealed_act=self.sealer.seal(of or act(), seal_place("sealed_act", str(act_id))),
            sealed_identity=self.sealer.seal(identity(), seal_place("sealed_identity", str(act_id))),
            **changes,
        )

    async def emitted(self) -> list[Any]:
        """Events that left since the last call, in order."""
        rows = await self.pool.fetch("select id, type, data from outbox where id > $1 order by id", self.seen)
        self.seen = rows[-1]["id"] if rows else self.seen
        return [EVENT_TYPES[row["type"]].parse(row["data"]) for row in rows]

    async def learn_directory(self) -> None:
        """The pharmacy and its people."""
        await self.handle(STREAM, structure(), author(), nurse())

    async def count(self, table: str, where: str = "true") -> int:
        return int(await self.pool.fetchval(f"select count(*) from {table} where {where}"))


SETTINGS = Settings(database_url=SecretStr("postgresql://nowhere"), rules_dir=None, profile=Profile.OFF)


@pytest.fixture(scope="session")
async def press() -> AsyncIterator[Press]:
    """The real press, its child started once."""
    pool = press_pool(SETTINGS)
    await pool.start()
    yield Press(pool)
    await pool.close()


@pytest.fixture
async def builder(service_db: Any, press: Press) -> AsyncIterator[BuilderService]:
    await migrate(service_db.dsn, [("hub_document_builder", "migrations")])
    pool = await open_pool(service_db.dsn, size=4, name="test")
    keyring = await open_pool(service_db.keyring_dsn, size=2, name="test")
    await pool.execute("select maintain_seen_event($1, 14)", NOW.date())
    keys, clock = FileKeyWrapper([bytes(range(32))]), ManualClock(NOW)
    sealer, store, directory = Sealer(TransitKeys(keyring.acquire, keys)), Store(keys), Directory()
    outbox = Outbox(stream="hub.document", seals=sealer, new_id=lambda: uuid7(clock))

    async def prepare() -> None:
        await sealer.ready(clock.now())

    bench = Bench(
        pool, outbox, clock, Stage.DOCUMENT, lambda: None, lambda: uuid7(clock), prepare, Metrics(process=False),
        random.Random(7),
    )  # fmt: skip
    workshop = Workshop(rules_of(SETTINGS), press)
    files = Files()
    documents = Documents(directory, sealer, store, workshop, cast(BlobClient, files), 1 << 20, clock)
    previews = Previews(pool, directory, workshop, cast(BlobClient, files), 1 << 20, clock)
    routes = consumers.table(SETTINGS, 50.0, documents, Endings(store, timedelta(days=7)))
    purge = Purge(pool, clock, store, 60.0)
    yield BuilderService(pool, clock, sealer, store, purge, directory, bench, routes, previews, workshop.rules, files)
    await pool.close()
    await keyring.close()

"""Identity on a real PostgreSQL, driven by hand: events in, batches, turns of the waiting room, events out."""

from __future__ import annotations

import random
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from hub_contracts.acts import Act, Patient
from hub_contracts.envelope import Envelope
from hub_contracts.events import EVENT_TYPES, Event
from hub_contracts.events.act import PatientIdentityDeclared, PatientOppositionDeclared
from hub_contracts.sealed import QualifiedIdentity
from hub_contracts.states import Stage
from hub_identity import consumers
from hub_identity.handlers import Acts, Declarations, Desk
from hub_identity.store import Store
from hub_identity.waiting_room import WaitingRoom
from hub_kit.clock import ManualClock
from hub_kit.db import migrate, open_pool
from hub_kit.ids import uuid7
from hub_kit.messaging.broker import Record
from hub_kit.messaging.consumer import Taken, WorkInbox
from hub_kit.messaging.outbox import Outbox
from hub_kit.messaging.runner import Bench
from hub_kit.messaging.worker import build_runners
from hub_kit.security.keyring import TransitKeys
from hub_kit.security.keywrap import FileKeyWrapper
from hub_kit.security.sealed import Sealer, seal_place
from hub_kit.telemetry.metrics import Metrics

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "identity"))

from identity_people import NOW, PHARMACY, READER, act, received

SEND_FOR = timedelta(hours=72)


@dataclass
class IdentityService:
    """The service without its processes."""

    pool: Any
    keyring: Any
    transit: TransitKeys
    clock: ManualClock
    sealer: Sealer
    outbox: Outbox
    room: WaitingRoom
    desk: Desk
    bench: Bench
    seen: int = 0
    routes: tuple[Any, ...] = field(default=())

    def runners(self) -> list[Any]:
        return build_runners(self.bench, self.routes)

    def arrival(self, event: Event) -> Envelope:
        """As the relay of the gateway would make it."""
        return Envelope(
            id=uuid7(self.clock), type=event.event_type, source="gateway", time=self.clock.now(), key=event.key,
            data=event.model_dump_json().encode(), sequence=1, act_version=event.act_version, lane=event.lane,
        )  # fmt: skip

    async def receive(self, *events: Event) -> None:
        """Take events in, not yet handled."""
        inbox = WorkInbox(self.routes, lambda _: None)
        taken = [
            Taken(e, Record(consumers.STREAM, 0, i, e.key.encode(), e.headers(), e.data))
            for i, e in enumerate(map(self.arrival, events))
        ]
        async with self.pool.acquire() as connection, connection.transaction():
            await inbox(connection, taken, self.clock.now())

    async def handle(self, *events: Event) -> None:
        """Take events in and handle all there is."""
        await self.receive(*events)
        for runner in self.runners():
            while await runner.run_once():
                pass

    async def act(self, who: Patient, *, structure: UUID = PHARMACY, **changes: Any) -> Any:
        """The event of an act of that patient, sealed."""
        await self.sealer.ready(self.clock.now())
        act_id = changes.pop("act_id", uuid4())
        sealed = self.sealer.seal(act(who), seal_place("sealed_act", str(act_id)))
        received_at = changes.pop("received_at", self.clock.now())
        return received(act_id=act_id, structure=structure, sealed_act=sealed, received_at=received_at, **changes)

    async def declaration(self, who: Patient, *, opposed: bool | None = None, structure: UUID = PHARMACY) -> Event:
        """A declaration on that patient: an identity, or an opposition when `opposed` is given."""
        await self.sealer.ready(self.clock.now())
        declaration_id = uuid4()
        common = {
            "declaration_id": declaration_id,
            "structure_id": structure,
            "account_id": UUID(int=0xACC),
            "author_id": "801234567897",
            "declared_at": self.clock.now(),
            "sealed_patient": self.sealer.seal(who, seal_place("sealed_patient", str(declaration_id))),
        }
        if opposed is None:
            return PatientIdentityDeclared(**common)
        return PatientOppositionDeclared(opposed=opposed, **common)

    async def emitted(self) -> list[Event]:
        """Events that left since the last call, in order."""
        rows = await self.pool.fetch("select id, type, data from outbox where id > $1 order by id", self.seen)
        self.seen = rows[-1]["id"] if rows else self.seen
        return [EVENT_TYPES[row["type"]].parse(row["data"]) for row in rows]

    async def opened(self, event: Any) -> tuple[Act, QualifiedIdentity]:
        """Both sealed parts of an identified act."""
        return (
            await self.sealer.open_(event.sealed_act, Act, seal_place("sealed_act", event.key)),
            await self.sealer.open_(event.sealed_identity, QualifiedIdentity, seal_place("sealed_identity", event.key)),
        )

    async def count(self, table: str, where: str = "true") -> int:
        return int(await self.pool.fetchval(f"select count(*) from {table} where {where}"))


def kinds(events: Sequence[Event]) -> list[str]:
    """Types of the events, without version."""
    return [event.event_type.removesuffix(".v1") for event in events]


@pytest.fixture
async def identity(service_db: Any) -> AsyncIterator[IdentityService]:
    await migrate(service_db.dsn, [("hub_kit", "migrations/subjects"), ("hub_identity", "migrations")])
    pool = await open_pool(service_db.dsn, size=6, name="test")
    keyring = await open_pool(service_db.keyring_dsn, size=2, name="test")
    await pool.execute("select maintain_seen_event($1, 14)", NOW.date())
    yield await make_service(pool, keyring)
    await pool.close()
    await keyring.close()


async def make_service(pool: Any, keyring: Any, keys: FileKeyWrapper | None = None) -> IdentityService:
    """One replica on that database."""
    keys = keys or FileKeyWrapper([bytes(range(32))])
    clock, metrics = ManualClock(NOW), Metrics(process=False)
    transit = TransitKeys(keyring.acquire, keys)
    sealer = Sealer(transit)
    outbox = Outbox(stream="hub.identity", seals=sealer, new_id=lambda: uuid7(clock))
    store = Store(keys)
    room = WaitingRoom(pool, clock, store, READER, outbox, sealer, lambda: None, SEND_FOR, 2.0)
    desk = Desk(store, READER, sealer, uuid4, room.wake)

    async def prepare() -> None:
        await sealer.ready(clock.now())

    bench = Bench(
        pool, outbox, clock, Stage.IDENTITY, lambda: None, lambda: uuid7(clock), prepare, metrics, random.Random(7)
    )
    return IdentityService(
        pool, keyring, transit, clock, sealer, outbox, room, desk, bench,
        routes=consumers.table(Acts(desk, SEND_FOR), Declarations(desk)),
    )  # fmt: skip

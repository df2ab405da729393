"""consent-registry on a real PostgreSQL: decisions kept with their versions, oppositions counted, few statements."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from statement_log import StatementLog

from hub_consent_registry import consumers
from hub_consent_registry.handlers import Alimentation, Oppositions
from hub_consent_registry.matrix import load_matrix
from hub_contracts.envelope import Envelope
from hub_contracts.events import EVENT_TYPES, Event
from hub_contracts.events.directory import ProfessionalPublished
from hub_contracts.events.identity import ActIdentified, PatientOppositionIdentified
from hub_contracts.states import Stage
from hub_kit.clock import ManualClock
from hub_kit.db import migrate, open_pool
from hub_kit.ids import uuid7
from hub_kit.messaging.broker import Record
from hub_kit.messaging.consumer import Taken, WorkInbox
from hub_kit.messaging.directory import STREAM, Directory
from hub_kit.messaging.outbox import NothingSealed, Outbox
from hub_kit.messaging.runner import Bench
from hub_kit.messaging.upkeep import Upkeep
from hub_kit.messaging.worker import build_runners
from hub_kit.telemetry.metrics import Metrics

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
AUTHOR = "801234567897"


async def _nothing() -> None:
    return None


@dataclass
class ConsentService:
    """The service without its processes."""

    pool: Any
    clock: ManualClock
    directory: Directory
    bench: Bench
    routes: tuple[Any, ...]
    seen: int = 0

    async def take_in(self, stream: str, *events: Event) -> None:
        envelopes = [
            Envelope(
                uuid7(self.clock), e.event_type, "test", self.clock.now(), e.key, e.model_dump_json().encode(),
                act_version=e.act_version, lane=e.lane,
            )
            for e in events
        ]  # fmt: skip
        taken = [Taken(e, Record(stream, 0, 0, e.key.encode(), e.headers(), e.data)) for e in envelopes]
        async with self.pool.acquire() as connection, connection.transaction():
            await self.directory.sink(connection, taken, self.clock.now())
            await WorkInbox(self.routes, lambda _: None)(connection, taken, self.clock.now())
        self.directory.after_commit()

    async def work(self) -> list[str]:
        """Handle what is due; the types of the events that left."""
        await Upkeep(pool=self.pool, clock=self.clock, metrics=self.bench.metrics, wake=lambda _: None).wake_due()
        for runner in build_runners(self.bench, self.routes):
            while await runner.run_once():
                pass
        return [type(e).event_type.removesuffix(".v1") for e in await self.emitted()]

    async def emitted(self) -> list[Event]:
        rows = await self.pool.fetch("select id, type, data from outbox where id > $1 order by id", self.seen)
        self.seen = rows[-1]["id"] if rows else self.seen
        return [EVENT_TYPES[r["type"]].parse(r["data"]) for r in rows]


@pytest.fixture
async def consent(service_db: Any) -> AsyncIterator[ConsentService]:
    await migrate(service_db.dsn, [("hub_consent_registry", "migrations")])
    pool = await open_pool(service_db.dsn, size=4, name="test")
    await pool.execute("select maintain_seen_event($1, 14)", NOW.date())
    clock, directory = ManualClock(NOW), Directory()
    outbox = Outbox(stream="hub.alimentation", seals=NothingSealed(), new_id=lambda: uuid7(clock))
    bench = Bench(
        pool, outbox, clock, Stage.CONSENT, lambda: None, lambda: uuid7(clock), _nothing, Metrics(process=False),
        random.Random(7),
    )  # fmt: skip
    routes = consumers.table(Alimentation(directory, load_matrix(), timedelta(hours=24)), Oppositions())
    yield ConsentService(pool, clock, directory, bench, routes)
    await pool.close()


def author() -> ProfessionalPublished:
    return ProfessionalPublished(
        professional_id=AUTHOR, family_name="T", given_name="C", profession="21", subsection="A"
    )


def identified(patient: UUID | None = None) -> ActIdentified:
    return ActIdentified(
        act_id=uuid4(), version=1, structure_id=UUID(int=1), patient_id=patient or uuid4(), act_type="vaccination",
        author_id=AUTHOR, occurred_at=NOW, expires_at=NOW + timedelta(hours=72), sealed_act="-", sealed_identity="-",
    )  # fmt: skip


def opposed(patient: UUID, opposed: bool = True) -> PatientOppositionIdentified:
    return PatientOppositionIdentified(
        patient_id=patient, structure_id=UUID(int=1), declaration_id=uuid4(), author_id=AUTHOR, opposed=opposed,
        declared_at=NOW,
    )  # fmt: skip


async def test_a_decision_is_kept_with_its_versions(consent: ConsentService) -> None:
    patient = uuid4()
    await consent.take_in(STREAM, author())
    await consent.take_in("hub.identity", identified(patient))
    assert await consent.work() == ["alimentation.authorised"]
    await consent.take_in("hub.identity", opposed(patient))
    assert await consent.work() == ["opposition.recorded"]
    await consent.take_in("hub.identity", identified(patient))
    assert await consent.work() == ["act.refused"]
    rows = await consent.pool.fetch(
        "select refusal, oppositions_revision, alimentation_matrix from decision order by 2"
    )
    assert [(r["refusal"], r["oppositions_revision"]) for r in rows] == [(None, 0), ("PATIENT_OPPOSED", 1)]
    assert {r["alimentation_matrix"] for r in rows} == {load_matrix().version}


async def test_an_author_our_copy_of_the_directory_lacks_is_waited_for(consent: ConsentService) -> None:
    """The gateway let the act in: it knew the author. Our copy comes by another topic and may come later."""
    await consent.take_in("hub.identity", identified())
    assert await consent.work() == []
    await consent.take_in(STREAM, author())
    consent.clock.advance(31)
    assert await consent.work() == ["alimentation.authorised"]


async def test_an_author_nobody_knows_is_refused_in_the_end(consent: ConsentService) -> None:
    await consent.take_in("hub.identity", identified())
    assert await consent.work() == []
    consent.clock.advance(901)
    await consent.work()
    [event] = await consent.pool.fetch("select data from outbox")
    assert b"AUTHOR_UNKNOWN" in event["data"]
    assert await consent.pool.fetchval("select count(*) from work_item") == 0


async def cost(consent: ConsentService, log: StatementLog, handler: str, *events: Event) -> Counter[str]:
    await consent.take_in("hub.identity", *events)
    [runner] = [r for r in build_runners(consent.bench, consent.routes) if r.name == handler]
    log.take()
    assert await runner.run_once() == len(events)
    sent = log.take()
    assert len(sent) >= 3
    return sent


async def test_a_batch_costs_the_same_whatever_its_size(consent: ConsentService, statements: StatementLog) -> None:
    await consent.take_in(STREAM, author())
    await consent.take_in("hub.identity", identified())
    await consent.work()  # the author is in memory
    one, many = [identified()], [identified() for _ in range(25)]
    assert await cost(consent, statements, "alimentation", *one) == await cost(
        consent, statements, "alimentation", *many
    )
    said_once, said_often = [opposed(uuid4())], [opposed(uuid4()) for _ in range(25)]
    assert await cost(consent, statements, "opposition", *said_once) == await cost(
        consent, statements, "opposition", *said_often
    )

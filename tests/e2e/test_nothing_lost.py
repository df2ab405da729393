"""Nothing lost, nothing doubled: whatever dies, restarts, misbehaves or is told again, each accepted act comes to its
one end, the DMP holds each document exactly once and audit holds every fact (design rules 4, 6, 8, 16)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from hub_contracts.states import ActState
from hub_local.pki import SERVICES
from hub_local.stack import Stack

from .judge import judge, look
from .ledger import Door, Sent, Writer, flow, open_door
from .own_hub import (
    die_by,
    kill,
    kill_kafka,
    kill_postgres,
    nobody_died,
    own_hub,
    restart_kafka,
    restart_postgres,
)
from .replayed import read_topics, tell_again, topic_names, until_all_heard

pytestmark = pytest.mark.timeout(280)
DOWN_SECONDS = 1.0
AUDIT_PAGES = {"HUB_AUDIT_PAGE_SIZE": "1000"}


@dataclass(frozen=True, slots=True)
class Bench:
    """The hub under test, the LGO's door and the inventor of acts."""

    stack: Stack
    door: Door
    writer: Writer


@pytest.fixture(scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with own_hub(tmp_path_factory.mktemp("nothing_lost"), AUDIT_PAGES) as stack, open_door(stack) as door:
        yield Bench(stack, door, Writer(stack.options.world.structures, seed=800))


async def start(bench: Bench, service: str) -> None:
    await asyncio.to_thread(bench.stack.start_service, service)


async def ready(bench: Bench) -> None:
    await bench.stack.wait_ready()
    nobody_died(bench.stack)


async def test_kill_9_of_each_service_while_documents_flow(bench: Bench) -> None:
    first = bench.stack.options.world.structures[0]
    sent = bench.writer.many(490) + [bench.writer.refused(first) for _ in range(10)]
    random.Random(1).shuffle(sent)
    flowing = asyncio.create_task(flow(bench.door, sent, per_second=25))
    for service in ("dmp-publisher", *(s for s in SERVICES if s != "dmp-publisher")):
        await asyncio.sleep(DOWN_SECONDS)
        await kill(bench.stack, service)
        await asyncio.sleep(DOWN_SECONDS)
        await start(bench, service)
    await flowing
    await ready(bench)
    await judge(bench.stack, bench.door, sent)


POINTS = (
    ("dmp-publisher", "after_claim"),
    ("dmp-publisher", "after_peer_call_before_record"),
    ("dmp-publisher", "after_insert_before_offset_commit"),
    ("dmp-publisher", "after_outbox_read"),
    ("dmp-publisher", "after_ack_before_delete"),
    ("gateway", "after_insert_before_offset_commit"),
    ("gateway", "after_outbox_read"),
    ("gateway", "after_ack_before_delete"),
    ("consent-registry", "after_ack_before_delete"),
    ("document-builder", "after_insert_before_offset_commit"),
    ("audit", "after_insert_before_offset_commit"),
)


async def test_death_at_the_worst_points(bench: Bench) -> None:
    sent: list[Sent] = []
    flowing: list[asyncio.Task[None]] = []
    for number, (service, point) in enumerate(POINTS):
        acts = bench.writer.many(8)
        sent += acts
        dying = asyncio.create_task(die_by(bench.stack, service, point))
        flowing.append(asyncio.create_task(flow(bench.door, acts, per_second=20, together=2)))
        await dying
        if number + 1 == len(POINTS) or POINTS[number + 1][0] != service:
            await start(bench, service)
    await asyncio.gather(*flowing)
    await ready(bench)
    await judge(bench.stack, bench.door, sent)


async def test_restarts_of_kafka_and_postgresql_while_documents_flow(bench: Bench) -> None:
    sent = bench.writer.many(160)
    flowing = asyncio.create_task(flow(bench.door, sent, per_second=12))
    accidents: tuple[Callable[[Stack], Awaitable[None]], ...] = (
        kill_postgres, restart_postgres, restart_kafka, kill_kafka,
    )  # fmt: skip
    for accident in accidents:
        await asyncio.sleep(2)
        await accident(bench.stack)
    await flowing
    await ready(bench)
    await judge(bench.stack, bench.door, sent)


MISBEHAVIOURS: tuple[dict[str, Any], ...] = (
    {"action": "http_error", "status": 500, "probability": 0.10},
    {"action": "hang", "seconds": 5, "probability": 0.05},
    {"action": "reset", "probability": 0.05},
    {"action": "truncate", "probability": 0.08},
    {"action": "store_then_drop", "operation": "td2.1", "probability": 0.15},
    {"action": "drop_then_store_late", "operation": "td2.1", "seconds": 1.2, "probability": 0.10},
    {"action": "drop_then_store_late", "operation": "td2.1", "seconds": 5, "probability": 0.05},
)


async def test_a_dmp_that_does_everything_wrong(bench: Bench) -> None:
    sent = bench.writer.many(150)
    async with httpx.AsyncClient(base_url=bench.stack.dmp_control_url, timeout=30) as dmp:
        (await dmp.post("/reset", json={"what": ["statistics"]})).raise_for_status()
        for seed, behaviour in enumerate(MISBEHAVIOURS):
            answer = await dmp.post("/behaviours", json={**behaviour, "count": None, "seed": seed})
            answer.raise_for_status()
        await flow(bench.door, sent, per_second=15)
        await asyncio.sleep(3)
        applied = {b["action"]: b["applied"] for b in (await dmp.get("/behaviours")).json()}
        await dmp.delete("/behaviours")
        assert all(applied.values()), f"the DMP was not as bad as it should have been: {applied}"
        await judge(bench.stack, bench.door, sent)
        while (await dmp.get("/statistics")).json()["late_pending"]:
            await asyncio.sleep(0.2)
    await ready(bench)
    await judge(bench.stack, bench.door, sent)


async def test_every_stream_told_again_and_shuffled(bench: Bench) -> None:
    stack, rng = bench.stack, random.Random(5)
    sent = bench.writer.many(90)
    flowing = asyncio.create_task(flow(bench.door, sent, per_second=15))
    for _ in range(3):  # while documents flow
        await asyncio.sleep(1.5)
        mine = {s.act_id.encode() for s in sent if s.act_id}
        records = [r for r in await read_topics(stack, topic_names(stack)) if r.key in mine]
        assert await tell_again(stack, records, rng) > len(records) > 0
    await flowing
    before = await judge(stack, bench.door, sent)
    records = await read_topics(stack, topic_names(stack))
    assert {r.topic for r in records} >= {"hub.act", "hub.identity", "hub.alimentation", "hub.document", "hub.directory"}
    assert await tell_again(stack, records, rng) > len(records)
    await until_all_heard(stack)
    later = bench.writer.many(8)  # what comes after goes its way behind all that
    await flow(bench.door, later, per_second=20)
    after = await judge(stack, bench.door, [*sent, *later])
    new = {s.act_id for s in later}
    assert {k: v for k, v in after.states.items() if k not in new} == before.states
    assert after.documents[: len(before.documents)] == before.documents
    assert len(after.documents) == len(before.documents) + len(later)
    assert {k for k, r in after.records.items() if r["act_id"] not in new} == set(before.records)
    for client_id, feed in before.feeds.items():
        assert after.feeds[client_id][: len(feed)] == feed
        assert {event["act_id"] for event in after.feeds[client_id][len(feed) :]} <= new
    nobody_died(stack)


async def test_at_the_end_nothing_is_left_over(bench: Bench) -> None:
    """Whatever was done in this file: no document twice, no act on its way, no number of any service missing."""
    picture = await look(bench.stack, bench.door)
    held = [document["vaccination_id"] for document in picture.documents]
    assert len(held) == len(set(held))
    finals = {ActState.CONFIRMEE.value, ActState.REFUSEE.value}
    assert set(picture.states.values()) == finals
    assert list(picture.states.values()).count(ActState.CONFIRMEE.value) == len(held)
    assert all(source["complete_to"] == source["highest"] for source in picture.completeness)

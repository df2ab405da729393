"""Nothing lost, nothing doubled: whatever dies, restarts, misbehaves or is told again, each accepted act comes to its
one end, the DMP holds each document exactly once and audit holds every fact (design rules 4, 6, 8, 16).

The accidents are played one after the other, then each one's acts are judged: what a dead publisher had in hand comes
free when its leases end, which is waited for once. `judge` is one for all and only reads what outsiders see.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from hub_contracts.states import ActState
from hub_local.pki import SERVICES
from hub_local.stack import Stack

from .directory_news import rename_all
from .judge import Picture, calm_picture, judge, verdict
from .ledger import Door, Sent, Writer, flow, open_door
from .own_hub import (
    die_by,
    kill,
    kill_kafka,
    kill_postgres,
    kill_worker,
    nobody_died,
    own_hub,
    restart_kafka,
    restart_postgres,
)
from .replayed import read_topics, tell_again, until_all_heard

pytestmark = [pytest.mark.timeout(900)]
PAUSE_SECONDS = 1.0
CHILD_SECONDS = 1.0
AUDIT_PAGES = {"HUB_AUDIT_PAGE_SIZE": "1000"}
WORST_POINTS: dict[str, tuple[str, ...]] = {
    "dmp-publisher": (
        "after_claim",
        "after_peer_call_before_record",
        "after_insert_before_offset_commit",
        "after_outbox_read",
        "after_ack_before_delete",
    ),
    "gateway": ("after_outbox_read", "after_ack_before_delete", "after_insert_before_offset_commit"),
    "consent-registry": ("after_ack_before_delete",),
    "document-builder": ("after_insert_before_offset_commit",),
    "audit": ("after_insert_before_offset_commit",),
}
MISBEHAVIOURS: tuple[dict[str, Any], ...] = (
    {"action": "http_error", "status": 500, "probability": 0.10},
    {"action": "hang", "seconds": 5, "probability": 0.05},
    {"action": "reset", "probability": 0.05},
    {"action": "truncate", "probability": 0.08},
    {"action": "store_then_drop", "operation": "td2.1", "probability": 0.15},
    {"action": "drop_then_store_late", "operation": "td2.1", "seconds": 1.2, "probability": 0.10},
    {"action": "drop_then_store_late", "operation": "td2.1", "seconds": 5, "probability": 0.05},
)


@dataclass(slots=True)
class Bench:
    """The hub under test, the LGO's door, the inventor of acts; and what each accident's acts were."""

    stack: Stack
    door: Door
    writer: Writer
    sent: dict[str, list[Sent]] = field(default_factory=dict)
    failed: dict[str, BaseException] = field(default_factory=dict)

    async def flow(self, name: str, sent: list[Sent], per_second: float, together: int = 5) -> None:
        """Publish these acts of an accident."""
        self.sent.setdefault(name, []).extend(sent)
        await flow(self.door, sent, per_second, together)

    async def start(self, service: str) -> None:
        """Start a service that is down."""
        await asyncio.to_thread(self.stack.start_service, service)


async def kill_9_of_each_service(bench: Bench, name: str) -> None:
    """500 acts of four structures, ten of them to be refused; each service is killed once and started again."""
    first = bench.stack.options.world.structures[0]
    acts = bench.writer.many(490) + [bench.writer.refused(first) for _ in range(10)]
    random.Random(1).shuffle(acts)
    async with asyncio.TaskGroup() as group:
        group.create_task(bench.flow(name, acts, per_second=25))
        for service in ("dmp-publisher", *(s for s in SERVICES if s != "dmp-publisher")):
            await asyncio.sleep(PAUSE_SECONDS)
            await kill(bench.stack, service)
            await asyncio.sleep(PAUSE_SECONDS)
            await bench.start(service)


async def death_at_the_worst_points(bench: Bench, name: str) -> None:
    """Services kill themselves between two steps that belong together, one point after the other, while acts come."""

    async def die_everywhere(service: str, points: tuple[str, ...]) -> None:
        for point in points:
            await die_by(bench.stack, service, point)
        await bench.start(service)

    async with asyncio.TaskGroup() as group:
        deaths = [group.create_task(die_everywhere(*each)) for each in WORST_POINTS.items()]
        while not all(death.done() for death in deaths):
            group.create_task(bench.flow(name, bench.writer.many(4), per_second=100, together=2))
            await asyncio.sleep(0.4 * PAUSE_SECONDS)


async def kill_9_of_the_children(bench: Bench, name: str) -> None:
    """What prints, examines and checks is killed again and again while documents of all types are built."""
    structures = bench.stack.options.world.structures
    async with asyncio.TaskGroup() as group:
        acts = [bench.writer.other(structures[n % len(structures)]) for n in range(60)]
        flowing = group.create_task(bench.flow(name, acts, per_second=10))
        killed = 0
        while not flowing.done():
            for module in ("press", "schematron"):
                await kill_worker(bench.stack, module)
                killed += 1
                await asyncio.sleep(CHILD_SECONDS)
    assert killed >= 4


async def restarts_of_kafka_and_postgresql(bench: Bench, name: str) -> None:
    """Both are stopped in order, and killed, while documents flow."""
    accidents: tuple[Callable[[Stack], Awaitable[None]], ...] = (
        kill_postgres, restart_kafka, restart_postgres, kill_kafka,
    )  # fmt: skip
    async with asyncio.TaskGroup() as group:
        group.create_task(bench.flow(name, bench.writer.many(160), per_second=12))
        for accident in accidents:
            await asyncio.sleep(2 * PAUSE_SECONDS)
            await accident(bench.stack)


async def dmp_that_does_everything_wrong(bench: Bench, name: str) -> None:
    """About half of the calls of 150 documents go wrong, in every way; then the DMP is well again."""
    await bench.stack.wait_ready()
    async with httpx.AsyncClient(base_url=bench.stack.dmp_control_url, timeout=30) as dmp:
        for seed, behaviour in enumerate(MISBEHAVIOURS):
            answer = await dmp.post("/behaviours", json={**behaviour, "count": None, "seed": seed})
            answer.raise_for_status()
        await bench.flow(name, bench.writer.many(150), per_second=15)
        await asyncio.sleep(3 * PAUSE_SECONDS)
        applied = [(b["action"], b["applied"]) for b in (await dmp.get("/behaviours")).json()]
        await dmp.delete("/behaviours")
        assert all(number for _, number in applied), f"the DMP was not as bad as it should have been: {applied}"
        while (await dmp.get("/statistics")).json()["late_pending"]:
            await asyncio.sleep(0.2)


ACCIDENTS = (
    kill_9_of_each_service,
    death_at_the_worst_points,
    kill_9_of_the_children,
    restarts_of_kafka_and_postgresql,
    dmp_that_does_everything_wrong,
)


@pytest.fixture(scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """A hub that went through all accidents. One that could not be played is told by its own test."""
    async with own_hub(tmp_path_factory.mktemp("nothing_lost"), AUDIT_PAGES) as stack, open_door(stack) as door:
        bench = Bench(stack, door, Writer(stack.options.world.structures, seed=800))
        for accident in ACCIDENTS:
            name = accident.__name__
            try:
                await accident(bench, name)
                await stack.wait_ready()
                nobody_died(stack)
            except Exception as error:
                bench.failed[name] = error
        yield bench


@pytest.mark.parametrize("name", [accident.__name__ for accident in ACCIDENTS])
async def test_nothing_is_lost_and_nothing_doubled_after(bench: Bench, name: str) -> None:
    if name in bench.failed:
        raise bench.failed[name]
    await judge(bench.stack, bench.door, bench.sent[name])


async def test_every_stream_told_again_and_shuffled(bench: Bench) -> None:
    stack, rng = bench.stack, random.Random(5)
    sent = bench.writer.many(90)
    async with asyncio.TaskGroup() as group:
        group.create_task(flow(bench.door, sent, per_second=15))
        for _ in range(3):  # while documents flow
            await asyncio.sleep(1.5 * PAUSE_SECONDS)
            mine = {s.act_id.encode() for s in sent if s.act_id}
            records = [r for r in await read_topics(stack) if r.key in mine]
            assert await tell_again(stack, records, rng) > len(records) > 0
    before = await judge(stack, bench.door, sent)
    names = await rename_all(stack)
    records = await read_topics(stack)
    streams = {"hub.act", "hub.identity", "hub.alimentation", "hub.document", "hub.publication", "hub.directory"}
    assert {r.topic for r in records} >= streams
    assert await tell_again(stack, records, rng) > len(records)
    await until_all_heard(stack)
    later = bench.writer.many(8)  # what comes after goes its way behind all that
    await flow(bench.door, later, per_second=20)
    after = await judge(stack, bench.door, [*sent, *later])
    new = {s.act_id for s in later}
    assert {k: v for k, v in after.states.items() if k not in new} == before.states
    assert after.documents[: len(before.documents)] == before.documents
    assert len(after.documents) == len(before.documents) + len(later)
    renamed = {k for k, r in after.records.items() if r["action"] == "directory.publish"}
    assert {k for k, r in after.records.items() if r["act_id"] not in new} - renamed == set(before.records) - renamed
    for client_id, feed in before.feeds.items():
        assert after.feeds[client_id][: len(feed)] == feed
        assert {event["act_id"] for event in after.feeds[client_id][len(feed) :]} <= new
    await _documents_bear(stack, after.documents[-len(later) :], names)
    nobody_died(stack)


async def _documents_bear(stack: Stack, documents: list[dict[str, Any]], names: dict[str, str]) -> None:
    """The structures' newest names are in force, though their older ones were told again after them."""
    async with httpx.AsyncClient(base_url=stack.dmp_control_url, timeout=30) as dmp:
        for document in documents:
            content = (await dmp.get(f"/documents/{document['unique_id']}/content")).text
            assert f"<name>{names[document['structure']]}</name>" in content


async def test_at_the_end_nothing_is_left_over(bench: Bench) -> None:
    """Whatever was done in this file: no document twice, no act on its way, no number of any service missing."""
    picture = await calm_picture(bench.stack, bench.door)
    held = [(document["ins"], document["document_type"]) for document in picture.documents]  # an act a patient
    assert len(held) == len(set(held))
    ends = list(picture.states.values())
    assert set(ends) == {ActState.CONFIRMEE.value, ActState.REFUSEE.value}
    assert ends.count(ActState.CONFIRMEE.value) == len(held)
    assert all(source["complete_to"] == source["highest"] for source in picture.completeness)


def one_record(picture: Picture, sent: Sent, action: str) -> tuple[str, dict[str, Any]]:
    """An act's audit record of that action."""
    return next((k, r) for k, r in picture.records.items() if r["act_id"] == sent.act_id and r["action"] == action)


async def test_the_judge_sees_what_is_lost_and_what_is_doubled(bench: Bench) -> None:
    """The judge's own trial: pictures with one thing wrong each."""
    picture = await calm_picture(bench.stack, bench.door)
    sent = bench.sent[kill_9_of_each_service.__name__]
    good = next(s for s in sent if s.expected is ActState.CONFIRMEE and s.act["type"] == "vaccination")
    other = next(s for s in sent if s.act["type"] != "vaccination")
    refused = next(s for s in sent if s.expected is ActState.REFUSEE)
    verdict(picture, sent)
    documents, records, feeds = picture.documents, picture.records, picture.feeds
    document = next(d for d in documents if d["ins"] == good.ins)
    report = next(d for d in documents if d["ins"] == other.ins)
    forbidden = document | {"unique_id": "2.25.1", "vaccination_id": refused.name[0]}
    key, record = one_record(picture, good, "document.publish")
    client_id = good.structure.client_id
    feed = feeds[client_id]
    again = feed[-1] | {"seq": len(feed) + 1, "act_id": good.act_id, "state": "confirmee"}
    gap = [picture.completeness[0] | {"complete_to": 0}, *picture.completeness[1:]]
    wrong = (
        replace(picture, documents=[d for d in documents if d is not document]),
        replace(picture, documents=[*documents, document | {"unique_id": "2.25.1"}]),
        replace(picture, documents=[*documents, forbidden]),
        replace(picture, documents=[d for d in documents if d is not report]),
        replace(picture, documents=[*documents, report | {"unique_id": "2.25.1"}]),
        replace(picture, documents=[*documents, report | {"unique_id": "2.25.1", "document_type": "34133-9"}]),
        replace(
            picture, documents=[document | {"structure": "1330000000"}, *(d for d in documents if d is not document)]
        ),
        replace(picture, states=picture.states | {good.act_id: "en_file"}),
        replace(picture, records={k: r for k, r in records.items() if k != key}),
        replace(picture, records=records | {"another": record}),
        replace(picture, completeness=gap),
        replace(picture, feeds=feeds | {client_id: [*feed[:7], *feed[8:]]}),
        replace(picture, feeds=feeds | {client_id: [*feed, again]}),
    )
    for doctored in wrong:
        with pytest.raises(AssertionError):
            verdict(doctored, sent)

"""Streams told again: every record of every topic once more, several times over, in any order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from hub_contracts.topics import load_topics
from hub_local.kafka import admin_client, client_context
from hub_local.pki import SERVICES
from hub_local.stack import Stack

SETTLED_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Copy:
    """A record as it lies in its topic."""

    topic: str
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None


def _consumer(stack: Stack) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=stack.infra.kafka_bootstrap,
        security_protocol="SSL",
        ssl_context=client_context(stack.infra.kafka_admin),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8 * 1024 * 1024,
    )


def partitions_of(stack: Stack) -> list[TopicPartition]:
    """All partitions of the hub's topics, under this stack's prefix."""
    prefix = stack.options.topic_prefix
    return [TopicPartition(prefix + t.name, p) for t in load_topics() for p in range(t.partitions)]


async def read_topics(stack: Stack) -> list[Copy]:
    """Everything that is in the topics now, as the administrator reads it (no group, no offset moved)."""
    consumer = _consumer(stack)
    await consumer.start()
    try:
        partitions = partitions_of(stack)
        consumer.assign(partitions)
        begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, begins[partition])
        found: list[Copy] = []
        async with asyncio.timeout(60):
            while [p for p in partitions if await consumer.position(p) < ends[p]]:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += [Copy(r.topic, r.key, tuple(r.headers), r.value) for r in records]
        assert len(found) >= sum(ends[p] - begins[p] for p in partitions if "directory" not in p.topic)
        return found
    finally:
        await consumer.stop()


async def tell_again(stack: Stack, records: Sequence[Copy], rng: random.Random, at_most: int = 4) -> int:
    """Write each record 1 to `at_most` more times, all shuffled, as the administrator; how many were written."""
    again = [record for record in records for _ in range(rng.randint(1, at_most))]
    rng.shuffle(again)
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.infra.kafka_bootstrap,
        security_protocol="SSL",
        ssl_context=client_context(stack.infra.kafka_admin),
        max_request_size=2 * 1024 * 1024,
    )
    await producer.start()
    try:
        for start in range(0, len(again), 500):
            acks = [
                await producer.send(r.topic, key=r.key, headers=list(r.headers), value=r.value)
                for r in again[start : start + 500]
            ]
            await asyncio.gather(*acks)
    finally:
        await producer.stop()
    return len(again)


async def until_all_heard(stack: Stack) -> None:
    """Return once every service has taken in all that lies in its topics now. Raises TimeoutError."""
    consumer = _consumer(stack)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(partitions_of(stack))
    finally:
        await consumer.stop()
    async with asyncio.timeout(SETTLED_SECONDS):
        while await asyncio.to_thread(_behind, stack, ends):
            await asyncio.sleep(0.3)


def _behind(stack: Stack, ends: dict[TopicPartition, int]) -> list[str]:
    """The services whose group hasn't committed these offsets."""
    client = admin_client(stack.infra.kafka_bootstrap, stack.infra.kafka_admin)
    late: list[str] = []
    try:
        for service in SERVICES:
            heard = {t.name for t in load_topics() if service in t.consumers}
            prefix = stack.options.topic_prefix
            group = f"{prefix}hub.{service}"
            done = {(tp.topic, tp.partition): at for tp, at in _committed(client, group).items()}
            wanted = {tp: end for tp, end in ends.items() if tp.topic.removeprefix(prefix) in heard and end > 0}
            if any(done.get((tp.topic, tp.partition), 0) < end for tp, end in wanted.items()):
                late.append(service)
    finally:
        client.close()
    return late


def _committed(client: object, group: str) -> dict[TopicPartition, int]:
    offsets = client.list_group_offsets({group: None})[group]  # type: ignore[attr-defined]
    return {tp: getattr(at, "offset", at) for tp, at in offsets.items()}

"""One suite for both brokers: the in-memory one and the real Kafka."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from hub_kit.messaging.broker import Broker, BrokerError, Outgoing, Record, Subscriber
from hub_kit.messaging.memory import MemoryBroker


@pytest.fixture(params=["memory", "kafka"])
async def broker(request: pytest.FixtureRequest) -> Any:
    if request.param == "memory":
        return MemoryBroker(), "t"
    kafka = request.getfixturevalue("kafka")
    return _Admin(kafka), kafka.topic("hub.act")


class _Admin:
    """Writes as gateway, reads as identity: nobody may do both on hub.act."""

    def __init__(self, kafka: Any) -> None:
        self._writer, self._reader = kafka.broker("gateway"), kafka.broker("identity")

    async def producer(self) -> Any:
        return await self._writer.producer()

    async def subscriber(self, group: str, topics: Any) -> Any:
        return await self._reader.subscriber(group, topics)


def record(topic: str, key: str, value: str) -> Outgoing:
    return Outgoing(topic, key.encode(), [("a", b"1"), ("b", "é".encode())], value.encode())


async def read(subscriber: Subscriber, mark: str, wanted: int, seconds: float = 30) -> list[Record]:
    """The first `wanted` records whose key starts with `mark`: other tests write to the same topic."""
    found: list[Record] = []
    async with asyncio.timeout(seconds):
        while len(found) < wanted:
            found += [r for r in await subscriber.poll(100, 0.5) if r.key.decode().startswith(mark)]
    return found


@pytest.fixture
def group(request: pytest.FixtureRequest) -> str:
    return new_group(request)


def new_group(request: pytest.FixtureRequest) -> str:
    prefix = request.getfixturevalue("kafka").prefix if "kafka" in request.node.name else ""
    return f"{prefix}hub.identity.{uuid4().hex[:8]}"


async def test_records_arrive_whole_and_in_order_per_key(broker: tuple[Broker, str], group: str) -> None:
    link, topic = broker
    mark = uuid4().hex
    producer = await link.producer()
    await producer.send([record(topic, f"{mark}-{n % 3}", f"{n}") for n in range(30)])
    await producer.close()
    subscriber = await link.subscriber(group, [topic])
    found = await read(subscriber, mark, 30)
    await subscriber.close()
    for key in {r.key for r in found}:
        assert [int(r.value) for r in found if r.key == key] == list(range(int(key[-1:]), 30, 3))
    assert list(found[0].headers) == [("a", b"1"), ("b", "é".encode())]


async def test_what_was_not_committed_is_delivered_again(broker: tuple[Broker, str], group: str) -> None:
    link, topic = broker
    mark = uuid4().hex
    first = await link.subscriber(group, [topic])
    producer = await link.producer()
    await producer.send([record(topic, mark, "one")])
    before = await read(first, mark, 1)
    await first.commit()
    await producer.send([record(topic, mark, "two")])
    assert [r.value for r in await read(first, mark, 1)] == [b"two"]
    await first.close()  # without commit
    second = await link.subscriber(group, [topic])
    again = await read(second, mark, 1)
    assert [(r.value, r.offset) for r in again] == [(b"two", before[0].offset + 1)]
    await second.close()
    await producer.close()


async def test_two_members_of_a_group_share_and_two_groups_each_get_all(
    broker: tuple[Broker, str], request: pytest.FixtureRequest
) -> None:
    link, topic = broker
    mark = uuid4().hex
    producer = await link.producer()
    await producer.send([record(topic, f"{mark}-{n}", str(n)) for n in range(40)])
    groups = [new_group(request) for _ in range(2)]
    for group in groups:
        members = [await link.subscriber(group, [topic]) for _ in range(2)]
        seen: set[tuple[int, int]] = set()
        wanted: list[Record] = []
        async with asyncio.timeout(40):
            while len(wanted) < 40:
                for member in members:
                    for r in await member.poll(100, 0.3):
                        if (r.partition, r.offset) not in seen and r.key.decode().startswith(mark):
                            seen.add((r.partition, r.offset))
                            wanted.append(r)
        for member in members:
            await member.close()
        assert len(wanted) == 40
    await producer.close()


async def test_a_poll_without_news_returns_empty(broker: tuple[Broker, str], group: str) -> None:
    link, topic = broker
    subscriber = await link.subscriber(group, [topic])
    async with asyncio.timeout(30):
        while await subscriber.poll(500, 0.2):
            await subscriber.commit()
    assert await subscriber.poll(10, 0.1) == []
    await subscriber.close()


async def test_the_memory_broker_can_be_down() -> None:
    broker = MemoryBroker()
    producer = await broker.producer()
    broker.down = True
    with pytest.raises(BrokerError):
        await producer.send([record("t", "k", "v")])
    with pytest.raises(BrokerError):
        await broker.subscriber("g", ["t"])

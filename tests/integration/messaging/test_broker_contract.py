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
    return request.getfixturevalue("kafka").broker("gateway"), request.getfixturevalue("kafka").topic("hub.act")


def record(topic: str, key: str, value: str) -> Outgoing:
    return Outgoing(topic, key.encode(), [("a", b"1"), ("b", "é".encode())], value.encode())


async def read(subscriber: Subscriber, wanted: int, seconds: float = 20) -> list[Record]:
    found: list[Record] = []
    async with asyncio.timeout(seconds):
        while len(found) < wanted:
            found += await subscriber.poll(100, 0.5)
    return found


@pytest.fixture
def group() -> str:
    return f"hub.gateway.{uuid4().hex[:8]}"


async def test_records_arrive_whole_and_in_order_per_key(broker: tuple[Broker, str], group: str) -> None:
    link, topic = broker
    mark = uuid4().hex
    producer = await link.producer()
    await producer.send([record(topic, f"{mark}-{n % 3}", f"{n}") for n in range(30)])
    await producer.close()
    subscriber = await link.subscriber(group, [topic])
    found: list[Record] = []
    async with asyncio.timeout(30):
        while len(found) < 30:
            found += [r for r in await subscriber.poll(100, 0.5) if r.key.decode().startswith(mark)]
    await subscriber.close()
    for key in {r.key for r in found}:
        assert [int(r.value) for r in found if r.key == key] == list(range(int(key[-1:]), 30, 3))
    assert list(found[0].headers) == [("a", b"1"), ("b", "é".encode())]


async def test_what_was_not_committed_is_delivered_again(broker: tuple[Broker, str], group: str) -> None:
    link, topic = broker
    first = await link.subscriber(group, [topic])
    producer = await link.producer()
    await producer.send([record(topic, "k", "one")])
    before = await read(first, 1)
    await first.commit()
    await producer.send([record(topic, "k", "two")])
    assert (await read(first, 1))[-1].value == b"two"
    await first.close()  # without commit
    second = await link.subscriber(group, [topic])
    again = await read(second, 1)
    assert again[0].value == b"two"
    assert again[0].offset == before[-1].offset + 1
    await second.close()
    await producer.close()


async def test_two_members_of_a_group_share_and_two_groups_each_get_all(broker: tuple[Broker, str]) -> None:
    link, topic = broker
    mark = uuid4().hex
    producer = await link.producer()
    await producer.send([record(topic, f"{mark}-{n}", str(n)) for n in range(40)])
    groups = [f"hub.gateway.{uuid4().hex[:8]}" for _ in range(2)]
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

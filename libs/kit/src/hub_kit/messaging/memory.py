"""A broker in memory, public like the real one: it keeps the same contract suite."""

from __future__ import annotations

import asyncio
import zlib
from collections import defaultdict
from collections.abc import Sequence

from hub_kit.messaging.broker import BrokerError, Outgoing, Producer, Record, Subscriber

PARTITIONS = 4


class MemoryBroker:
    """Partitioned logs and group offsets; a group's partitions are shared out evenly at each join and leave."""

    def __init__(self, partitions: int = PARTITIONS) -> None:
        self._partitions = partitions
        self.logs: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self._committed: dict[tuple[str, str, int], int] = defaultdict(int)
        self._members: dict[str, list[_MemorySubscriber]] = defaultdict(list)
        self._news = asyncio.Condition()
        self.down = False

    async def producer(self) -> Producer:
        """A producer."""
        self._check()
        return _MemoryProducer(self)

    async def subscriber(self, group: str, topics: Sequence[str]) -> Subscriber:
        """A group member."""
        self._check()
        member = _MemorySubscriber(self, group, topics)
        self._members[group].append(member)
        self._share(group)
        return member

    def _check(self) -> None:
        if self.down:
            raise BrokerError("the broker is down")

    def _share(self, group: str) -> None:
        members = self._members[group]
        for index, member in enumerate(members):
            owned = [(t, p) for t in member.topics for p in range(self._partitions) if p % len(members) == index]
            member.positions = {tp: self._committed[(group, *tp)] for tp in owned}

    def _leave(self, member: _MemorySubscriber) -> None:
        if member in self._members[member.group]:
            self._members[member.group].remove(member)
            if self._members[member.group]:
                self._share(member.group)

    async def _append(self, records: Sequence[Outgoing]) -> None:
        async with self._news:
            for record in records:
                partition = zlib.crc32(record.key) % self._partitions
                log = self.logs[(record.topic, partition)]
                log.append(Record(record.topic, partition, len(log), record.key, tuple(record.headers), record.value))
            self._news.notify_all()


class _MemoryProducer:
    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    async def send(self, records: Sequence[Outgoing]) -> None:
        self._broker._check()
        await self._broker._append(records)

    async def close(self) -> None:
        return None


class _MemorySubscriber:
    def __init__(self, broker: MemoryBroker, group: str, topics: Sequence[str]) -> None:
        self._broker = broker
        self.group = group
        self.topics = tuple(topics)
        self.positions: dict[tuple[str, int], int] = {}

    async def poll(self, limit: int, wait_seconds: float) -> list[Record]:
        self._broker._check()
        records = self._take(limit)
        if not records:
            async with self._broker._news:
                try:
                    await asyncio.wait_for(self._broker._news.wait(), wait_seconds)
                except TimeoutError:
                    return []
            records = self._take(limit)
        return records

    def _take(self, limit: int) -> list[Record]:
        taken: list[Record] = []
        for place, position in list(self.positions.items()):
            log = self._broker.logs.get(place, [])
            part = log[position : position + limit - len(taken)]
            self.positions[place] = position + len(part)
            taken.extend(part)
        return taken

    async def commit(self) -> None:
        self._broker._check()
        for (topic, partition), position in self.positions.items():
            self._broker._committed[(self.group, topic, partition)] = position

    async def close(self) -> None:
        self._broker._leave(self)

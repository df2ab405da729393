"""The broker as the kit sees it: two small protocols, kept by Kafka and by the in-memory one alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class BrokerError(Exception):
    """The broker refused or is away. The session that raised it must be closed and opened again."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as read. `headers` are in order, names may repeat."""

    topic: str
    partition: int
    offset: int
    key: bytes
    headers: Sequence[tuple[str, bytes]]
    value: bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to send."""

    topic: str
    key: bytes
    headers: Sequence[tuple[str, bytes]]
    value: bytes


class Producer(Protocol):
    """Sends batches. One that raised is thrown away (aiokafka#1017)."""

    async def send(self, records: Sequence[Outgoing]) -> None:
        """All acknowledged, in order per key, or BrokerError."""

    async def close(self) -> None:
        """Let go of the connection; never raises."""


class Subscriber(Protocol):
    """A member of a group. What it polled is delivered again unless `commit` was called after."""

    async def poll(self, limit: int, wait_seconds: float) -> list[Record]:
        """At most `limit` records, [] after `wait_seconds` without any. Raises BrokerError."""

    async def commit(self) -> None:
        """All that was polled is taken in. Raises BrokerError."""

    async def close(self) -> None:
        """Leave the group; never raises."""


class Broker(Protocol):
    """Opens sessions."""

    async def producer(self) -> Producer:
        """A connected producer. Raises BrokerError."""

    async def subscriber(self, group: str, topics: Sequence[str]) -> Subscriber:
        """A member of `group` on `topics`. Raises BrokerError."""

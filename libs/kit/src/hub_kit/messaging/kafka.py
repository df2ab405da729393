"""The broker protocol on Apache Kafka, by aiokafka over TLS with a client certificate."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from hub_kit.messaging.broker import BrokerError, Outgoing, Producer, Record, Subscriber

SEND_TIMEOUT_SECONDS = 30.0
MAX_RECORD_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class KafkaBroker:
    """`bootstrap` is host:port[,…]; `instance` names this process for static membership, None for a new member."""

    bootstrap: str
    tls: ssl.SSLContext | None
    client_id: str
    instance: str | None = None

    def _common(self) -> dict[str, Any]:
        return {
            "bootstrap_servers": self.bootstrap,
            "client_id": self.client_id,
            "security_protocol": "SSL" if self.tls else "PLAINTEXT",
            "ssl_context": self.tls,
            "request_timeout_ms": 20_000,
        }

    async def producer(self) -> Producer:
        """An idempotent producer; acks from all, zstd."""
        client = AIOKafkaProducer(
            **self._common(),
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_batch_size=131_072,
            max_request_size=MAX_RECORD_BYTES,
            compression_type="zstd",
        )
        await _start(client, "producer")
        return _KafkaProducer(client)

    async def subscriber(self, group: str, topics: Sequence[str]) -> Subscriber:
        """A group member that commits only by hand."""
        client = AIOKafkaConsumer(
            *topics,
            **self._common(),
            group_id=group,
            group_instance_id=self.instance,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=6_000,
            heartbeat_interval_ms=2_000,
            rebalance_timeout_ms=30_000,
            max_poll_records=500,
            fetch_max_wait_ms=3_000,
        )
        await _start(client, "consumer")
        return _KafkaSubscriber(client)


async def _start(client: Any, what: str) -> None:
    try:
        await asyncio.wait_for(client.start(), 30)
    except (KafkaError, OSError, TimeoutError) as error:
        await _stop(client)
        raise BrokerError(
            f"{what}: broker away, or this certificate has no right here ({type(error).__name__})"
        ) from None


async def _stop(client: Any) -> None:
    try:
        await asyncio.wait_for(client.stop(), 5)
    except (KafkaError, OSError, TimeoutError, AssertionError):
        return


class _KafkaProducer:
    def __init__(self, client: Any) -> None:
        self._client = client

    async def send(self, records: Sequence[Outgoing]) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                acks = [
                    await self._client.send(r.topic, value=r.value, key=r.key, headers=list(r.headers)) for r in records
                ]
                for ack in acks:
                    await ack
        except (KafkaError, OSError, TimeoutError) as error:
            raise BrokerError(f"send: {type(error).__name__}") from None

    async def close(self) -> None:
        await _stop(self._client)


class _KafkaSubscriber:
    def __init__(self, client: Any) -> None:
        self._client = client

    async def poll(self, limit: int, wait_seconds: float) -> list[Record]:
        try:
            found = await self._client.getmany(timeout_ms=int(wait_seconds * 1000), max_records=limit)
        except (KafkaError, OSError) as error:
            raise BrokerError(f"poll: {type(error).__name__}") from None
        return [
            Record(r.topic, r.partition, r.offset, r.key or b"", r.headers, r.value or b"")
            for records in found.values()
            for r in records
        ]

    async def commit(self) -> None:
        try:
            if self._client.assignment():
                await self._client.commit()
        except (KafkaError, OSError) as error:
            raise BrokerError(f"commit: {type(error).__name__}") from None

    async def close(self) -> None:
        await _stop(self._client)

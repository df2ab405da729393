"""Outbox to broker. One leader per service, oldest first: number, send, delete. It keeps no cursor (design rule 4)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import asyncpg

from hub_contracts.envelope import Envelope
from hub_kit import faults
from hub_kit.clock import Clock
from hub_kit.db import DATABASE_ERRORS
from hub_kit.messaging.broker import Broker, BrokerError, Outgoing, Producer
from hub_kit.messaging.outbox import QUERIES
from hub_kit.telemetry import logs
from hub_kit.telemetry import metric_defs as defs
from hub_kit.telemetry.metrics import Metrics

log = logs.get_logger("hub.messaging")
BATCH = 500
IDLE_POLL_SECONDS = 0.25
FOLLOWER_POLL_SECONDS = 1.0
LINGER_SECONDS = 0.06


class Relay:
    """`source` names the service in the envelopes; the advisory lock is per schema."""

    def __init__(self, *, dsn: str, broker: Broker, clock: Clock, metrics: Metrics, source: str) -> None:
        self._dsn = dsn
        self._broker = broker
        self._clock = clock
        self._metrics = metrics
        self._source = source
        self._news = asyncio.Event()
        self._stopping = False
        self.leading = False

    def wake(self) -> None:
        """The outbox has news (called after a commit in this process)."""
        self._news.set()

    def stop(self) -> None:
        """Send what is in the outbox, then end."""
        self._stopping = True
        self._news.set()

    async def run(self) -> None:
        """Until stopped; reconnects by itself."""
        while True:
            try:
                await self._connected()
            except (BrokerError, *DATABASE_ERRORS) as error:
                log.warning("relay.interrupted", exc_info=error)
            if self._stopping:
                return
            await self._clock.sleep(FOLLOWER_POLL_SECONDS)

    async def _connected(self) -> None:
        connection = await asyncpg.connect(self._dsn, command_timeout=30, server_settings={"application_name": "relay"})
        try:
            while not await connection.fetchval("select pg_try_advisory_lock(hashtext('relay:' || current_schema()))"):
                if self._stopping:
                    return
                await self._clock.sleep(FOLLOWER_POLL_SECONDS)
            self._set_leading(True)
            await self._lead(connection)
        finally:
            self._set_leading(False)
            await connection.close(timeout=2)

    def _set_leading(self, leading: bool) -> None:
        self.leading = leading
        self._metrics.set(defs.RELAY_LEADER, 1 if leading else 0)

    async def _lead(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        producer: Producer | None = None  # opened at the first event: a service that sends nothing needs no right to
        try:
            while True:
                self._news.clear()
                rows = await connection.fetch(QUERIES.next_outbox, BATCH)
                if rows:
                    producer = producer or await self._broker.producer()
                    await self._send_batch(connection, producer, rows)
                    # under load, let a little more come together; when idle the first event goes at once
                    await self._clock.sleep(LINGER_SECONDS)
                elif self._stopping:
                    return
                else:
                    await self._wait_for_news()
        finally:
            if producer is not None:
                await producer.close()

    async def _wait_for_news(self) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), IDLE_POLL_SECONDS)
        except TimeoutError:
            return

    async def _send_batch(
        self, connection: asyncpg.Connection[asyncpg.Record], producer: Producer, rows: Sequence[Any]
    ) -> None:
        first = rows[0]["last_producer_seq"] + 1
        faults.reach("after_outbox_read")
        await producer.send([self._record(row, first + index) for index, row in enumerate(rows)])
        faults.reach("after_ack_before_delete")
        await connection.execute(QUERIES.delete_sent, [row["id"] for row in rows], first + len(rows) - 1)
        self._metrics.observe(defs.RELAY_BATCH, len(rows))
        for topic, count in Counter(row["topic"] for row in rows).items():
            self._metrics.inc(defs.RELAY_EVENTS, topic, amount=count)

    def _record(self, row: Any, producer_seq: int) -> Outgoing:
        envelope = Envelope(
            id=row["event_id"], type=row["type"], source=self._source, time=row["time"], key=row["key"],
            data=row["data"], sequence=row["sequence"], act_version=row["act_version"], lane=row["lane"],
            flow=row["flow"], causation_id=row["causation_id"], traceparent=row["traceparent"],
            producer_seq=producer_seq,
        )  # fmt: skip
        return Outgoing(row["topic"], row["key"].encode(), envelope.headers(), row["data"])

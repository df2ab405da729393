"""Takes events in from the broker: rows first, then the offsets, on a timer (dedup by event id makes that safe)."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from hub_contracts.envelope import Envelope, EnvelopeUnreadable
from hub_contracts.errors import ErrorCode
from hub_contracts.events import EVENT_TYPES
from hub_kit import faults
from hub_kit.clock import Clock
from hub_kit.db import Connection, Pool
from hub_kit.messaging.broker import Broker, BrokerError, Record, Subscriber
from hub_kit.messaging.model import FLOW_BACKLOG, FLOW_LIVE, Route
from hub_kit.messaging.outbox import QUERIES
from hub_kit.telemetry import logs
from hub_kit.telemetry import metric_defs as defs
from hub_kit.telemetry.metrics import Metrics

log = logs.get_logger("hub.messaging")
POLL_LIMIT = 500
POLL_SECONDS = 0.3
COMMIT_EVERY_SECONDS = 1.0
REOPEN_SECONDS = 1.0
LINGER_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Taken:
    """An event as read, with the record it came in."""

    envelope: Envelope
    record: Record


class Sink(Protocol):
    """Where read events go. Called inside a transaction with what was read, in order; idempotent by event id.

    A sink whose attribute `hears_unknown` is true is also given events of types nobody here knows yet.
    """

    async def __call__(self, connection: Connection, events: Sequence[Taken], now: datetime) -> None:
        """Keep the events."""


class WorkInbox:
    """The usual sink: events that a route names become work items, others are left."""

    def __init__(self, routes: Sequence[Route], wake: Callable[[Mapping[str, int]], None], prefix: str = "") -> None:
        self._routes = {(prefix + r.stream, r.model.event_type): r.handler.name for r in routes}
        self._wake = wake
        self._fresh: Counter[str] = Counter()

    async def __call__(self, connection: Connection, events: Sequence[Taken], now: datetime) -> None:
        """Insert the work of events never seen before."""
        rows: dict[UUID, tuple[Any, ...]] = {}  # by event id: one read may hold the same event twice
        for taken in events:
            handler = self._routes.get((taken.record.topic, taken.envelope.type))
            if handler is not None:
                rows.setdefault(taken.envelope.id, _work_row(taken.envelope, handler))
        if not rows:
            return
        newer = {e.key: e.act_version for t in events if (e := t.envelope).act_version > 1}
        if newer:
            await connection.execute(QUERIES.supersede_waiting, list(newer), list(newer.values()))
        columns = [list(column) for column in zip(*rows.values(), strict=True)]
        fresh = await connection.fetch(QUERIES.take_in, *columns, now)
        self._fresh.update(row["handler"] for row in fresh)

    def after_commit(self) -> None:
        """The rows are there: wake their runners."""
        fresh, self._fresh = self._fresh, Counter()
        if fresh:
            self._wake(fresh)


def _work_row(e: Envelope, handler: str) -> tuple[Any, ...]:
    flow = FLOW_BACKLOG if e.flow == "backlog" else FLOW_LIVE
    return (
        e.id, handler, e.key, e.lane or "-", flow, e.type, e.source, e.sequence, e.act_version, e.causation_id,
        e.traceparent, e.time, e.data,
    )  # fmt: skip


class Consumer:
    """One member of the service's group; reopens its session when the broker goes away."""

    def __init__(
        self, *, broker: Broker, pool: Pool, clock: Clock, metrics: Metrics, group: str, topics: Sequence[str],
        sinks: Sequence[Sink], after_commit: Callable[[], None] = lambda: None,
        linger_seconds: float = LINGER_SECONDS,
    ) -> None:  # fmt: skip
        self._broker = broker
        self._pool = pool
        self._clock = clock
        self._metrics = metrics
        self._group = group
        self._topics = topics
        self._sinks = sinks
        self._after_commit = after_commit
        self._linger = linger_seconds
        self._stopping = asyncio.Event()
        self.connected = False

    def stop(self) -> None:
        """Take nothing more in."""
        self._stopping.set()

    async def run(self) -> None:
        """Until stopped. Errors of the broker reopen the session; errors of the database redo the batch."""
        while not self._stopping.is_set():
            try:
                subscriber = await self._broker.subscriber(self._group, self._topics)
            except BrokerError as error:
                log.warning("consumer.no_broker", group=self._group, reason=str(error))
                await self._pause(REOPEN_SECONDS)
                continue
            try:
                self.connected = True
                await self._consume(subscriber)
            except BrokerError as error:
                log.warning("consumer.session_lost", group=self._group, reason=str(error))
                await self._pause(REOPEN_SECONDS)
            finally:
                self.connected = False
                await subscriber.close()

    async def _consume(self, subscriber: Subscriber) -> None:
        due = self._clock.monotonic() + COMMIT_EVERY_SECONDS
        uncommitted = False
        while not self._stopping.is_set():
            records = await subscriber.poll(POLL_LIMIT, POLL_SECONDS)
            if records:
                await self._keep(records)
                faults.reach("after_insert_before_offset_commit")
                uncommitted = True
                # under load, let more come together; when idle the first event is taken in at once
                await self._pause(self._linger)
            if uncommitted and self._clock.monotonic() >= due:
                await subscriber.commit()
                due, uncommitted = self._clock.monotonic() + COMMIT_EVERY_SECONDS, False
        if uncommitted:
            await subscriber.commit()

    async def _keep(self, records: Sequence[Record]) -> None:
        """Write the batch, however often the database makes us try; the session waits meanwhile."""
        events, unreadable = read_records(records)
        while True:
            try:
                await self._write(events, unreadable)
                self._count(events)
                self._after_commit()
                return
            except Exception as error:
                log.warning("consumer.not_taken_in", exc_info=error, group=self._group)
                await self._pause(REOPEN_SECONDS)
                if self._stopping.is_set():
                    raise BrokerError("stopped before the batch was taken in") from None

    async def _write(self, events: Sequence[Taken], unreadable: Sequence[tuple[Record, ErrorCode]]) -> None:
        now = self._clock.now()
        async with self._pool.acquire() as connection, connection.transaction():
            for sink in self._sinks:
                await sink(connection, [*events, *_unknown(unreadable)] if _hears_unknown(sink) else events, now)
            if unreadable:
                await _park(connection, unreadable, now)
                for record, code in unreadable:
                    self._metrics.inc(defs.CONSUMED_EVENTS, record.topic, code.value.lower())

    def _count(self, events: Sequence[Taken]) -> None:
        for topic, count in Counter(t.record.topic for t in events).items():
            self._metrics.inc(defs.CONSUMED_EVENTS, topic, "taken", amount=count)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def read_records(records: Sequence[Record]) -> tuple[list[Taken], list[tuple[Record, ErrorCode]]]:
    """Split records into events of a known type and those to park with their reason."""
    events: list[Taken] = []
    unreadable: list[tuple[Record, ErrorCode]] = []
    for record in records:
        try:
            envelope = Envelope.read(record.headers, record.value)
        except EnvelopeUnreadable:
            unreadable.append((record, ErrorCode.ENVELOPE_UNREADABLE))
            continue
        if envelope.type in EVENT_TYPES:
            events.append(Taken(envelope, record))
        else:
            unreadable.append((record, ErrorCode.EVENT_TYPE_UNKNOWN))
    return events, unreadable


async def _park(connection: Connection, unreadable: Sequence[tuple[Record, ErrorCode]], now: datetime) -> None:
    headers = [json.dumps([[_shown(n.encode()), _shown(v)] for n, v in r.headers]) for r, _ in unreadable]
    await connection.execute(
        QUERIES.park,
        [r.topic for r, _ in unreadable],
        [r.partition for r, _ in unreadable],
        [r.offset for r, _ in unreadable],
        [c.value for _, c in unreadable],
        headers,
        now,
        [r.value for r, _ in unreadable],
    )


def _shown(value: bytes | None) -> str:
    """A header of a record we don't understand, as text that jsonb takes: it has no NUL."""
    return (value or b"").decode("latin-1").replace("\0", "\ufffd")


def _hears_unknown(sink: Sink) -> bool:
    return bool(getattr(sink, "hears_unknown", False))


def _unknown(unreadable: Sequence[tuple[Record, ErrorCode]]) -> list[Taken]:
    """Parked events whose envelope can be read: only their type is not known here."""
    records = [record for record, code in unreadable if code is ErrorCode.EVENT_TYPE_UNKNOWN]
    return [Taken(Envelope.read(record.headers, record.value), record) for record in records]

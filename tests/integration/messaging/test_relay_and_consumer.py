"""Design rules 2, 4 and 16: outbox → broker → work, with the failures in between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import uuid4

from hub_contracts.envelope import Envelope
from hub_kit.clock import SystemClock
from hub_kit.messaging.broker import BrokerError, Outgoing, Producer, Subscriber
from hub_kit.messaging.consumer import Consumer, Taken, WorkInbox
from hub_kit.messaging.memory import MemoryBroker
from hub_kit.messaging.model import Emit
from hub_kit.messaging.relay import Relay

from .conftest import STREAM, Service, envelope, event


async def emit(service: Service, count: int) -> None:
    async with service.pool.acquire() as connection, connection.transaction():
        await service.outbox.emit(connection, [Emit(event()) for _ in range(count)], service.clock.now())


def relay(service: Service, broker: object | None = None) -> Relay:
    link = broker or service.broker
    return Relay(dsn=service.dsn, broker=link, clock=SystemClock(), metrics=service.metrics, source="test")  # type: ignore[arg-type]


def sent(broker: MemoryBroker) -> list[Envelope]:
    records = [r for log in broker.logs.values() for r in log]
    return sorted((Envelope.read(r.headers, r.value) for r in records), key=lambda e: e.producer_seq or 0)


async def run_until_empty(service: Service, one: Relay) -> None:
    task = asyncio.create_task(one.run())
    async with asyncio.timeout(20):
        while await service.count("outbox"):
            await asyncio.sleep(0.02)
    one.stop()
    await task


async def test_events_leave_in_order_with_a_dense_number(service: Service) -> None:
    await emit(service, 7)
    await run_until_empty(service, relay(service))
    await emit(service, 3)
    await run_until_empty(service, relay(service))
    assert [e.producer_seq for e in sent(service.broker)] == list(range(1, 11))


async def test_a_stop_sends_what_is_there_first(service: Service) -> None:
    await emit(service, 5)
    one = relay(service)
    one.stop()
    await one.run()
    assert len(sent(service.broker)) == 5


async def test_an_event_that_was_sent_but_not_deleted_goes_again_with_the_same_id(service: Service) -> None:
    class Forgetful(MemoryBroker):
        """Acknowledges only in the log: the caller sees an error after the records are stored."""

        failures = 2

        async def producer(self) -> Producer:
            real = await super().producer()
            outer = self

            class P:
                async def send(self, records: Sequence[Outgoing]) -> None:
                    await real.send(records)
                    if outer.failures:
                        outer.failures -= 1
                        raise BrokerError("connection lost after the send")

                async def close(self) -> None:
                    await real.close()

            return P()

    broker = Forgetful()
    await emit(service, 4)
    await run_until_empty(service, relay(service, broker))
    envelopes = sent(broker)
    assert len(envelopes) == 12
    assert len({e.id for e in envelopes}) == 4
    assert {e.producer_seq for e in envelopes} == {1, 2, 3, 4}


async def test_only_one_relay_of_a_service_leads(service: Service) -> None:
    first, second = relay(service), relay(service)
    tasks = [asyncio.create_task(first.run()), asyncio.create_task(second.run())]
    async with asyncio.timeout(10):
        while not (first.leading or second.leading):
            await asyncio.sleep(0.02)
    await emit(service, 20)
    async with asyncio.timeout(10):
        while await service.count("outbox"):
            await asyncio.sleep(0.02)
    assert first.leading != second.leading
    leader, follower = (first, second) if first.leading else (second, first)
    leader.stop()
    async with asyncio.timeout(10):
        while not follower.leading:
            await asyncio.sleep(0.02)
    follower.stop()
    await asyncio.gather(*tasks)
    assert [e.producer_seq for e in sent(service.broker)] == list(range(1, 21))


def consumer(service: Service, broker: object | None = None) -> Consumer:
    inbox = WorkInbox(service.routes, service.wakes.append)
    link = broker or service.broker
    return Consumer(
        broker=link, pool=service.pool, clock=SystemClock(), metrics=service.metrics, group="hub.test",  # type: ignore[arg-type]
        topics=[STREAM], sinks=[inbox], after_commit=inbox.after_commit,
    )  # fmt: skip


async def run_until(service: Service, one: Consumer, table: str, wanted: int) -> None:
    task = asyncio.create_task(one.run())
    async with asyncio.timeout(20):
        while await service.count(table) < wanted:
            await asyncio.sleep(0.02)
    one.stop()
    await task


def outgoing(e: Envelope) -> Outgoing:
    return Outgoing(STREAM, e.key.encode(), e.headers(), e.data)


async def test_consumed_events_become_work_and_wake_their_handler(service: Service) -> None:
    producer = await service.broker.producer()
    await producer.send([outgoing(envelope(event())) for _ in range(6)])
    await run_until(service, consumer(service), "work_item", 6)
    assert service.wakes
    assert sum(wake["count"] for wake in service.wakes) == 6


async def test_a_record_that_is_no_event_is_parked_and_blocks_nothing(service: Service) -> None:
    producer = await service.broker.producer()
    good = envelope(event())
    await producer.send(
        [
            Outgoing(STREAM, b"k", [], b"not an event"),
            Outgoing(STREAM, b"k", [("ce_id", b"\xff\xfe")], b"{}"),
            Outgoing(STREAM, b"k", [*good.headers()[:3], ("ce_type", b"of.the.future.v9"), *good.headers()[4:]], b"{}"),
            outgoing(good),
        ]
    )
    await run_until(service, consumer(service), "work_item", 1)
    rows = await service.pool.fetch("select code from parked_record order by code")
    assert [r["code"] for r in rows] == ["ENVELOPE_UNREADABLE", "ENVELOPE_UNREADABLE", "EVENT_TYPE_UNKNOWN"]


def changed(good: Envelope, name: str, value: bytes | None) -> Outgoing:
    """The record with one header replaced."""
    headers = [(n, v) for n, v in good.headers() if n != name]
    return Outgoing(STREAM, b"k", [*headers, (name, value)], good.data)  # type: ignore[list-item]


async def test_a_record_that_no_table_could_hold_is_parked_too(service: Service) -> None:
    producer = await service.broker.producer()
    good = envelope(event())
    await producer.send(
        [
            changed(good, "ce_lane", b"a\x00b"),
            changed(good, "ce_partitionkey", b"k" * 5000),
            changed(good, "ce_sequence", str(2**63).encode()),
            changed(good, "ce_actversion", b"-1"),
            changed(good, "ce_traceparent", None),
            changed(good, "x\x00y", b"\x00"),
            outgoing(envelope(event())),
        ]
    )
    await run_until(service, consumer(service), "work_item", 1)
    rows = await service.pool.fetch("select code from parked_record")
    assert [r["code"] for r in rows] == ["ENVELOPE_UNREADABLE"] * 6


async def test_a_sink_may_hear_what_nobody_here_knows_yet(service: Service) -> None:
    heard: list[str] = []

    class Everything:
        hears_unknown = True

        async def __call__(self, _connection: object, events: Sequence[Taken], _now: object) -> None:
            heard.extend(t.envelope.type for t in events)

    producer = await service.broker.producer()
    good = envelope(event())
    await producer.send([changed(good, "ce_type", b"of.the.future.v9"), outgoing(envelope(event()))])
    one = consumer(service)
    one._sinks = [*one._sinks, Everything()]
    await run_until(service, one, "work_item", 1)
    assert sorted(heard) == ["of.the.future.v9", "publication.postponed.v1"]
    assert await service.count("parked_record") == 1


async def test_every_event_delivered_many_times_and_shuffled_gives_one_work_item(service: Service) -> None:
    import random

    events = [envelope(event()) for _ in range(30)]
    copies = [e for e in events for _ in range(random.Random(3).randint(1, 5))]
    random.Random(4).shuffle(copies)
    producer = await service.broker.producer()
    await producer.send([outgoing(e) for e in copies])
    await run_until(service, consumer(service), "work_item", 30)
    assert await service.count("seen_event") == 30


async def test_offsets_are_committed_only_after_the_rows_are_there(service: Service) -> None:
    producer = await service.broker.producer()
    await producer.send([outgoing(envelope(event())) for _ in range(5)])
    await service.pool.execute("alter table work_item rename to work_item_away")  # the insert fails
    one = consumer(service)
    task = asyncio.create_task(one.run())
    await asyncio.sleep(0.3)
    one.stop()
    await task
    await service.pool.execute("alter table work_item_away rename to work_item")
    await run_until(service, consumer(service), "work_item", 5)


async def test_a_lost_session_is_opened_again(service: Service) -> None:
    class Flaky(MemoryBroker):
        failures = 2

        async def subscriber(self, group: str, topics: Sequence[str]) -> Subscriber:
            if self.failures:
                self.failures -= 1
                raise BrokerError("coordinator not available")
            return await super().subscriber(group, topics)

    broker = Flaky()
    producer = await broker.producer()
    await producer.send([outgoing(envelope(event(uuid4())))])
    await run_until(service, consumer(service, broker), "work_item", 1)


async def test_a_parked_record_is_kept_thirty_days(service: Service) -> None:
    from hub_kit.messaging.upkeep import Upkeep

    producer = await service.broker.producer()
    await producer.send([Outgoing(STREAM, b"k", [], b"not an event")])
    await run_until(service, consumer(service), "parked_record", 1)
    upkeep = Upkeep(pool=service.pool, clock=service.clock, metrics=service.metrics, wake=service.wakes.append)
    await service.pool.execute("update parked_record set parked_at = $1", service.clock.now())
    for days, left in ((29, 1), (2, 0)):
        service.clock.advance(days * 86_400)
        await upkeep.daily()
        assert await service.count("parked_record") == left

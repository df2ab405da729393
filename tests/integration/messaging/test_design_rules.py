"""Design rules 4, 5, 6, 7, 18 and 19 where only many items, two transactions or a count show that they hold."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from statement_log import StatementLog

from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActBlocked
from hub_kit.clock import SystemClock
from hub_kit.ids import uuid7
from hub_kit.messaging import lanes
from hub_kit.messaging.local import LocalRunner
from hub_kit.messaging.model import Effects, Emit, Fatal, Local, Transient
from hub_kit.messaging.relay import Relay
from hub_kit.messaging.replay import DeadItem, find_dead, replay_dead
from hub_kit.messaging.upkeep import Upkeep

from .conftest import START, STREAM, Service, envelope, event


def lane(number: int) -> UUID:
    return UUID(int=number)


def runner(service: Service, **changes: Any) -> LocalRunner:
    handler: Local[Any, Any, Any] = dataclasses.replace(service.handler, **changes)
    return LocalRunner(service.bench, handler, [r.model for r in service.routes])


async def waits_for_a_lock(service: Service) -> None:
    async with asyncio.timeout(10):
        while not await service.count("pg_stat_activity", "datname = current_database() and wait_event_type = 'Lock'"):
            await asyncio.sleep(0.01)


# Rule 4


async def test_outbox_ids_follow_the_row_lock_of_their_aggregate(service: Service) -> None:
    act = uuid4()
    now = service.clock.now()

    async def second() -> None:
        async with service.pool.acquire() as connection, connection.transaction():
            await service.outbox.emit(connection, [Emit(event(act))], now)

    async with service.pool.acquire() as connection, connection.transaction():
        await service.outbox.emit(connection, [Emit(event(act))], now)
        late = asyncio.create_task(second())
        await waits_for_a_lock(service)
        await service.outbox.emit(connection, [Emit(event(act)), Emit(event(act))], now)
    await late
    rows = await service.pool.fetch("select sequence from outbox order by id")
    assert [r["sequence"] for r in rows] == [1, 2, 3, 4]


async def sent_ids(service: Service) -> list[tuple[int, str]]:
    """(producer_seq, key) as sent, in order."""
    found = []
    for log in service.broker.logs.values():
        for record in log:
            headers = dict(record.headers)
            found.append((int(headers["ce_producerseq"]), record.key.decode()))
    return sorted(found)


async def relay_all(service: Service) -> None:
    one = Relay(dsn=service.dsn, broker=service.broker, clock=SystemClock(), metrics=service.metrics, source="test")
    one.stop()
    await one.run()


async def test_an_event_that_commits_late_under_a_lower_id_is_not_lost(service: Service) -> None:
    slow, quick = event(), event()
    async with service.pool.acquire() as connection, connection.transaction():
        await service.outbox.emit(connection, [Emit(slow)], service.clock.now())
        async with service.pool.acquire() as other, other.transaction():
            await service.outbox.emit(other, [Emit(quick)], service.clock.now())
        await relay_all(service)
        assert await sent_ids(service) == [(1, quick.key)]
    await relay_all(service)
    assert await sent_ids(service) == [(1, quick.key), (2, slow.key)]


# Rule 5


async def cost(service: Service, log: StatementLog, items: int) -> Counter[str]:
    await service.take_in([envelope(event(structure=lane(n % 4))) for n in range(items)])
    log.take()
    assert await runner(service).run_once() == items
    return Counter({text: n for text, n in log.take().items() if "into heard" not in text})


async def test_a_batch_costs_the_same_statements_whatever_its_size(service: Service, statements: StatementLog) -> None:
    one, many = await cost(service, statements, 1), await cost(service, statements, 80)
    assert one == many
    assert set(many.values()) == {1} | ({2} & set(many.values()))
    assert sum(many.values()) <= 5  # claims (live, then backlog), load, settle


async def test_taking_in_costs_the_same_statements_whatever_the_number(
    service: Service, statements: StatementLog
) -> None:
    await service.take_in([envelope(event())])
    one = statements.take()
    await service.take_in([envelope(event()) for _ in range(200)])
    assert statements.take() == one
    assert sum(one.values()) == 1


async def test_a_failing_batch_is_redone_one_by_one_and_only_the_culprit_waits(service: Service) -> None:
    acts = [uuid4() for _ in range(12)]
    service.counting.trouble[acts[5]] = RuntimeError("boom")
    sizes: list[int] = []
    plain = service.counting.apply

    async def counted(connection: Any, effects: Sequence[Effects[Any]]) -> None:
        sizes.append(len(effects))
        await plain(connection, effects)

    await service.take_in([envelope(event(act)) for act in acts])
    await runner(service, apply=counted).run_once()
    assert {act for act, _ in await service.heard()} == set(acts) - {acts[5]}
    assert sizes == [1] * 11
    assert await service.count("work_item") == 1
    assert await service.count("work_item", f"state = 'waiting' and key = '{acts[5]}' and attempts = 1") == 1


# Rule 7


async def fill(service: Service, structure: UUID, items: int) -> None:
    """Many items of one structure, as `take_in` would leave them."""
    sample = envelope(event(structure=structure))
    await service.pool.execute(
        "insert into work_item (event_id, handler, key, lane, flow, type, source, sequence, act_version, time, data, "
        "arrived_at) select gen_random_uuid(), 'count', n::text, $1, 0, $2, 'test', 1, 0, $3, $4, $3 "
        "from generate_series(1, $5) n",
        sample.lane, sample.type, START, sample.data, items,
    )  # fmt: skip


async def lanes_done(service: Service) -> dict[str, int]:
    return {r["lane"]: r["n"] for r in await service.pool.fetch("select lane, count(*) as n from outbox group by lane")}


async def test_ten_thousand_items_of_one_structure_delay_no_other(service: Service) -> None:
    await fill(service, lane(1), 10_000)
    small = [lane(n) for n in range(2, 42)]
    await service.take_in([envelope(event(structure=structure)) for structure in small for _ in range(5)])
    one = runner(service)  # 100 a claim, 25 a lane: one turn is 25 + 40 x 5 items, so three claims
    assert [await one.run_once() for _ in range(3)] == [100, 100, 25]
    done = await lanes_done(service)
    assert {str(structure): 5 for structure in small}.items() <= done.items()
    assert done[str(lane(1))] == 25


async def test_a_newcomer_is_served_at_the_next_turn_of_a_structure_with_a_queue(service: Service) -> None:
    await fill(service, lane(9), 10_000)
    one = runner(service)
    for number in (1, 20):  # a lane before and one after the long one
        await one.run_once()
        await service.take_in([envelope(event(structure=lane(number)))])
        await one.run_once()
        await one.run_once()
        assert (await lanes_done(service))[str(lane(number))] == 1


@pytest.mark.parametrize("analysed", [False, True])
async def test_a_turn_serves_every_open_lane_once(service: Service, analysed: bool) -> None:
    open_, paused = [lane(n) for n in range(1, 91)], [lane(n) for n in range(91, 131)]
    await service.take_in([envelope(event(structure=structure)) for structure in open_ + paused for _ in range(2)])
    async with service.pool.acquire() as connection:
        for structure in paused:
            await lanes.pause(connection, str(structure), "CERTIFICATE_EXPIRED", "rule", START)
        if analysed:
            await connection.execute("analyze")
    one = runner(service, batch=20, per_lane=1)
    for turn in (1, 2):
        assert [await one.run_once() for _ in range(5)] == [20, 20, 20, 20, 10]
        assert await lanes_done(service) == {str(structure): turn for structure in open_}


# Rules 18 and 19


async def dead(service: Service, count: int) -> None:
    for _ in range(count):
        act = uuid4()
        service.counting.trouble[act] = Fatal(ErrorCode.SEAL_UNREADABLE)
        await service.take_in([envelope(event(act))])
    while await runner(service).run_once():
        pass


def upkeep(service: Service) -> Upkeep:
    return Upkeep(pool=service.pool, clock=service.clock, metrics=service.metrics, wake=service.wakes.append)


async def test_what_a_person_wrote_is_in_no_metric(service: Service) -> None:
    async with service.pool.acquire() as connection:
        await lanes.pause(connection, "a", "Mme NESSI a appelé", "op", START)
        await lanes.pause(connection, "b", "CERTIFICATE_EXPIRED", "rule", START)
    await upkeep(service).measure()
    exposed = service.metrics.render()[0].decode()
    assert "NESSI" not in exposed
    assert 'hub_lanes_paused{reason="operator"} 1.0' in exposed
    assert 'hub_lanes_paused{reason="CERTIFICATE_EXPIRED"} 1.0' in exposed


async def test_replicas_that_start_together_keep_the_partitions_together(service: Service) -> None:
    service.clock.advance(timedelta(days=40).total_seconds())
    await asyncio.gather(*(upkeep(service).daily() for _ in range(6)))
    tomorrow = (service.clock.now() + timedelta(days=1)).strftime("seen_event_%Y%m%d")
    assert await service.count("pg_class", f"relname = '{tomorrow}'") == 1


async def test_dead_items_are_kept_thirty_days(service: Service) -> None:
    await dead(service, 2)
    service.clock.advance(timedelta(days=30).total_seconds() - 1)
    await upkeep(service).daily()
    assert await service.count("work_item", "state = 'dead'") == 2
    service.clock.advance(2)
    await upkeep(service).daily()
    assert await service.count("work_item") == 0


async def test_a_finished_item_leaves_no_payload_and_a_dead_one_keeps_it(service: Service) -> None:
    await service.take_in([envelope(event())])
    await dead(service, 1)
    rows = await service.pool.fetch("select state, length(data) as size from work_item")
    assert [(r["state"], r["size"] > 100) for r in rows] == [("dead", True)]
    columns = await service.pool.fetch(
        "select column_name from information_schema.columns where table_name = 'seen_event'"
    )
    assert [c["column_name"] for c in columns] == ["event_id"]


async def test_replay_touches_dead_items_only(service: Service) -> None:
    act, waiting = uuid4(), uuid4()
    await dead(service, 1)
    service.counting.trouble[waiting] = Transient(ErrorCode.UPSTREAM_UNAVAILABLE)
    await service.take_in([envelope(event(waiting))])
    await runner(service).run_once()
    await service.take_in([envelope(event(act))])
    before = await service.pool.fetch(
        "select event_id, state, attempts from work_item where state <> 'dead' order by 1"
    )
    assert [r["state"] for r in before] in (["waiting", "ready"], ["ready", "waiting"])
    items = await service.pool.fetch("select event_id, handler, key, lane, type, last_code, attempts from work_item")
    everything = [DeadItem(**dict(r), dead_at=START) for r in items]
    async with service.pool.acquire() as connection:
        assert len(await find_dead(connection)) == 1
        revived = await replay_dead(
            connection, service.outbox, everything, replay_id=uuid7(service.clock), who="op", why="essai",
            now=service.clock.now(),
        )  # fmt: skip
    after = await service.pool.fetch(
        "select event_id, state, attempts from work_item where event_id = any($1) order by 1",
        [r["event_id"] for r in before],
    )
    assert revived == 1
    assert after == before


@pytest.mark.parametrize("how", ["fatal", "unreadable"])
async def test_death_and_its_announcement_are_one_transaction(service: Service, how: str) -> None:
    one = envelope(event())
    if how == "unreadable":
        one = dataclasses.replace(one, data=b"{")
    else:
        service.counting.trouble[UUID(one.key)] = Fatal(ErrorCode.SEAL_UNREADABLE)
    await service.take_in([one])
    await service.pool.execute("alter table outbox rename to outbox_away")
    with pytest.raises(Exception, match="outbox"):
        await runner(service).run_once()
    assert await service.count("work_item", "state = 'dead'") == 0
    await service.pool.execute("alter table outbox_away rename to outbox")
    await runner(service).run_once()
    row = await service.pool.fetchrow("select topic, data from outbox")
    assert row["topic"] == STREAM
    assert str(ActBlocked.parse(row["data"]).act_id) == one.key
    assert await service.count("work_item", "state = 'dead'") == 1

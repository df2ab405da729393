"""Design rules 3, 4, 5, 7, 18 and 19 for local handlers, on a real PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActBlocked
from hub_kit.messaging import lanes
from hub_kit.messaging.local import LocalRunner
from hub_kit.messaging.model import Fatal, Transient
from hub_kit.messaging.replay import find_dead, replay_dead
from hub_kit.messaging.upkeep import Upkeep

from .conftest import START, Service, envelope, event


def runner(service: Service) -> LocalRunner:
    return LocalRunner(service.bench, service.handler, [r.model for r in service.routes])


async def run_all(service: Service) -> None:
    one = runner(service)
    while await one.run_once():
        pass


async def test_an_event_taken_in_twice_has_one_effect(service: Service) -> None:
    first = envelope(event())
    await service.take_in([first, envelope(event())])
    await run_all(service)
    await service.take_in([first])  # delivered again, after its work was finished and deleted
    await run_all(service)
    assert len(await service.heard()) == 2
    assert await service.count("outbox") == 2
    assert await service.count("work_item") == 0


async def test_events_of_one_act_are_handled_one_at_a_time_and_in_order(service: Service) -> None:
    act = uuid4()
    await service.take_in([envelope(event(act), sequence=n) for n in range(1, 6)])
    one = runner(service)
    assert [await one.run_once() for _ in range(6)] == [1, 1, 1, 1, 1, 0]
    assert await service.heard() == [(act, n) for n in range(1, 6)]


async def test_sequence_numbers_of_an_aggregate_are_dense_and_in_outbox_order(service: Service) -> None:
    act = uuid4()
    await service.take_in([envelope(event(act)) for _ in range(4)] + [envelope(event())])
    await run_all(service)
    rows = await service.pool.fetch("select sequence from outbox where key = $1 order by id", str(act))
    assert [r["sequence"] for r in rows] == [1, 2, 3, 4]


async def test_effects_outbox_and_finish_stand_or_fall_together(service: Service) -> None:
    bad = uuid4()
    await service.take_in([envelope(event(bad)), envelope(event())])
    await service.pool.execute(
        "create function no_bad() returns trigger language plpgsql as $$ begin "
        f"if new.key = '{bad}' then raise 'disk full'; end if; return new; end $$; "
        "create trigger no_bad before insert on outbox for each row execute function no_bad()"
    )
    await runner(service).run_once()
    assert bad not in dict(await service.heard())  # its row went with its event
    assert len(await service.heard()) == 1  # the other item of the batch was redone alone
    assert await service.count("work_item", "state = 'waiting'") == 1


async def test_a_transient_error_is_retried_later_and_is_never_dead(service: Service) -> None:
    act = uuid4()
    service.counting.trouble[act] = Transient(ErrorCode.UPSTREAM_UNAVAILABLE)
    await service.take_in([envelope(event(act))])
    upkeep = Upkeep(pool=service.pool, clock=service.clock, metrics=service.metrics, wake=service.wakes.append)
    for _ in range(9):
        await run_all(service)
        service.clock.advance(400)
        await upkeep.wake_due()
    row = await service.pool.fetchrow("select state, attempts, last_code from work_item")
    assert (row["state"], row["attempts"], row["last_code"]) == ("ready", 9, "UPSTREAM_UNAVAILABLE")
    service.counting.trouble.clear()
    await run_all(service)
    assert await service.heard() == [(act, 1)]


async def test_a_bug_kills_the_item_after_five_tries_and_blocks_its_act(service: Service) -> None:
    act = uuid4()
    service.counting.trouble[act] = RuntimeError("boom")
    await service.take_in([envelope(event(act))])
    upkeep = Upkeep(pool=service.pool, clock=service.clock, metrics=service.metrics, wake=service.wakes.append)
    for _ in range(5):
        await run_all(service)
        service.clock.advance(400)
        await upkeep.wake_due()
    assert await service.count("work_item", "state = 'dead' and attempts = 5") == 1
    row = await service.pool.fetchrow("select type, data from outbox")
    blocked = ActBlocked.parse(row["data"])
    assert (row["type"], blocked.act_id, blocked.code) == ("act.blocked.v1", act, ErrorCode.HANDLER_FAILED)


async def test_a_deadlock_is_no_bug_of_the_item(service: Service) -> None:
    act = uuid4()
    service.counting.trouble[act] = asyncpg.DeadlockDetectedError("deadlock detected")
    await service.take_in([envelope(event(act))])
    upkeep = Upkeep(pool=service.pool, clock=service.clock, metrics=service.metrics, wake=service.wakes.append)
    for _ in range(7):
        await run_all(service)
        service.clock.advance(400)
        await upkeep.wake_due()
    row = await service.pool.fetchrow("select state, last_code from work_item")
    assert tuple(row) == ("ready", "UPSTREAM_UNAVAILABLE")


@pytest.mark.parametrize("error", [asyncpg.QueryCanceledError("timeout"), asyncpg.DataError("bad value")])
async def test_a_statement_that_is_too_slow_or_wrong_is_a_bug(service: Service, error: Exception) -> None:
    act = uuid4()
    service.counting.trouble[act] = error
    await service.take_in([envelope(event(act))])
    await run_all(service)
    assert await service.count("work_item", "last_code = 'HANDLER_FAILED'") == 1


async def test_unreadable_data_is_dead_at_once_and_blocks_its_act(service: Service) -> None:
    good = envelope(event())
    broken = type(good)(**{f: getattr(good, f) for f in good.__slots__} | {"data": b'{"half":'})
    await service.take_in([broken])
    await run_all(service)
    assert await service.count("work_item", "state = 'dead' and last_code = 'ENVELOPE_UNREADABLE'") == 1
    assert await service.count("outbox", "type = 'act.blocked.v1'") == 1


async def test_a_dead_item_is_replayed_with_who_and_why(service: Service) -> None:
    act = uuid4()
    service.counting.trouble[act] = Fatal(ErrorCode.SEAL_UNREADABLE)
    await service.take_in([envelope(event(act))])
    await run_all(service)
    service.counting.trouble.clear()
    async with service.pool.acquire() as connection:
        dead = await find_dead(connection, code="SEAL_UNREADABLE")
        assert [d.key for d in dead] == [str(act)]
        done = await replay_dead(
            connection, service.outbox, dead, replay_id=uuid4(), who="op", why="clé remise", now=service.clock.now()
        )
    assert done == 1
    await run_all(service)
    assert await service.heard() == [(act, 1)]
    assert await service.count("outbox", "type = 'dead-items.replayed.v1'") == 1


async def test_too_many_dead_in_a_row_stop_the_handler(service: Service) -> None:
    acts = [uuid4() for _ in range(25)]
    service.counting.trouble.update({act: Fatal(ErrorCode.SEAL_UNREADABLE) for act in acts})
    await service.take_in([envelope(event(act, structure=UUID(int=n % 3))) for n, act in enumerate(acts)])
    one = runner(service)
    await one.run_once()
    assert one.limit.tripped


async def test_the_dead_items_of_one_structure_do_not_stop_the_others(service: Service) -> None:
    acts = [uuid4() for _ in range(25)]
    service.counting.trouble.update({act: Fatal(ErrorCode.SEAL_UNREADABLE) for act in acts})
    await service.take_in([envelope(event(act)) for act in acts])
    one = runner(service)
    await one.run_once()
    assert await service.count("work_item", "state = 'dead'") == 25
    assert not one.limit.tripped


async def test_lanes_are_served_in_turn(service: Service) -> None:
    big, small = UUID(int=1), UUID(int=2)
    await service.take_in([envelope(event(structure=big)) for _ in range(60)])
    await service.take_in([envelope(event(structure=small)) for _ in range(3)])
    await runner(service).run_once()
    rows = await service.pool.fetch("select lane, count(*) as n from outbox group by lane")
    assert {r["lane"]: r["n"] for r in rows} == {str(big): 25, str(small): 3}


async def test_live_work_goes_before_backlog(service: Service) -> None:
    await service.take_in([envelope(event(structure=UUID(int=n % 5)), flow="backlog") for n in range(120)])
    live = event(structure=UUID(int=3))
    await service.take_in([envelope(live)])
    handled = await runner(service).run_once()
    assert handled == 100
    assert live.act_id in dict(await service.heard())
    first = await service.pool.fetchval("select act_id from heard order by id limit 1")
    assert first == live.act_id


async def test_a_paused_lane_is_left_alone_at_once(service: Service) -> None:
    paused, open_ = UUID(int=1), UUID(int=2)
    await service.take_in([envelope(event(structure=paused)), envelope(event(structure=open_))])
    async with service.pool.acquire() as connection:
        await lanes.pause(connection, str(paused), "CERTIFICATE_EXPIRED", "rule", START)
    await run_all(service)
    assert await service.count("work_item") == 1
    async with service.pool.acquire() as connection:
        assert [p.reason for p in await lanes.paused(connection)] == ["CERTIFICATE_EXPIRED"]
        await lanes.resume(connection, str(paused))
    await run_all(service)
    assert len(await service.heard()) == 2


async def test_a_late_lower_version_is_dropped_and_a_waiting_one_superseded(service: Service) -> None:
    act = uuid4()
    await service.take_in([envelope(event(act, version=1))])
    await service.take_in([envelope(event(act, version=2))])  # version 1 had not been handled
    await run_all(service)
    await service.take_in([envelope(event(act, version=1))])  # late
    await run_all(service)
    assert await service.heard() == [(act, 1)]
    assert await service.count("outbox", "act_version = 2") == 1
    assert await service.count("outbox") == 1


async def test_a_dead_item_holds_back_its_act_only(service: Service) -> None:
    act, other = uuid4(), uuid4()
    service.counting.trouble[act] = Fatal(ErrorCode.SEAL_UNREADABLE)
    await service.take_in([envelope(event(act)), envelope(event(act)), envelope(event(other))])
    await run_all(service)
    assert await service.heard() == [(other, 1)]
    assert await service.count("work_item", "state = 'ready'") == 1


async def test_seen_events_outlive_the_topics(service: Service) -> None:
    first = envelope(event())
    await service.take_in([first])
    await run_all(service)
    for days in (8, 13):
        await service.pool.execute("select maintain_seen_event($1, 14)", (START + timedelta(days=days)).date())
        assert await service.count("seen_event") == 1
        await service.take_in([first])
    assert await service.count("work_item") == 0
    await service.pool.execute("select maintain_seen_event($1, 14)", (START + timedelta(days=16)).date())
    assert await service.count("seen_event") == 0


@pytest.mark.parametrize("replicas", [3])
async def test_replicas_share_the_work_without_doubling(service: Service, replicas: int) -> None:
    import asyncio

    acts = [uuid4() for _ in range(40)]
    await service.take_in([envelope(event(act), sequence=n) for n in (1, 2, 3) for act in acts])

    async def drain(one: LocalRunner) -> None:
        idle = 0
        while idle < 3:
            idle = 0 if await one.run_once() else idle + 1

    await asyncio.gather(*(drain(runner(service)) for _ in range(replicas)))
    heard = await service.heard()
    assert len(heard) == 120
    assert sorted(n for a, n in heard if a == acts[0]) == [1, 2, 3]

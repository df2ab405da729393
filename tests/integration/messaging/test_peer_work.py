"""Design rules 6 and 8 for handlers that call another system: leases are fenced, nothing is called in a transaction."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from hub_contracts.errors import ErrorCode
from hub_contracts.events.publication import PublicationPostponed
from hub_kit.messaging.model import Effects, Emit, Peer, RetryAt, Route, Transient, Work
from hub_kit.messaging.peer import PeerRunner
from hub_kit.messaging.upkeep import Upkeep
from hub_kit.telemetry import metric_defs as defs

from .conftest import Service, envelope, event


@dataclass
class Calling:
    """A handler whose calls wait for the test; it notes who was called and whether a transaction was open."""

    service: Service
    called: list[UUID] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    trouble: Exception | None = None
    open_transactions: list[int] = field(default_factory=list)
    retry: RetryAt | None = None

    async def load(self, _connection: Any, works: Sequence[Work[PublicationPostponed]]) -> dict[UUID, str]:
        return {w.id: "state" for w in works}

    async def call(self, work: Work[PublicationPostponed], state: str) -> str:
        self.called.append(work.event.act_id)
        self.open_transactions.append(
            await self.service.pool.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in tr%'"
            )
        )
        await self.gate.wait()
        if self.trouble:
            raise self.trouble
        return f"answer to {state}"

    def decide(self, work: Work[PublicationPostponed], _state: str, outcome: str, _now: Any) -> Effects[Any]:
        assert outcome == "answer to state"
        return Effects(emit=(Emit(work.event),), rows=((work.id, work.event.act_id, 1),), retry=self.retry)

    async def apply(self, connection: Any, effects: Sequence[Effects[Any]]) -> None:
        await connection.executemany(
            "insert into heard (event_id, act_id, number) values ($1, $2, $3) on conflict do nothing",
            [r for e in effects for r in e.rows],
        )

    def peer(self, concurrency: int = 4) -> Peer[Any, Any, Any, Any]:
        return Peer("call", self.load, self.call, self.decide, self.apply, call_seconds=5, concurrency=concurrency)


async def given(service: Service, acts: int = 1, concurrency: int = 4) -> tuple[Calling, PeerRunner]:
    calling = Calling(service)
    peer = dataclasses.replace(calling.peer(concurrency), per_lane=concurrency)
    await service.take_in(
        [envelope(event()) for _ in range(acts)], [Route("hub.publication", PublicationPostponed, peer)]
    )
    return calling, PeerRunner(service.bench, peer, [PublicationPostponed])


def upkeep(service: Service) -> Upkeep:
    return Upkeep(pool=service.pool, clock=service.clock, metrics=service.metrics, wake=service.wakes.append)


async def test_a_call_is_made_outside_any_transaction_and_its_effect_is_kept(service: Service) -> None:
    calling, runner = await given(service)
    calling.gate.set()
    assert await runner.run_once() == 1
    await runner.drain()
    assert calling.open_transactions == [0]
    assert len(await service.heard()) == 1
    assert (await service.count("outbox"), await service.count("work_item")) == (1, 0)


async def test_no_more_calls_than_allowed_run_at_once(service: Service) -> None:
    calling, runner = await given(service, acts=7, concurrency=3)
    assert await runner.run_once() == 3
    calling.gate.set()
    await runner.drain()
    while await runner.run_once():
        await runner.drain()
    assert len(calling.called) == 7


async def test_a_leased_item_is_not_claimed_again_before_its_lease_ends(service: Service) -> None:
    _, first = await given(service)
    assert await first.run_once() == 1
    second = PeerRunner(service.bench, Calling(service).peer(), [PublicationPostponed])
    service.clock.advance(34)
    await upkeep(service).wake_due()
    assert await second.run_once() == 0


async def test_a_result_that_comes_after_the_lease_ended_is_dropped(service: Service) -> None:
    slow, first = await given(service)
    await first.run_once()
    service.clock.advance(36)  # call_seconds 5 + 30
    await upkeep(service).wake_due()
    quick = Calling(service)
    quick.gate.set()
    second = PeerRunner(service.bench, quick.peer(), [PublicationPostponed])
    assert await second.run_once() == 1
    await second.drain()
    slow.gate.set()
    await first.drain()
    assert await service.count("outbox") == 1
    assert len(await service.heard()) == 1


async def test_a_stale_lease_taken_over_by_nobody_yet_drops_the_late_result_too(service: Service) -> None:
    slow, first = await given(service)
    await first.run_once()
    service.clock.advance(36)
    await upkeep(service).wake_due()
    slow.gate.set()
    await first.drain()
    assert await service.count("outbox") == 0
    assert await service.count("work_item", "state = 'ready' and attempts = 1") == 1


async def test_a_failed_call_is_retried_with_a_growing_delay(service: Service) -> None:
    calling, runner = await given(service)
    calling.gate.set()
    calling.trouble = Transient(ErrorCode.DMP_UNREACHABLE)
    await runner.run_once()
    await runner.drain()
    row = await service.pool.fetchrow("select state, attempts, not_before, flow, lease_id from work_item")
    assert (row["state"], row["attempts"], row["flow"], row["lease_id"]) == ("waiting", 1, 1, None)
    assert timedelta(seconds=0.8) <= row["not_before"] - service.clock.now() <= timedelta(seconds=1.2)


async def test_a_handler_may_ask_for_another_try_and_say_so_to_the_world(service: Service) -> None:
    calling, runner = await given(service)
    calling.gate.set()
    when = service.clock.now() + timedelta(minutes=2)
    calling.retry = RetryAt(when, ErrorCode.DMP_OUTCOME_UNKNOWN)
    await runner.run_once()
    await runner.drain()
    row = await service.pool.fetchrow("select state, not_before, last_code from work_item")
    assert (row["state"], row["not_before"], row["last_code"]) == ("waiting", when, "DMP_OUTCOME_UNKNOWN")
    assert await service.count("outbox") == 1


async def test_effects_that_cannot_be_written_are_a_failed_try(service: Service) -> None:
    calling, runner = await given(service)
    calling.gate.set()
    await service.pool.execute("alter table heard add constraint never check (number > 5)")
    await runner.run_once()
    await runner.drain()
    assert await service.count("work_item", "state = 'waiting' and last_code = 'HANDLER_FAILED'") == 1
    assert await service.count("outbox") == 0


async def test_items_of_one_act_are_never_called_at_the_same_time(service: Service) -> None:
    calling, runner = await given(service, acts=0)
    act = uuid4()
    routes = [Route("hub.publication", PublicationPostponed, calling.peer())]
    await service.take_in([envelope(event(act), sequence=n) for n in (1, 2)], routes)
    assert await runner.run_once() == 1
    assert await runner.run_once() == 0
    calling.gate.set()
    await runner.drain()
    assert await runner.run_once() == 1
    await runner.drain()


async def test_one_item_that_cannot_be_loaded_keeps_nobody_else_from_being_called(service: Service) -> None:
    calling, runner = await given(service, acts=0)
    calling.gate.set()
    bad = uuid4()
    plain = calling.load

    async def load(connection: Any, works: Sequence[Work[PublicationPostponed]]) -> dict[UUID, str]:
        if any(w.event.act_id == bad for w in works):
            await connection.execute("select 1 / 0")
        return await plain(connection, works)

    peer = dataclasses.replace(calling.peer(), load=load)
    routes = [Route("hub.publication", PublicationPostponed, peer)]
    await service.take_in([envelope(event(act)) for act in (uuid4(), bad, uuid4())], routes)
    runner = PeerRunner(service.bench, peer, [PublicationPostponed])
    assert await runner.run_once() == 2
    await runner.drain()
    assert len(calling.called) == 2
    assert bad not in calling.called
    row = await service.pool.fetchrow("select key, state, attempts, last_code, lease_id from work_item")
    assert tuple(row) == (str(bad), "waiting", 1, "HANDLER_FAILED", None)


async def transactions(service: Service) -> int:
    """How many commits the outbox's rows came in: rows of one transaction share their xmin."""
    return int(await service.pool.fetchval("select count(distinct xmin::text) from outbox"))


async def test_calls_that_end_together_are_written_together(service: Service) -> None:
    calling, runner = await given(service, acts=8, concurrency=8)
    assert await runner.run_once() == 8
    while len(calling.open_transactions) < 8:
        await asyncio.sleep(0.01)
    calling.gate.set()
    await runner.drain()
    assert await service.count("outbox") == 8
    assert await transactions(service) == 2  # the first to end, then all that gathered behind it


async def test_one_effect_that_cannot_be_written_keeps_no_other_back(service: Service) -> None:
    calling, runner = await given(service, acts=6, concurrency=6)
    assert await runner.run_once() == 6
    while len(calling.open_transactions) < 6:
        await asyncio.sleep(0.01)
    bad = calling.called[3]
    await service.pool.execute(f"alter table heard add constraint not_this check (act_id <> '{bad}')")
    calling.gate.set()
    await runner.drain()
    assert len(await service.heard()) == 5
    assert await service.count("outbox") == 5
    row = await service.pool.fetchrow("select key, state, last_code from work_item")
    assert tuple(row) == (str(bad), "waiting", "HANDLER_FAILED")
    told = [service.metrics.value(defs.WORK_DONE, "call", outcome) for outcome in ("done", "retried")]
    assert told == [5, 1]  # once each, although the group was written twice


async def test_one_lease_that_was_lost_keeps_no_other_back(service: Service) -> None:
    calling, runner = await given(service, acts=5, concurrency=5)
    assert await runner.run_once() == 5
    while len(calling.open_transactions) < 5:
        await asyncio.sleep(0.01)
    lost = calling.called[2]
    await service.pool.execute("update work_item set lease_id = $2 where key = $1", str(lost), uuid4())
    calling.gate.set()
    await runner.drain()
    assert {act for act, _ in await service.heard()} == set(calling.called) - {lost}
    assert await service.count("outbox") == 4
    assert await service.pool.fetchval("select key from work_item") == str(lost)

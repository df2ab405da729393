"""Design rules 5 and 14: what a request or a batch of news asks of the database, and the second wall on every table."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gateway_world import World, act
from statement_log import StatementLog

from hub_contracts.events import Event
from hub_kit.messaging.broker import Record
from hub_kit.messaging.consumer import Taken, WorkInbox
from hub_kit.messaging.local import LocalRunner

from .test_follow_up import identified

# tables with a structure that no HTTP request of an LGO reads for its content: an account's own rights
WITHOUT_WALL = {"membership"}


async def submitted(world: World, log: StatementLog, prefix: str, acts: int) -> Counter[str]:
    documents = [act(f"{prefix}-{n}") for n in range(acts)]
    log.take()
    answer = await world.post({"acts": documents})
    assert answer.status_code in (200, 202, 207), answer.text
    return log.take()


async def test_a_request_costs_the_same_whatever_the_number_of_its_acts(world: World, statements: StatementLog) -> None:
    await submitted(world, statements, "warm", 1)
    one = await submitted(world, statements, "one", 1)
    assert len(one) >= 3
    assert await submitted(world, statements, "many", 60) == one


async def followed(world: World, log: StatementLog, *events: Event) -> Counter[str]:
    follow: Any = next(r.handler for r in world.routes if r.handler.name == "follow-up")
    envelopes = [world.envelope(e) for e in events]
    taken = [Taken(e, Record("hub.identity", 0, 0, e.key.encode(), e.headers(), e.data)) for e in envelopes]
    async with world.resources.pool.acquire() as connection, connection.transaction():
        await WorkInbox(world.routes, lambda _: None)(connection, taken, world.clock.now())
    runner = LocalRunner(world.bench, follow, [r.model for r in world.routes if r.handler.name == "follow-up"])
    log.take()
    assert await runner.run_once() == len(events)
    return log.take()


async def test_news_cost_the_same_whatever_their_number(world: World, statements: StatementLog) -> None:
    acts = [await world.accept(f"N-{n}") for n in range(41)]
    one = await followed(world, statements, identified(acts[0]))
    assert await followed(world, statements, *[identified(act_id) for act_id in acts[1:]]) == one
    assert max(one.values()) <= 2


async def test_every_table_of_requests_has_the_second_wall(world: World) -> None:
    rows = await world.admin.fetch(
        "select c.relname, c.relrowsecurity from pg_class c join pg_attribute a on a.attrelid = c.oid "
        "where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and a.attname = 'structure_id'"
    )
    assert {r["relname"] for r in rows if not r["relrowsecurity"]} == WITHOUT_WALL
    assert {r["relname"] for r in rows} >= {"act", "act_history", "declaration"}

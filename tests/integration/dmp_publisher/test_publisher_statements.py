"""Design rules 5 and 6: one claim's statements don't grow with its documents, and no call is made in a transaction."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from publisher_world import World
from statement_log import StatementLog


async def claimed(world: World, log: StatementLog, documents: int) -> Counter[str]:
    await world.deliver("hub.document", *[await world.note() for _ in range(documents)])
    runner: Any = world.runners["publish"]
    log.take()
    leased = await runner._claim(runner._handler.concurrency)
    assert len(leased) == documents
    return log.take()


async def test_a_claim_costs_the_same_whatever_its_documents(world: World, statements: StatementLog) -> None:
    await claimed(world, statements, 1)
    one = await claimed(world, statements, 1)
    many = await claimed(world, statements, 3)
    assert many == one
    assert len(many) >= 4


async def test_the_dmp_is_called_outside_any_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    open_: list[int] = []
    transport = type(world.connections.transport)
    plain = transport.post

    async def post(self: Any, *args: Any, **more: Any) -> Any:
        open_.append(
            await world.pool.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in tr%'"
            )
        )
        return await plain(self, *args, **more)

    monkeypatch.setattr(transport, "post", post)
    event = await world.built()
    await world.turn()
    assert await world.status(event.act_id) == "confirmed"
    assert open_ == [0] * len(open_)
    assert len(open_) >= 2  # TD0.2 and TD2.1

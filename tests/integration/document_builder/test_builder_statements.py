"""Design rule 5: document-builder asks the database as often for many documents as for one."""

from __future__ import annotations

from collections import Counter

from statement_log import StatementLog

from hub_contracts.events import Event
from hub_contracts.events.publication import PublicationConfirmed
from hub_kit.messaging.broker import Record
from hub_kit.messaging.consumer import Taken, WorkInbox
from hub_kit.messaging.worker import build_runners

from .conftest import BuilderService
from .test_document_flow import confirmed


async def cost(builder: BuilderService, log: StatementLog, handler: str, stream: str, *events: Event) -> Counter[str]:
    inbox = WorkInbox(builder.routes, lambda _: None)
    taken = [
        Taken(e, Record(stream, 0, i, e.key.encode(), e.headers(), e.data))
        for i, e in enumerate(map(builder.arrival, events))
    ]
    async with builder.pool.acquire() as connection, connection.transaction():
        await inbox(connection, taken, builder.clock.now())
    [runner] = [r for r in build_runners(builder.bench, builder.routes) if r.name == handler]
    log.take()
    assert await runner.run_once() == len(events)
    return log.take()


async def test_a_batch_costs_the_same_whatever_its_size(builder: BuilderService, statements: StatementLog) -> None:
    await builder.learn_directory()
    await builder.handle("hub.alimentation", await builder.authorised())  # the directory is in memory
    few, many = [await builder.authorised()], [await builder.authorised() for _ in range(20)]
    built = [await cost(builder, statements, "document", "hub.alimentation", *acts) for acts in (few, many)]
    # live work, then backlog, unless the claim is full
    assert built[0] == built[1]
    assert max(built[1].values()) <= 2
    ends: list[list[PublicationConfirmed]] = [[confirmed(a) for a in acts] for acts in (few, many)]
    ended = [await cost(builder, statements, "ending", "hub.publication", *events) for events in ends]
    assert ended[0] == ended[1]
    assert len(ended[1]) >= 3

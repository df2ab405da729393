"""Design rule 5: document-builder claims many documents at the cost of one; each is kept by itself."""

from __future__ import annotations

from collections import Counter

from statement_log import StatementLog

from hub_contracts.events import Event
from hub_contracts.events.publication import PublicationConfirmed
from hub_kit.messaging.broker import Record
from hub_kit.messaging.consumer import Taken, WorkInbox
from hub_kit.messaging.peer import PeerRunner
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
    if isinstance(runner, PeerRunner):
        await runner.drain()
    return log.take()


async def test_a_batch_costs_the_same_whatever_its_size(builder: BuilderService, statements: StatementLog) -> None:
    await builder.learn_directory()
    await builder.handle("hub.alimentation", await builder.authorised())  # the directory is in memory
    few, many = [await builder.authorised()], [await builder.authorised() for _ in range(4)]
    one, four = [await cost(builder, statements, "document", "hub.alimentation", *acts) for acts in (few, many)]
    per_document = {name: (four[name] - one[name]) / 3 for name in four if four[name] != one[name]}
    # what is claimed and loaded is asked once; what is kept and told is written once for all that ended meanwhile
    assert max(per_document.values(), default=0.0) <= 1.0
    assert len(per_document) <= 8
    few, many = [await builder.authorised()], [await builder.authorised() for _ in range(20)]
    await builder.handle("hub.alimentation", *few, *many)
    ends: list[list[PublicationConfirmed]] = [[confirmed(a) for a in acts] for acts in (few, many)]
    ended = [await cost(builder, statements, "ending", "hub.publication", *events) for events in ends]
    assert ended[0] == ended[1]
    assert len(ended[1]) >= 3

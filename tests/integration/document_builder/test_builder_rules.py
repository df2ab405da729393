"""Design rules 11 and 12 at document-builder: bytes read as often as needed, never rebuilt, gone with their key."""

from __future__ import annotations

from datetime import timedelta

from .conftest import BuilderService
from .test_document_flow import ALIMENTATION, PUBLICATION, confirmed, get


async def test_every_read_before_the_purge_gives_the_same_bytes(builder: BuilderService) -> None:
    await builder.learn_directory()
    event = await builder.authorised()
    await builder.handle(ALIMENTATION, event)
    (told,) = await builder.emitted()
    path = f"/internal/documents/{told.content.id}"
    first = await get(builder, path)
    await builder.handle(PUBLICATION, confirmed(event))
    builder.clock.advance(timedelta(days=6).total_seconds())
    await builder.purge.turn()
    again = [await get(builder, path) for _ in range(3)]
    assert [(a.status_code, a.content) for a in again] == [(200, first.content)] * 3
    builder.clock.advance(timedelta(days=2).total_seconds())
    await builder.purge.turn()
    assert [(await get(builder, path)).status_code for _ in range(2)] == [410, 410]


async def test_after_the_purge_an_authorisation_rebuilds_nothing(builder: BuilderService) -> None:
    await builder.learn_directory()
    event = await builder.authorised()
    await builder.handle(ALIMENTATION, event)
    await builder.handle(PUBLICATION, confirmed(event))
    builder.clock.advance(timedelta(days=8).total_seconds())
    assert await builder.purge.turn() == 1
    await builder.emitted()
    again = await builder.authorised(act_id=event.act_id, expires_at=builder.clock.now() + timedelta(days=1))
    await builder.handle(ALIMENTATION, again)
    assert await builder.emitted() == []
    assert await builder.count("blob", "ciphertext is not null") == 0
    assert await builder.count("content_key") == 0

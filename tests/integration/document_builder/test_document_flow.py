"""Documents built, kept, read over HTTP and purged, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from document_people import NOW, PHARMACY, act, vaccination

from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActRefused
from hub_contracts.events.alimentation import AlimentationAuthorised
from hub_contracts.events.publication import PublicationConfirmed
from hub_contracts.sealed import SealedEntry
from hub_contracts.states import Stage
from hub_document_builder import api
from hub_kit.messaging.upkeep import Upkeep
from hub_kit.security.sealed import seal_place
from hub_kit.telemetry.health import Health
from hub_kit.telemetry.metrics import Metrics
from hub_kit.web import create_internal_app

from .conftest import BuilderService

ALIMENTATION, PUBLICATION = "hub.alimentation", "hub.publication"


def confirmed(of: AlimentationAuthorised) -> PublicationConfirmed:
    return PublicationConfirmed(
        act_id=of.act_id,
        version=of.version,
        structure_id=of.structure_id,
        patient_id=of.patient_id,
        document_unique_id="2.25.1",
        submission_set_unique_id="2.25.2",
        confirmed_at=NOW,
    )


def act_refused(of: AlimentationAuthorised, stage: Stage = Stage.PUBLICATION) -> ActRefused:
    return ActRefused(
        act_id=of.act_id, version=of.version, structure_id=of.structure_id, stage=stage, code=ErrorCode.DMP_ABSENT
    )


class _AsPeer:
    """What the internal server does: says whose certificate it was."""

    def __init__(self, app: Any, peer: str | None) -> None:
        self._app, self._peer = app, peer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {})["peer"] = self._peer
        await self._app(scope, receive, send)


async def get(builder: BuilderService, path: str, peer: str | None = "dmp-publisher") -> httpx.Response:
    metrics = Metrics(process=False)
    app = create_internal_app(
        "document-builder",
        clock=builder.clock,
        metrics=metrics,
        health=Health(builder.clock, metrics),
        max_body_bytes=1024,
    )
    app.include_router(api.router(builder.pool, builder.store, builder.rules, builder.previews))
    transport = httpx.ASGITransport(_AsPeer(app, peer))
    async with httpx.AsyncClient(transport=transport, base_url="http://builder") as client:
        return await client.get(path)


async def test_a_document_is_built_kept_and_given_to_the_publisher(builder: BuilderService) -> None:
    await builder.learn_directory()
    await builder.handle(ALIMENTATION, await builder.authorised())
    (event,) = await builder.emitted()
    entry = await builder.sealer.open_(event.sealed_entry, SealedEntry, seal_place("sealed_entry", event.key))
    assert entry.identity.matricule == "279035121518989"
    answer = await get(builder, f"/internal/documents/{event.content.id}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/xml"
    assert answer.headers["x-content-sha256"] == event.content.sha256
    assert hashlib.sha256(answer.content).hexdigest() == event.content.sha256
    assert b"PAT-TROIS" in answer.content


@pytest.mark.parametrize("peer", [None, "gateway", "audit"])
async def test_nobody_but_the_publisher_gets_bytes(builder: BuilderService, peer: str | None) -> None:
    answer = await get(builder, f"/internal/documents/{uuid4()}", peer)
    assert (answer.status_code, answer.json()["code"]) == (403, "PEER_NOT_ALLOWED")


async def test_the_status_says_whether_official_rules_are_installed(builder: BuilderService) -> None:
    answer = await get(builder, "/internal/status", "admin")
    assert answer.json()["rules"]["installed"] is False
    assert answer.json()["documents"] == 0


async def test_no_trait_is_in_clear_in_any_table(builder: BuilderService) -> None:
    await builder.learn_directory()
    await builder.handle(ALIMENTATION, await builder.authorised(act(vaccination(comment="COMMENT-MARK"))))
    dump = ""
    for table in ("document", "blob", "content_key", "outbox"):
        for line in await builder.pool.fetch(f"select * from {table}"):
            dump += " ".join(v.decode("latin-1") if isinstance(v, bytes) else str(v) for v in line.values())
    marks = ["PAT-TROIS", "DOMINIQUE", "279035121518989", "1979", "COMMENT-MARK", "VAXIGRIP"]
    assert [mark for mark in marks if mark in dump] == []


async def test_the_same_act_authorised_again_gives_the_same_document(builder: BuilderService) -> None:
    await builder.learn_directory()
    first = await builder.authorised()
    await builder.handle(ALIMENTATION, first)
    builder.clock.advance(3600)
    again = first.model_copy(update={"valid_until": first.valid_until + timedelta(hours=1)})
    await builder.handle(ALIMENTATION, again)
    one, two = await builder.emitted()
    assert one.content == two.content
    assert (one.document_unique_id, one.rules_checked) == (two.document_unique_id, two.rules_checked)
    assert two.valid_until == again.valid_until
    assert await builder.count("blob") == 1


async def test_an_invalid_act_is_refused_and_leaves_nothing(builder: BuilderService) -> None:
    await builder.learn_directory()
    bad = await builder.authorised(act(vaccination(vaccine={"lot_number": "***"})))
    await builder.handle(ALIMENTATION, bad, await builder.authorised())
    events = await builder.emitted()
    refusal = next(e for e in events if isinstance(e, ActRefused))
    assert [p.pointer for p in refusal.problems] == ["/content/vaccine/lot_number"]
    assert await builder.count("document") == 1
    assert len(events) == 2


async def test_a_late_directory_only_delays_the_document(builder: BuilderService) -> None:
    await builder.handle(ALIMENTATION, await builder.authorised())
    assert await builder.emitted() == []
    await builder.learn_directory()
    builder.clock.advance(31)
    await Upkeep(pool=builder.pool, clock=builder.clock, metrics=Metrics(process=False), wake=lambda _: None).wake_due()
    await builder.handle(ALIMENTATION)
    assert len(await builder.emitted()) == 1


@pytest.mark.parametrize("how", ["confirmed", "refused_by_dmp", "refused_on_renewal"])
async def test_bytes_go_seven_days_after_the_end_and_proofs_stay(builder: BuilderService, how: str) -> None:
    await builder.learn_directory()
    event = await builder.authorised()
    await builder.handle(ALIMENTATION, event)
    (told,) = await builder.emitted()
    if how == "confirmed":
        await builder.handle(PUBLICATION, confirmed(event))
    elif how == "refused_by_dmp":
        await builder.handle(PUBLICATION, act_refused(event))
    else:
        await builder.handle(ALIMENTATION, act_refused(event, Stage.CONSENT))
    builder.clock.advance(timedelta(days=6).total_seconds())
    assert await builder.purge.turn() == 0
    builder.clock.advance(timedelta(days=1, seconds=1).total_seconds())
    assert await builder.purge.turn() == 1
    answer = await get(builder, f"/internal/documents/{told.content.id}")
    assert (answer.status_code, answer.json()["code"]) == (410, "DOCUMENT_GONE")
    assert await builder.count("content_key") == 0
    row = await builder.pool.fetchrow("select unique_id, entry, entry_key from document")
    assert tuple(row) == (told.document_unique_id, None, None)
    assert (await builder.pool.fetchrow("select sha256 from blob"))["sha256"].hex() == told.content.sha256


async def test_a_document_whose_act_is_open_is_never_purged(builder: BuilderService) -> None:
    await builder.learn_directory()
    await builder.handle(ALIMENTATION, await builder.authorised())
    builder.clock.advance(timedelta(days=60).total_seconds())
    assert await builder.purge.turn() == 0


async def test_the_end_of_an_act_without_document_is_nothing(builder: BuilderService) -> None:
    await builder.handle(ALIMENTATION, act_refused(await builder.authorised(), Stage.CONSENT))
    assert await builder.count("work_item") == 0
    assert await builder.emitted() == []


async def test_the_end_of_a_version_ends_those_before_it(builder: BuilderService) -> None:
    await builder.learn_directory()
    act_id = UUID(int=99)
    await builder.handle(ALIMENTATION, await builder.authorised(act_id=act_id))
    second = await builder.authorised(act_id=act_id, version=2)
    await builder.handle(ALIMENTATION, second)
    await builder.handle(PUBLICATION, confirmed(second))
    assert await builder.count("document", "final_at is not null") == 2
    assert await builder.count("document", f"structure_id = '{PHARMACY}'") == 2


async def test_the_purge_stops_when_told(builder: BuilderService) -> None:
    task = asyncio.create_task(builder.purge.run())
    await asyncio.sleep(0)
    builder.purge.stop()
    async with asyncio.timeout(5):
        await task

"""What is heard of the road becomes state, history and feed; late news is only recorded."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from gateway_world import CABINET_ID, NURSE, PHARMACIST, PHARMACY, START, World, act, patient

from hub_contracts.envelope import Envelope
from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActBlocked, ActEvent, ActRefused, Problem
from hub_contracts.events.consent import OppositionRecorded
from hub_contracts.events.identity import (
    ActAwaitingIdentity,
    ActIdentified,
    PatientDeclarationRefused,
    PatientIdentityQualified,
)
from hub_contracts.events.publication import PublicationConfirmed, PublicationPostponed, PublicationTransmitted
from hub_contracts.states import Stage

LATER = START + timedelta(hours=1)


def common(act_id: UUID) -> dict[str, Any]:
    return {"act_id": act_id, "version": 1, "structure_id": PHARMACY}


def awaiting(act_id: UUID) -> ActAwaitingIdentity:
    wrong = Problem(code="INS_NOT_QUALIFIED", pointer="/patient/ins_status", text="À qualifier.")
    return ActAwaitingIdentity(
        **common(act_id), code=ErrorCode.INS_NOT_QUALIFIED, problems=(wrong,), expires_at=LATER
    )  # fmt: skip


def identified(act_id: UUID) -> ActIdentified:
    return ActIdentified(
        **common(act_id), patient_id=UUID(int=9), act_type="vaccination", author_id=PHARMACIST, occurred_at=START,
        expires_at=LATER, sealed_act="-", sealed_identity="-",
    )  # fmt: skip


def published(kind: type[Any], act_id: UUID, **more: Any) -> Any:
    return kind(**common(act_id), patient_id=UUID(int=9), document_unique_id="2.25.1", **more)


def postponed(act_id: UUID) -> PublicationPostponed:
    return published(PublicationPostponed, act_id, code=ErrorCode.DMP_UNREACHABLE, next_try_at=LATER)


def confirmed(act_id: UUID) -> PublicationConfirmed:
    return published(PublicationConfirmed, act_id, submission_set_unique_id="2.25.2", confirmed_at=START)


async def state(world: World, act_id: UUID) -> dict[str, Any]:
    answer = await world.get(f"/v1/acts/{act_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_whole_road_of_an_act_is_told_step_by_step(world: World) -> None:
    act_id = await world.accept()
    transmitted = published(PublicationTransmitted, act_id, code=ErrorCode.DMP_TIMEOUT, ask_at=LATER)
    for event in (awaiting(act_id), identified(act_id), postponed(act_id), transmitted, confirmed(act_id)):
        await world.hear(event)
    view = await state(world, act_id)
    assert (view["state"], view["final"], view["structure"]) == ("confirmee", True, "1330000001")
    history = view["history"]
    assert [h["state"] for h in history] == [
        "recue", "en_attente_identite", "en_file", "en_file", "transmise", "confirmee"
    ]  # fmt: skip
    wait, later = history[1], history[3]
    assert (wait["code"], wait["fixer"], wait["retried"]) == ("INS_NOT_QUALIFIED", "user", False)
    assert wait["problems"][0]["pointer"] == "/patient/ins_status"
    assert (later["code"], later["fixer"], later["retried"]) == ("DMP_UNREACHABLE", "dmp", True)
    assert later["next_at"] == "2026-11-24T11:00:00Z"
    feed = (await world.get("/v1/acts/events")).json()
    assert [(e["seq"], e["state"]) for e in feed["events"]] == [
        (1, "recue"), (2, "en_attente_identite"), (3, "en_file"), (4, "en_file"), (5, "transmise"), (6, "confirmee")
    ]  # fmt: skip
    assert feed["next"] == 6


async def test_news_delivered_twice_and_in_any_order_ends_the_same(world: World) -> None:
    rng = random.Random(5)
    ids = [await world.accept(f"S-{n}") for n in range(8)]
    envelopes: list[Envelope] = []
    for act_id in ids:
        told = [awaiting(act_id), identified(act_id), postponed(act_id), postponed(act_id), confirmed(act_id)]
        envelopes += [world.envelope(event) for event in told]
    delivered = envelopes * 3
    rng.shuffle(delivered)
    for start in range(0, len(delivered), 10):
        await world.hear(*delivered[start : start + 10])
    for act_id in ids:
        view = await state(world, act_id)
        assert view["state"] == "confirmee"
        assert len(view["history"]) == 6
    rows = await world.admin.fetch("select feed_seq from act_history where feed_seq is not null order by feed_seq")
    assert [r["feed_seq"] for r in rows] == list(range(1, len(rows) + 1))


async def test_late_news_is_recorded_and_changes_nothing(world: World) -> None:
    act_id = await world.accept()
    late = world.envelope(awaiting(act_id), sequence=1)
    await world.hear(world.envelope(identified(act_id), sequence=2), confirmed(act_id))
    await world.hear(late)
    view = await state(world, act_id)
    assert view["state"] == "confirmee"
    assert [(h["state"], h["applied"]) for h in view["history"]][-1] == ("en_attente_identite", False)
    assert (await world.get("/v1/acts/events")).json()["events"][-1]["state"] == "confirmee"


@pytest.mark.parametrize(
    ("code", "excluded", "expected"),
    [
        (ErrorCode.DOCUMENT_INVALID, False, "refusee"),
        (ErrorCode.PATIENT_OPPOSED, True, "exclue"),
        (ErrorCode.SEND_DEADLINE_PASSED, False, "expiree"),
        (ErrorCode.IDENTITY_WAIT_EXPIRED, False, "expiree"),
    ],
)
async def test_each_end_has_its_state(world: World, code: ErrorCode, excluded: bool, expected: str) -> None:
    act_id = await world.accept()
    await world.hear(ActRefused(**common(act_id), stage=Stage.DOCUMENT, code=code, excluded=excluded))
    view = await state(world, act_id)
    assert (view["state"], view["code"], view["final"]) == (expected, code.value, True)
    assert view["text"] == code.text


async def test_a_blocked_act_moves_on_when_its_item_is_replayed(world: World) -> None:
    act_id = await world.accept()
    stage = {"stage": Stage.PUBLICATION, "code": ErrorCode.HANDLER_FAILED}
    await world.hear(world.envelope(ActBlocked(**common(act_id), **stage), sequence=1))
    view = await state(world, act_id)
    assert (view["state"], view["history"][-1]["fixer"], view["final"]) == ("bloquee", "operator", False)
    await world.hear(world.envelope(postponed(act_id), sequence=2))
    assert (await state(world, act_id))["state"] == "en_file"


async def test_a_dead_item_of_an_earlier_service_blocks_the_act_where_it_stands(world: World) -> None:
    act_id = await world.accept()
    blocked = ActBlocked(**common(act_id), stage=Stage.CONSENT, code=ErrorCode.HANDLER_FAILED)
    stale, fresh = START - timedelta(seconds=9), START + timedelta(seconds=9)
    await world.hear(postponed(act_id))
    await world.hear(world.envelope(blocked, sequence=1, at=stale))
    assert (await state(world, act_id))["state"] == "en_file"
    await world.hear(world.envelope(blocked, sequence=2, at=fresh))
    assert (await state(world, act_id))["state"] == "bloquee"
    await world.hear(confirmed(act_id))
    await world.hear(world.envelope(blocked, sequence=3, at=fresh))
    assert (await state(world, act_id))["state"] == "confirmee"


async def test_news_of_an_act_the_hub_never_had_becomes_a_dead_item(world: World) -> None:
    await world.hear(confirmed(uuid4()))
    row = await world.admin.fetchrow("select state, last_code from work_item")
    assert tuple(row) == ("dead", "ACT_NOT_FOUND")
    assert len(await world.outbox("act.blocked.v1")) == 1
    assert await world.stuck.look(world.clock.now()) == 0


async def test_news_that_dies_here_blocks_its_act_until_it_is_replayed(world: World) -> None:
    act_id = await world.accept()
    unreadable = world.envelope(identified(act_id))
    world.clock.advance(1)
    await world.hear(dataclasses.replace(unreadable, data=b"{}"))
    await world.hear(postponed(act_id))  # waits behind the dead one
    assert (await state(world, act_id))["state"] == "recue"
    assert [await world.stuck.look(world.clock.now()) for _ in range(2)] == [1, 0]
    view = await state(world, act_id)
    assert (view["state"], view["code"]) == ("bloquee", "ENVELOPE_UNREADABLE")
    feed = (await world.get("/v1/acts/events")).json()["events"]
    assert [(e["seq"], e["state"]) for e in feed] == [(1, "recue"), (2, "bloquee")]
    await world.admin.execute(
        "update work_item set state = 'ready', attempts = 0, dead_at = null, data = $1 where state = 'dead'",
        unreadable.data,
    )
    await world.work()
    assert (await state(world, act_id))["state"] == "en_file"


async def test_one_batch_moves_acts_of_several_accounts(world: World) -> None:
    mine = [await world.accept(f"M-{n}") for n in range(3)]
    cabinet = {"structure": CABINET_ID, "author": {"id": NURSE}}
    theirs = [
        UUID((await world.post(act(f"T-{n}", **cabinet), client_id="lgc-cabinet")).json()["act_id"]) for n in range(2)
    ]
    events: list[ActEvent] = [identified(i) for pair in itertools.zip_longest(mine, theirs) for i in pair if i]
    await world.hear(*events)
    for client, ids in (("lgo-officine", mine), ("lgc-cabinet", theirs)):
        feed = (await world.get("/v1/acts/events", client)).json()["events"]
        assert [e["seq"] for e in feed] == list(range(1, 2 * len(ids) + 1))
        assert {UUID(e["act_id"]) for e in feed} == set(ids)


async def test_a_waiting_reader_is_woken_by_news(world: World) -> None:
    act_id = await world.accept()
    heads = world.stuck.heads
    task = asyncio.create_task(heads.run())
    waiting = asyncio.create_task(world.get("/v1/acts/events", after=1, wait=30))
    while not heads.waiting:
        await asyncio.sleep(0.01)
    await world.hear(identified(act_id))
    while heads.waiting or not world.clock.sleeping:
        await asyncio.sleep(0.01)
    world.clock.advance(1)  # news are gathered for a moment before they are given
    answer = await asyncio.wait_for(waiting, 10)
    assert [e["state"] for e in answer.json()["events"]] == ["en_file"]
    assert heads.waiting == 0
    world.app.state.stopping = asyncio.Event()
    waiting = asyncio.create_task(world.get("/v1/acts/events", after=2, wait=60))
    while not heads.waiting:
        await asyncio.sleep(0.01)
    world.app.state.stopping.set()  # the server stops: nobody waits on
    answer = await asyncio.wait_for(waiting, 10)
    assert answer.json() == {"events": [], "next": 2}
    heads.stop()
    await asyncio.wait_for(task, 10)


async def test_declarations_leave_sealed_and_get_their_answer(world: World) -> None:
    async def declare(kind: str) -> dict[str, Any]:
        body = {"kind": kind, "structure": "1330000001", "author": {"id": PHARMACIST}, "patient": patient()}
        answer = await world.post(body, "/v1/patients/declarations")
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == answer.json()["location"]
        return dict(answer.json())

    async def follow(declaration: dict[str, Any]) -> tuple[str, str | None]:
        view = (await world.get(declaration["location"])).json()
        return view["state"], view["code"]

    one, two, three = [await declare(kind) for kind in ("identity", "opposition", "opposition_lifted")]
    assert await follow(one) == ("recue", None)
    told = await world.outbox("patient.opposition-declared.v1")
    assert [t["event"]["opposed"] for t in told] == [True, False]
    assert len(await world.outbox("patient.identity-declared.v1")) == 1
    about = {"patient_id": UUID(int=9), "structure_id": PHARMACY}
    wrong = Problem(code="INS_MISSING", pointer="/patient/ins", text="Il manque.")
    await world.hear(
        PatientIdentityQualified(declaration_id=UUID(one["declaration_id"]), **about),
        OppositionRecorded(
            declaration_id=UUID(two["declaration_id"]), opposition_id=uuid4(), author_id=PHARMACIST, revision=1,
            recorded_at=START, **about,
        ),
        PatientDeclarationRefused(
            declaration_id=UUID(three["declaration_id"]), structure_id=PHARMACY, code=ErrorCode.INS_MISSING,
            problems=(wrong,),
        ),
    )  # fmt: skip
    assert [await follow(d) for d in (one, two, three)] == [
        ("acceptee", None), ("acceptee", None), ("refusee", "INS_MISSING")
    ]  # fmt: skip
    answer = await world.get(one["location"], "lgc-cabinet")
    assert (answer.status_code, answer.json()["code"]) == (404, "DECLARATION_NOT_FOUND")

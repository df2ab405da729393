"""Design rule 8 over real TLS: whatever the DMP does to the connection, it holds the document exactly once."""

from __future__ import annotations

import asyncio

import pytest
from publisher_world import World

from hub_kit.faults import set_faults
from hub_simulators.dmp.behaviours import Action


async def settle(world: World, act_id: object, turns: int = 12, seconds: float = 4.2) -> str:
    """Let time go by until the act is final."""
    for _ in range(turns):
        await world.turn()
        status = await world.status(act_id)  # type: ignore[arg-type]
        if status in {"confirmed", "refused", "excluded", "expired"}:
            return status
        world.clock.advance(seconds)
    return status


@pytest.mark.parametrize(
    ("action", "more", "found"),
    [
        (Action.STORE_THEN_DROP, {}, True),
        (Action.RESET, {}, False),
        (Action.TRUNCATE, {}, True),
        (Action.HANG, {"seconds": 5.0}, False),
        (Action.HTTP_ERROR, {"status": 500}, False),
        (Action.HTTP_ERROR, {"status": 502}, False),
        (Action.REGISTRY_ERROR, {"code": "XDSRepositoryError"}, False),
    ],
)
async def test_a_doubt_is_asked_about_before_anything_is_sent_again(
    world: World, action: Action, more: dict[str, object], found: bool
) -> None:
    world.script(action, **more)
    event = await world.built()
    await world.turn()
    assert await world.status(event.act_id) == "in_doubt"
    assert [n for n, _ in await world.told(event.act_id)] == ["publication.transmitted"]
    world.clock.advance(3)
    await world.turn()
    assert world.operations() == ["td0.2", "td2.1"], "the DMP was asked too early"
    assert await settle(world, event.act_id) == "confirmed"
    told = await world.told(event.act_id)
    assert [n for n, _ in told] == ["publication.transmitted", "publication.confirmed"]
    assert told[1][1]["found"] is found
    assert world.operations()[2] == "td3.1b"
    assert world.stored(event.document_unique_id) == 1


async def test_a_document_stored_late_is_not_doubled(world: World) -> None:
    """The DMP says it holds nothing, then stores the first send; the second one is told a duplicate: a success."""
    world.script(Action.DROP_THEN_STORE_LATE, seconds=0.2)
    event = await world.built()
    await world.turn()
    world.clock.advance(5)
    world.script(Action.LATENCY, "td0.2", latency_ms=600)
    assert await settle(world, event.act_id) == "confirmed"
    await asyncio.sleep(0.3)
    assert world.stored(event.document_unique_id) == 1
    assert world.operations().count("td2.1") in (1, 2)


async def test_the_second_send_is_byte_for_byte_the_first(world: World) -> None:
    world.script(Action.RESET)
    event = await world.built()
    await world.turn()
    await world.restart()
    assert await settle(world, event.act_id) == "confirmed"
    first, second = (r.body for r in world.simulator.recorder.listing() if r.operation == "td2.1")
    assert _payload(first) == _payload(second)


def _payload(body: bytes) -> tuple[bytes, bytes]:
    """The SOAP body, and the parts without their boundary."""
    start, end = body.index(b"<soap:Body>"), body.index(b"</soap:Body>")
    boundary = body[: body.index(b"\r\n")]
    return body[start:end], body[end:].replace(boundary, b"--")


async def test_a_crash_between_the_answer_and_its_record_is_a_doubt(world: World) -> None:
    event = await world.built()
    set_faults("after_peer_call_before_record=raise")
    try:
        await world.turn()
    finally:
        set_faults("")
    assert world.stored(event.document_unique_id) == 1
    assert await world.status(event.act_id) == "sending"
    await world.restart()
    assert await settle(world, event.act_id) == "confirmed"
    told = await world.told(event.act_id)
    assert [n for n, _ in told] == ["publication.transmitted", "publication.confirmed"]
    assert told[1][1]["found"] is True
    assert world.operations() == ["td0.2", "td2.1", "td3.1b"]


async def test_a_crash_during_the_second_send_is_a_new_doubt(world: World) -> None:
    world.script(Action.RESET)
    event = await world.built()
    await world.turn()
    world.clock.advance(4.2)
    set_faults("after_peer_call_before_record=raise")
    try:
        await world.turn()
    finally:
        set_faults("")
    assert world.operations() == ["td0.2", "td2.1", "td3.1b", "td0.2", "td2.1"]
    await world.restart()
    world.clock.advance(5)
    await world.turn()
    assert world.operations()[5:] == [], "asked too early after the second send"
    assert await settle(world, event.act_id) == "confirmed"
    assert world.stored(event.document_unique_id) == 1


async def test_a_doubt_outlives_the_deadline_and_the_authorisation(world: World) -> None:
    """Nothing is guessed: past its deadline the act is confirmed if the DMP holds it."""
    from datetime import timedelta

    world.script(Action.STORE_THEN_DROP)
    soon = world.clock.now() + timedelta(seconds=2)
    event = await world.built(expires_at=soon, valid_until=soon)
    await world.turn()
    assert await settle(world, event.act_id) == "confirmed"


async def test_a_question_without_answer_leaves_the_doubt(world: World) -> None:
    world.script(Action.RESET)
    world.script(Action.RESET, "td3.1b", count=2)
    event = await world.built()
    await world.turn()
    assert await settle(world, event.act_id) == "confirmed"
    assert world.operations() == ["td0.2", "td2.1", "td3.1b", "td3.1b", "td3.1b", "td0.2", "td2.1"]
    assert [n for n, _ in await world.told(event.act_id)] == ["publication.transmitted", "publication.confirmed"]


async def test_a_dmp_that_is_down_is_left_alone_and_no_try_is_counted(world: World) -> None:
    await world.simulator.stop()
    try:
        events = [await world.built() for _ in range(12)]
        for _ in range(4):
            await world.turn()
        told = await world.told()
        assert {n for n, _ in told} == {"publication.postponed"}
        assert {d["code"] for _, d in told} == {"DMP_UNREACHABLE"}
        assert len(told) == len(events)
        calls = await world.pool.fetchval("select count(*) from exchange")
        assert calls == 8, "two claims of four, then the breaker is open (after 6 failures): nobody calls"
        assert await world.pool.fetchval("select min(attempts) from work_item") == 0
        report = await world.health()
        assert "dmp" in report.degraded
    finally:
        await world.simulator.start()

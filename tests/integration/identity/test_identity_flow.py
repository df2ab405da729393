"""Acts identified, waiting and released on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import UUID

from identity_people import CABINET, PHARMACY, TEST_OID, other_patient, patient, without_ins

from hub_contracts.acts import Ins
from hub_contracts.errors import ErrorCode
from hub_identity.waiting_room import WaitingRoom

from .conftest import IdentityService, kinds, make_service


async def test_a_qualified_act_goes_on_and_its_patient_is_kept(identity: IdentityService) -> None:
    await identity.handle(await identity.act(patient()))
    (event,) = await identity.emitted()
    act, kept = await identity.opened(event)
    assert (act.patient.local_id, kept.matricule, kept.birth_name) == ("P1", "279035121518989", "PAT-TROIS")
    assert [await identity.count(t) for t in ("patient", "matricule_link", "local_link", "identity")] == [1, 1, 1, 1]


async def test_no_trait_or_number_is_in_clear_in_any_table(identity: IdentityService) -> None:
    marks = ["PAT-TROIS", "DOMINIQUE", "279035121518989", "1979-03-28", "LOCAL-MARK-77", "VAXIGRIP", "REFUSE-MARK"]
    await identity.handle(
        await identity.act(patient(local_id="LOCAL-MARK-77")),
        await identity.act(without_ins(local_id="LOCAL-MARK-77", birth_name="REFUSE-MARK")),
        await identity.declaration(patient(local_id="LOCAL-MARK-77"), opposed=True),
    )
    tables = await identity.pool.fetch("select tablename from pg_tables where schemaname = 'public'")
    dump = ""
    for row in tables:
        for line in await identity.pool.fetch(f'select * from "{row["tablename"]}"'):
            dump += " ".join(
                value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in line.values()
            )
    assert [mark for mark in marks if mark in dump] == []


async def test_the_same_matricule_is_one_patient_across_acts_structures_and_batches(identity: IdentityService) -> None:
    await identity.handle(
        await identity.act(patient()), await identity.act(patient(local_id="P7")), await identity.act(other_patient())
    )
    await identity.handle(await identity.act(patient(local_id="C1"), structure=CABINET))
    events = await identity.emitted()
    ids = [event.patient_id for event in events]  # type: ignore[attr-defined]
    assert ids[0] == ids[1] == ids[3] != ids[2]
    assert await identity.count("patient") == 2
    assert await identity.count("local_link") == 4


async def test_the_same_matricule_with_other_traits_waits(identity: IdentityService) -> None:
    await identity.handle(
        await identity.act(patient()), await identity.act(patient(local_id="P8", birth_name="DURAND"))
    )
    events = await identity.emitted()
    assert kinds(events) == ["act.identified", "act.awaiting-identity"]
    assert events[1].code is ErrorCode.INS_TRAITS_DIFFER  # type: ignore[attr-defined]
    assert await identity.count("patient") == 1


async def test_the_ins_found_once_is_kept_for_the_next_acts(identity: IdentityService) -> None:
    await identity.handle(await identity.act(patient()))
    await identity.handle(await identity.act(without_ins()), await identity.act(without_ins(), structure=CABINET))
    events = await identity.emitted()
    by_structure = {e.structure_id: e for e in events[1:]}  # type: ignore[attr-defined]
    assert kinds([by_structure[CABINET]]) == ["act.awaiting-identity"]
    _, kept = await identity.opened(by_structure[PHARMACY])
    assert kept.matricule == "279035121518989"


async def test_a_declared_identity_releases_what_waits_in_the_order_of_reception(identity: IdentityService) -> None:
    waiting = []
    for _ in range(4):
        identity.clock.advance(60)
        event = await identity.act(without_ins())
        waiting.append(event.act_id)
        await identity.handle(event)
    assert kinds(await identity.emitted()) == ["act.awaiting-identity"] * 4
    await identity.handle(await identity.declaration(patient()))
    assert kinds(await identity.emitted()) == ["patient.identity-qualified"]
    await identity.room.turn()
    events = await identity.emitted()
    assert [event.act_id for event in events] == waiting  # type: ignore[attr-defined]
    act, kept = await identity.opened(events[0])
    assert (act.external_id, kept.matricule, kept.local_id) == ("A1", "279035121518989", "P1")
    assert await identity.count("waiting_act") == 0


async def test_order_of_reception_holds_even_when_acts_come_in_another_order(identity: IdentityService) -> None:
    late = await identity.act(without_ins(), received_at=identity.clock.now() + timedelta(seconds=5))
    early = await identity.act(without_ins())
    await identity.handle(late, early)
    await identity.handle(await identity.declaration(patient()))
    await identity.emitted()
    await identity.room.turn()
    assert [e.act_id for e in await identity.emitted()] == [early.act_id, late.act_id]  # type: ignore[attr-defined]


async def test_an_act_never_overtakes_those_that_wait_for_the_same_patient(identity: IdentityService) -> None:
    first, second = await identity.act(without_ins()), await identity.act(patient())
    await identity.handle(first, second)  # one batch
    assert kinds(await identity.emitted()) == ["act.awaiting-identity"]
    await identity.room.turn()
    events = await identity.emitted()
    assert [(e.act_id) for e in events] == [first.act_id, second.act_id]  # type: ignore[attr-defined]
    third, fourth = await identity.act(without_ins(local_id="P5")), await identity.act(patient(local_id="P5"))
    await identity.handle(third)
    await identity.handle(fourth)  # two batches
    await identity.room.turn()
    assert [e.act_id for e in (await identity.emitted())[1:]] == [third.act_id, fourth.act_id]  # type: ignore[attr-defined]


async def test_an_act_of_somebody_else_does_not_hold_the_others_up(identity: IdentityService) -> None:
    stranger = await identity.act(without_ins(birth_name="AUTRE"))
    await identity.handle(stranger, await identity.act(patient()))
    await identity.room.turn()
    events = await identity.emitted()
    assert kinds(events) == ["act.awaiting-identity", "act.awaiting-identity", "act.identified"] or kinds(events) == [
        "act.awaiting-identity",
        "act.identified",
        "act.awaiting-identity",
    ]
    assert {e.code for e in events if hasattr(e, "code")} == {ErrorCode.INS_MISSING, ErrorCode.INS_TRAITS_DIFFER}
    assert await identity.count("waiting_act") == 1
    assert not await identity.room.turn()  # judged once, not again and again
    assert await identity.emitted() == []


async def test_a_faulty_ins_leaves_after_a_right_one_was_declared(identity: IdentityService) -> None:
    wrong = patient(ins=Ins(matricule="279035121518988", oid=TEST_OID))
    await identity.handle(await identity.act(patient()))
    await identity.handle(await identity.act(wrong))
    await identity.room.turn()
    assert kinds(await identity.emitted()) == ["act.identified", "act.awaiting-identity"]
    await identity.handle(await identity.declaration(patient()))
    await identity.room.turn()
    assert kinds(await identity.emitted()) == ["patient.identity-qualified", "act.identified"]


async def test_a_wait_that_is_over_ends_in_a_refusal(identity: IdentityService) -> None:
    await identity.handle(await identity.act(without_ins()))
    await identity.emitted()
    identity.clock.advance(timedelta(days=29).total_seconds())
    await identity.room.turn()
    assert await identity.emitted() == []
    identity.clock.advance(timedelta(days=1, seconds=1).total_seconds())
    await identity.room.turn()
    (refused,) = await identity.emitted()
    assert refused.code is ErrorCode.IDENTITY_WAIT_EXPIRED  # type: ignore[attr-defined]
    assert [p.code for p in refused.problems] == ["INS_MISSING"]  # type: ignore[attr-defined]
    assert await identity.count("waiting_act") == 0


async def test_an_act_is_released_after_its_transit_key_has_died(identity: IdentityService) -> None:
    await identity.handle(await identity.act(without_ins()))
    identity.clock.advance(timedelta(days=20).total_seconds())
    await identity.sealer.ready(identity.clock.now())
    assert await identity.transit.destroy_expired(identity.clock.now())
    await identity.handle(await identity.declaration(patient()))
    await identity.emitted()
    await identity.room.turn()
    (event,) = await identity.emitted()
    act, _ = await identity.opened(event)
    assert act.external_id == "A1"


async def test_a_newer_version_takes_the_place_of_the_one_that_waits(identity: IdentityService) -> None:
    act_id = UUID(int=77)
    await identity.handle(await identity.act(without_ins(), act_id=act_id))
    await identity.handle(await identity.act(without_ins(birth_name="Pat trois"), act_id=act_id, version=2))
    assert await identity.count("waiting_act", "act_version = 2") == 1
    await identity.handle(await identity.act(patient(local_id="P6"), act_id=act_id, version=3))
    await identity.room.turn()
    assert await identity.count("waiting_act") == 0
    events = await identity.emitted()
    assert [(k, e.version) for k, e in zip(kinds(events), events, strict=True)] == [  # type: ignore[attr-defined]
        ("act.awaiting-identity", 1),
        ("act.awaiting-identity", 2),
        ("act.identified", 3),
    ]


async def test_an_opposition_may_come_before_any_act(identity: IdentityService) -> None:
    await identity.handle(await identity.declaration(patient(), opposed=True))
    await identity.handle(await identity.act(patient()))
    opposed, identified = await identity.emitted()
    assert opposed.patient_id == identified.patient_id  # type: ignore[attr-defined]
    assert opposed.opposed is True  # type: ignore[attr-defined]


async def test_an_opposition_of_a_patient_known_by_number_needs_no_ins(identity: IdentityService) -> None:
    await identity.handle(await identity.act(patient()))
    await identity.handle(
        await identity.declaration(without_ins(), opposed=True),
        await identity.declaration(without_ins(local_id="P9"), opposed=True),
    )
    events = (await identity.emitted())[1:]
    assert kinds(events) == ["patient.opposition-identified", "patient.declaration-refused"]
    assert [p.pointer for p in events[1].problems] == ["/patient/ins"]  # type: ignore[attr-defined]


async def test_a_declared_identity_must_be_one(identity: IdentityService) -> None:
    await identity.handle(await identity.act(patient()))
    await identity.handle(await identity.declaration(without_ins()), await identity.declaration(patient(sex="M")))
    events = (await identity.emitted())[1:]
    assert [e.code for e in events] == [ErrorCode.INS_MISSING, ErrorCode.INS_TRAITS_DIFFER]  # type: ignore[attr-defined]


async def test_a_local_number_given_to_another_patient_ends_the_former_link(identity: IdentityService) -> None:
    await identity.handle(await identity.act(patient()))
    identity.clock.advance(60)
    await identity.handle(await identity.act(other_patient(local_id="P1")))
    assert await identity.count("local_link", "until is null") == 1
    assert await identity.count("local_link", "until is not null") == 1
    await identity.handle(await identity.act(without_ins()))
    assert kinds(await identity.emitted())[-1] == "act.awaiting-identity"


async def test_two_replicas_agree_on_patients_and_release_each_act_once(identity: IdentityService) -> None:
    other = await make_service(identity.pool, identity.keyring)
    acts = [await identity.act(without_ins(local_id=f"L{n % 4}")) for n in range(40)]
    await identity.handle(*acts)
    people = [await identity.act(patient(local_id=f"L{n % 4}")) for n in range(20)]
    await identity.receive(*people)

    async def drain(service: IdentityService) -> None:
        runners = service.runners()
        for _ in range(6):
            for runner in runners:
                await runner.run_once()
            await service.room.turn()

    await asyncio.gather(drain(identity), drain(other))
    for room in (identity.room, other.room):
        room._sweep_at = 0.0
        while await room.turn():
            pass
    events = await identity.emitted()
    identified = [e.act_id for e in events if kinds([e]) == ["act.identified"]]  # type: ignore[attr-defined]
    assert sorted(identified) == sorted(a.act_id for a in acts + people)
    assert await identity.count("patient") == 1
    assert await identity.count("work_item") == 0
    for number in range(4):
        order = [a.act_id for n, a in enumerate(acts) if n % 4 == number]
        assert [i for i in identified if i in order] == order


async def test_the_loop_sleeps_until_woken_and_stops(identity: IdentityService) -> None:
    room: WaitingRoom = identity.room
    loop = asyncio.create_task(room.run())
    await identity.handle(await identity.act(without_ins()), await identity.declaration(patient()))
    events: list[Any] = []
    async with asyncio.timeout(10):
        while "act.identified" not in kinds(events):
            events += await identity.emitted()
            await asyncio.sleep(0.02)
        room.stop()
        await loop


async def test_an_act_that_can_not_be_judged_is_blocked_and_holds_nobody_up(identity: IdentityService) -> None:
    broken, good = await identity.act(without_ins()), await identity.act(without_ins(local_id="P2"))
    await identity.handle(broken, good)
    await identity.pool.execute("update waiting_act set sealed = sealed || 'x' where act_id = $1", broken.act_id)
    await identity.handle(await identity.declaration(patient()), await identity.declaration(patient(local_id="P2")))
    await identity.emitted()
    await identity.room.turn()
    events = await identity.emitted()
    assert {k: e.act_id for k, e in zip(kinds(events), events, strict=True)} == {  # type: ignore[attr-defined]
        "act.blocked": broken.act_id,
        "act.identified": good.act_id,
    }
    assert not await identity.room.turn()
    assert await identity.emitted() == []
    identity.clock.advance(timedelta(days=31).total_seconds())
    await identity.room.turn()
    assert kinds(await identity.emitted()) == ["act.refused"]


async def test_shuffled_arrivals_all_end_identified_once(identity: IdentityService) -> None:
    """Acts with and without INS and declarations of ten patients, in many orders and small batches."""
    rng = random.Random(11)
    acts = [await identity.act((patient if n % 3 == 0 else without_ins)(local_id=f"L{n % 10}")) for n in range(60)]
    said = [await identity.declaration(patient(local_id=f"L{n}")) for n in range(10)]
    arrivals = [*acts, *said]
    rng.shuffle(arrivals)
    while arrivals:
        now, arrivals = arrivals[:7], arrivals[7:]
        await identity.handle(*now)
        if rng.random() < 0.4:
            await identity.room.turn()
    while await identity.room.turn():
        pass
    events = await identity.emitted()
    identified = [e.act_id for e in events if kinds([e]) == ["act.identified"]]  # type: ignore[attr-defined]
    assert sorted(identified) == sorted(a.act_id for a in acts)
    assert await identity.count("patient") == 1
    assert await identity.count("waiting_act") == 0

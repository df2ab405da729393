"""Design rule 5: identity asks the database as often for many acts as for one."""

from __future__ import annotations

from collections import Counter

from identity_people import other_patient, patient, without_ins
from statement_log import StatementLog

from .conftest import IdentityService


async def cost(identity: IdentityService, log: StatementLog, acts: int, prefix: str) -> Counter[str]:
    """Statements of one batch of acts of known, new and unidentified patients."""
    people = [(patient, without_ins, other_patient)[n % 3](local_id=f"{prefix}{n}") for n in range(acts)]
    await identity.receive(*[await identity.act(who) for who in people])
    [runner] = [r for r in identity.runners() if r.name == "act"]
    log.take()
    assert await runner.run_once() == acts
    return log.take()


async def test_a_batch_of_acts_costs_the_same_whatever_its_size(
    identity: IdentityService, statements: StatementLog
) -> None:
    await cost(identity, statements, 3, "warm")
    few, many = await cost(identity, statements, 3, "few"), await cost(identity, statements, 24, "many")
    assert many == few
    assert max(many.values()) <= 2  # the claim asks for live work, then for backlog


async def test_a_turn_of_the_waiting_room_costs_the_same_whatever_waits(
    identity: IdentityService, statements: StatementLog
) -> None:
    counts = []
    for prefix, acts in (("few", 2), ("many", 20)):
        for n in range(acts):
            await identity.handle(await identity.act(without_ins(local_id=f"{prefix}{n}")))
            await identity.handle(await identity.declaration(patient(local_id=f"{prefix}{n}")))
        statements.take()
        assert await identity.room.release() == acts
        counts.append(statements.take())
    assert counts[0] == counts[1]
    assert len(counts[1]) >= 4

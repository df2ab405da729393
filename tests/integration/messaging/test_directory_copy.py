"""Design rule 13: the copy of the directory takes what is good and is not stopped by what isn't."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from uuid import UUID

from hub_contracts.envelope import Envelope
from hub_contracts.events.directory import Exercise, ProfessionalPublished
from hub_kit.messaging.broker import Record
from hub_kit.messaging.consumer import Taken
from hub_kit.messaging.directory import STREAM, Directory

from .conftest import START, Service, envelope


def professional(name: str, number: str = "801234567897") -> ProfessionalPublished:
    return ProfessionalPublished(
        professional_id=number, family_name=name, given_name="C", profession="21",
        exercises=(Exercise(structure_id=UUID(int=1), since=START),),
    )  # fmt: skip


async def hear(service: Service, directory: Directory, *envelopes: Envelope) -> None:
    taken = [Taken(e, Record(STREAM, 0, 0, b"", e.headers(), e.data)) for e in envelopes]
    async with service.pool.acquire() as connection, connection.transaction():
        await directory.sink(connection, taken, service.clock.now())
    directory.after_commit()


async def name_now(service: Service, directory: Directory) -> str | None:
    async with service.pool.acquire() as connection:
        await directory.fetch(connection, ["professional:801234567897"])
    found = directory.professional("801234567897")
    return None if found is None else found.family_name


async def test_an_entry_that_cannot_be_read_leaves_the_one_before(service: Service) -> None:
    directory, good = Directory(), envelope(professional("AVANT"))
    await hear(service, directory, good)
    later = START + timedelta(hours=1)
    broken = [
        dataclasses.replace(good, time=later, data=data)
        for data in (b"\xff", b"{", b'{"professional_id": 1}', good.data.replace(b"AVANT", b"A\\u0000"))
    ]
    other = envelope(professional("AUTRE", "802345678904"))
    await hear(service, directory, *broken, dataclasses.replace(good, time=later, type="act.read.v1"), other)
    assert await name_now(service, directory) == "AVANT"
    assert await service.count("directory_entry") == 2


async def test_the_newest_state_holds_whatever_the_order(service: Service) -> None:
    directory = Directory()
    new = envelope(professional("APRÈS"), at=START + timedelta(hours=1))
    await hear(service, directory, new, envelope(professional("AVANT")))
    assert await name_now(service, directory) == "APRÈS"
    await hear(service, directory, envelope(professional("AVANT")))
    assert await name_now(service, directory) == "APRÈS"

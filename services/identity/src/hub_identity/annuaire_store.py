"""All SQL of the annuaire, and its publication: entries that changed go out on hub.directory (design rule 13)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from hub_contracts.events.directory import DatedIdentifier, Exercise, ProfessionalPublished, StructurePublished
from hub_identity.annuaire import AnnuaireFile, AnnuaireInvalid, ProfessionalEntry, StructureEntry
from hub_identity.store import QUERIES
from hub_kit.db import Connection
from hub_kit.messaging.model import Emit
from hub_kit.messaging.outbox import Outbox

STREAM = "hub.directory"
ANNUAIRE_LOCK = 0x414E4E55  # one load at a time
Published = StructurePublished | ProfessionalPublished


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load changed; everything else was the same already."""

    structures: list[UUID] = field(default_factory=list)
    professionals: list[str] = field(default_factory=list)


async def load_annuaire(
    connection: Connection, annuaire: AnnuaireFile, outbox: Outbox, new_id: Callable[[], UUID], now: datetime
) -> Loaded:
    """Store the annuaire and publish what changed, in one transaction; a second load of the same files does nothing.

    What the files do not name is left as it is: a structure is closed with `active: false`, an exercise with `until`.
    Raises AnnuaireInvalid when a professional works in a structure that nobody knows.
    """
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", ANNUAIRE_LOCK)
        worn = await _worn_identifiers(connection, annuaire)
        structures = [_structure(entry, _structure_id(entry, worn) or new_id()) for entry in annuaire.structures]
        for structure in structures:
            worn |= {item.value: structure.structure_id for item in structure.identifiers}
        professionals = _professionals(annuaire.professionals, worn, {s.structure_id for s in structures})
        digests = {r["key"]: r["digest"] for r in await connection.fetch(QUERIES.annuaire_digests)}
        news = [event for event in structures if digests.get(event.key) != _digest(event)]
        hires = [event for event in professionals if digests.get(event.key) != _digest(event)]
        await _save_structures(connection, news, now)
        await _save_professionals(connection, hires, now)
        await outbox.emit(connection, [Emit(event, stream=STREAM) for event in (*news, *hires)], now)
    return Loaded([event.structure_id for event in news], [event.professional_id for event in hires])


async def _worn_identifiers(connection: Connection, annuaire: AnnuaireFile) -> dict[str, UUID]:
    """structure_id by national identifier (and by itself), as stored."""
    values = {item.value for entry in annuaire.structures for item in entry.identifiers}
    values |= {exercise.structure for person in annuaire.professionals for exercise in person.exercises}
    rows = await connection.fetch(QUERIES.find_identifiers, list(values))
    return {row["value"]: row["structure_id"] for row in rows}


def _structure_id(entry: StructureEntry, worn: dict[str, UUID]) -> UUID | None:
    """The id the file gives, else the one of the structure that wears an identifier of the entry."""
    if entry.structure_id is not None:
        return entry.structure_id
    found = {worn[item.value] for item in entry.identifiers if item.value in worn}
    if len(found) > 1:
        raise AnnuaireInvalid(
            [f"structure {entry.name}: its identifiers belong to {len(found)} structures: give its id"]
        )
    return next(iter(found), None)


def _structure(entry: StructureEntry, structure_id: UUID) -> StructurePublished:
    return StructurePublished(
        structure_id=structure_id,
        identifiers=tuple(DatedIdentifier(value=i.value, since=i.since, until=i.until) for i in entry.identifiers),
        name=entry.name,
        sector=entry.sector,
        practice_setting=entry.practice_setting,
        address=entry.address,
        phone=entry.phone,
        mode=entry.mode,
        active=entry.active,
    )


def _professionals(
    entries: Sequence[ProfessionalEntry], worn: dict[str, UUID], known: set[UUID]
) -> list[ProfessionalPublished]:
    problems: list[str] = []
    people = []
    for entry in entries:
        exercises = []
        for item in entry.exercises:
            structure_id = worn.get(item.structure) or _as_id(item.structure, known | set(worn.values()))
            if structure_id is None:
                problems.append(f"professional {entry.id}: works in {item.structure}, which nobody knows")
                continue
            exercises.append(Exercise(structure_id=structure_id, since=item.since, until=item.until))
        people.append(
            ProfessionalPublished(
                professional_id=entry.id,
                family_name=entry.family_name,
                given_name=entry.given_name,
                civility=entry.civility,
                title=entry.title,
                profession=entry.profession,
                subsection=entry.subsection,
                exercises=tuple(exercises),
            )
        )
    if problems:
        raise AnnuaireInvalid(problems)
    return people


def _as_id(text: str, known: set[UUID]) -> UUID | None:
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if value in known else None


def _digest(event: Published) -> bytes:
    return hashlib.sha256(event.model_dump_json().encode()).digest()


async def _save_structures(connection: Connection, events: Sequence[StructurePublished], now: datetime) -> None:
    if not events:
        return
    ids = [event.structure_id for event in events]
    await connection.execute(
        QUERIES.save_structures, ids, [e.model_dump_json() for e in events], [_digest(e) for e in events], now
    )
    await connection.execute(QUERIES.clear_identifiers, ids)
    items = [(event.structure_id, item) for event in events for item in event.identifiers]
    await connection.execute(
        QUERIES.save_identifiers,
        [structure_id for structure_id, _ in items],
        [item.value for _, item in items],
        [item.since for _, item in items],
        [item.until for _, item in items],
    )


async def _save_professionals(connection: Connection, events: Sequence[ProfessionalPublished], now: datetime) -> None:
    if not events:
        return
    ids = [event.professional_id for event in events]
    await connection.execute(
        QUERIES.save_professionals, ids, [e.model_dump_json() for e in events], [_digest(e) for e in events], now
    )
    await connection.execute(QUERIES.clear_exercises, ids)
    items = [(event.professional_id, item) for event in events for item in event.exercises]
    await connection.execute(
        QUERIES.save_exercises,
        [professional_id for professional_id, _ in items],
        [item.structure_id for _, item in items],
        [item.since for _, item in items],
        [item.until for _, item in items],
    )

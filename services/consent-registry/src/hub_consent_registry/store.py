"""All SQL of consent-registry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub_consent_registry.domain import Opposition
from hub_kit.db import Connection, load_queries

QUERIES = load_queries("hub_consent_registry")


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision, in the order of the table's columns."""

    decision_id: UUID
    act_id: UUID
    act_version: int
    structure_id: UUID
    patient_id: UUID
    author_id: str
    act_type: str
    refusal: str | None
    alimentation_matrix: str
    oppositions_revision: int
    decided_at: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class OppositionRow:
    """One change of a patient's stand, in the order of the table's columns."""

    patient_id: UUID
    revision: int
    opposed: bool
    opposition_id: UUID
    declaration_id: UUID
    structure_id: UUID
    author_id: str
    declared_at: datetime
    recorded_at: datetime


async def oppositions(connection: Connection, patients: Iterable[UUID]) -> dict[UUID, Opposition]:
    """The present stand of each patient that was ever asked."""
    rows = await connection.fetch(QUERIES.oppositions, list(set(patients)))
    return {r["patient_id"]: Opposition(r["opposed"], r["revision"], r["opposition_id"]) for r in rows}


async def save_decisions(connection: Connection, rows: Sequence[DecisionRow]) -> None:
    """Keep decisions; one statement."""
    if rows:
        await connection.execute(QUERIES.save_decisions, *_columns(rows))


async def save_oppositions(connection: Connection, rows: Sequence[OppositionRow]) -> None:
    """Keep changes and the stand they lead to; one statement."""
    if rows:
        await connection.execute(QUERIES.save_oppositions, *_columns(rows))


async def decisions(connection: Connection, act_id: UUID) -> list[dict[str, Any]]:
    """The decisions on an act, oldest first."""
    return [dict(row) for row in await connection.fetch(QUERIES.decisions, act_id)]


def _columns(rows: Sequence[DecisionRow] | Sequence[OppositionRow]) -> list[list[object]]:
    return [list(column) for column in zip(*map(astuple, rows), strict=True)]

"""Follow-up of what LGO declare of patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub_gateway.store import QUERIES
from hub_kit.db import Connection


@dataclass(frozen=True, slots=True)
class NewDeclaration:
    """One declaration, in the order of the statement's columns."""

    declaration_id: UUID
    account_id: UUID
    structure_id: UUID
    kind: str
    author_id: str
    declared_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a declaration, in the order of the statement's columns."""

    declaration_id: UUID
    state: str
    code: str | None
    problems: str | None
    decided_at: datetime


async def save(connection: Connection, declaration: NewDeclaration) -> None:
    """Keep it, as received."""
    await connection.execute(QUERIES.save_declaration, *astuple(declaration))


async def read(connection: Connection, account_id: UUID, declaration_id: UUID) -> dict[str, Any] | None:
    """The declaration's follow-up; None when the account has none such (or may not see it)."""
    row = await connection.fetchrow(QUERIES.read_declaration, declaration_id, account_id)
    return None if row is None else dict(row)


async def decide(connection: Connection, decisions: Sequence[Decision]) -> None:
    """Keep what became of them; one statement. The first answer holds."""
    if decisions:
        columns = [list(column) for column in zip(*map(astuple, decisions), strict=True)]
        await connection.execute(QUERIES.decide_declarations, *columns)

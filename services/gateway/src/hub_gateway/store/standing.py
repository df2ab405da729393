"""Accounts, structures and authors as they stand now, kept in memory for some seconds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from hub_contracts.events.directory import ProfessionalPublished, StructurePublished
from hub_gateway.domain.standing import Account, Membership
from hub_gateway.store import QUERIES
from hub_kit.clock import Clock
from hub_kit.db import Connection, Pool

T = TypeVar("T")
CACHE_ENTRIES = 20_000


class Recent(Generic[T]):
    """Values by key, each good for `seconds`; at most 20 000, the oldest go first."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._values: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def get(self, key: str) -> T | None:
        """The value, None when absent or too old."""
        found = self._values.get(key)
        if found is None or self._clock.monotonic() >= found[0]:
            return None
        return found[1]

    def put(self, key: str, value: T) -> None:
        """Keep it."""
        self._values.pop(key, None)
        self._values[key] = (self._clock.monotonic() + self._seconds, value)
        if len(self._values) > CACHE_ENTRIES:
            self._values.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Outside:
    """What is known of the structures and authors that a request names."""

    structures: dict[str, tuple[StructurePublished, ...]]
    authors: dict[str, ProfessionalPublished]


class Standings:
    """Reads accounts (ours) and directory entries (identity's, in our copy); what doesn't exist is never remembered."""

    def __init__(self, pool: Pool, clock: Clock, seconds: float) -> None:
        self._pool = pool
        self._accounts: Recent[Account] = Recent(clock, seconds)
        self._structures: Recent[tuple[StructurePublished, ...]] = Recent(clock, seconds)
        self._authors: Recent[ProfessionalPublished] = Recent(clock, seconds)

    async def account(self, client_id: str) -> Account | None:
        """The account with its memberships; None when there is none."""
        found = self._accounts.get(client_id)
        if found is None:
            found = _account([dict(row) for row in await self._pool.fetch(QUERIES.read_account, client_id)])
            if found is not None:
                self._accounts.put(client_id, found)
        return found

    async def outside(self, national_ids: Iterable[str], authors: Iterable[str]) -> Outside:
        """Structures that wear or wore these identifiers, and professionals, as far as they exist."""
        structures = {key: self._structures.get(key) for key in set(national_ids)}
        people = {key: self._authors.get(key) for key in set(authors)}
        new_structures = [key for key, value in structures.items() if value is None]
        new_people = [key for key, value in people.items() if value is None]
        if new_structures or new_people:
            async with self._pool.acquire() as connection:
                structures.update(await self._find_structures(connection, new_structures))
                people.update(await self._find_authors(connection, new_people))
        return Outside(
            {key: value for key, value in structures.items() if value is not None},
            {key: value for key, value in people.items() if value is not None},
        )

    async def _find_structures(
        self, connection: Connection, wanted: list[str]
    ) -> dict[str, tuple[StructurePublished, ...]]:
        found = await find_structures(connection, wanted) if wanted else {}
        for key, value in found.items():
            self._structures.put(key, value)
        return found

    async def _find_authors(self, connection: Connection, wanted: list[str]) -> dict[str, ProfessionalPublished]:
        if not wanted:
            return {}
        rows = await connection.fetch(QUERIES.find_professionals, [f"professional:{key}" for key in wanted])
        people = (ProfessionalPublished.model_validate_json(row["data"], extra="ignore") for row in rows)
        found = {person.professional_id: person for person in people}
        for key, value in found.items():
            self._authors.put(key, value)
        return found


async def find_structures(connection: Connection, wanted: list[str]) -> dict[str, tuple[StructurePublished, ...]]:
    """Structures by national identifier, whenever they wore it."""
    found: dict[str, tuple[StructurePublished, ...]] = {}
    for row in await connection.fetch(QUERIES.find_structures, wanted):
        structure = StructurePublished.model_validate_json(row["data"], extra="ignore")
        found[row["national_id"]] = (*found.get(row["national_id"], ()), structure)
    return found


def _account(rows: Sequence[Mapping[str, Any]]) -> Account | None:
    if not rows:
        return None
    first = rows[0]
    memberships = tuple(
        Membership(r["structure_id"], frozenset(r["scopes"]), r["since"], r["until"])
        for r in rows
        if r["structure_id"] is not None
    )
    return Account(first["account_id"], first["client_id"], first["issuer"], first["active"], memberships)

"""Plain SQL migrations: the kit's first, then the service's, each once, in name order, remembered with its SHA-256.

A migration named `…​.post.sql` runs only in the post phase, after the new code is everywhere; all others are `pre`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal

import asyncpg

from hub_kit.db.pool import Connection

Phase = Literal["pre", "post"]
LOCK_TIMEOUT = "2s"
STATEMENT_TIMEOUT = "30s"

_TABLE = """
create table if not exists migration (
  origin text not null, name text not null, sha256 text not null,
  applied_at timestamptz not null default clock_timestamp(),
  primary key (origin, name))
"""


class MigrationRefused(Exception):
    """A migration already applied was changed: nothing is run."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: where it comes from, its name and text."""

    origin: str
    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Hex digest of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def phase(self) -> Phase:
        """`post` for names that end in `.post.sql`, else `pre`."""
        return "post" if self.name.endswith(".post.sql") else "pre"


def find_migrations(package: str, folder: str = "migrations") -> list[Migration]:
    """The migrations of a package, in name order."""
    root = resources.files(package).joinpath(folder)
    files = sorted((f for f in root.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [Migration(f"{package}/{folder}", f.name, f.read_text(encoding="utf-8")) for f in files]


async def migrate(dsn: str, sources: Sequence[tuple[str, str]], phase: Phase = "pre") -> list[str]:
    """Apply what is missing and return the names applied. `sources` are (package, folder) pairs, in order.

    Raises MigrationRefused when an applied file has changed, asyncpg.PostgresError when one fails (it is rolled back).
    """
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("select pg_advisory_lock(hashtext('hub-migrate:' || current_schema()))")
        await connection.execute(_TABLE)
        applied: list[str] = []
        for package, folder in sources:
            for migration in find_migrations(package, folder):
                if migration.phase == phase and await _apply(connection, migration):
                    applied.append(migration.name)
        return applied
    finally:
        await connection.close()


async def _apply(connection: Connection, migration: Migration) -> bool:
    known = await connection.fetchval(
        "select sha256 from migration where origin = $1 and name = $2", migration.origin, migration.name
    )
    if known is not None:
        if known != migration.sha256:
            raise MigrationRefused(f"{migration.origin}/{migration.name} was changed after it had been applied")
        return False
    async with connection.transaction():
        await connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
        await connection.execute(f"set local statement_timeout = '{STATEMENT_TIMEOUT}'")
        await connection.execute(migration.text)
        await connection.execute(
            "insert into migration (origin, name, sha256) values ($1, $2, $3)",
            migration.origin,
            migration.name,
            migration.sha256,
        )
    return True

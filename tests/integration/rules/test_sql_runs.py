"""Every migration runs, every named query is understood by PostgreSQL, and hot queries have their index."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from hub_kit.assembly import KIT_MIGRATIONS
from hub_kit.db import load_queries, migrate

PACKAGES = (
    "hub_gateway", "hub_identity", "hub_consent_registry", "hub_document_builder", "hub_dmp_publisher", "hub_audit",
)  # fmt: skip


@pytest.fixture(params=PACKAGES)
async def migrated(request: pytest.FixtureRequest, service_db: Any) -> AsyncIterator[tuple[str, Any]]:
    """A database as the service's `migrate` leaves it."""
    package = str(request.param)
    await migrate(service_db.dsn, [*KIT_MIGRATIONS, (package, "migrations")])
    connection = await asyncpg.connect(service_db.dsn)
    yield package, connection
    await connection.close()


async def test_every_query_is_understood(migrated: tuple[str, Any]) -> None:
    package, connection = migrated
    wrong = {}
    for source in (package, "hub_kit.messaging"):
        queries = load_queries(source)
        assert queries.names()
        for name in queries.names():
            try:
                await connection.prepare(getattr(queries, name))
            except asyncpg.PostgresError as error:
                wrong[f"{source}.{name}"] = str(error)
    assert wrong == {}


async def test_a_second_run_changes_nothing(migrated: tuple[str, Any], service_db: Any) -> None:
    package, _ = migrated
    assert await migrate(service_db.dsn, [*KIT_MIGRATIONS, (package, "migrations")]) == []


async def test_foreign_keys_have_an_index(migrated: tuple[str, Any]) -> None:
    """Else a delete on the other side reads the whole table."""
    _, connection = migrated
    rows = await connection.fetch(
        "select c.conrelid::regclass::text as table_name, c.conname from pg_constraint c "
        "where c.contype = 'f' and not exists (select 1 from pg_index i where i.indrelid = c.conrelid "
        "and (i.indkey::int2[])[0:array_length(c.conkey, 1) - 1] @> c.conkey)"
    )
    assert [tuple(r) for r in rows] == []

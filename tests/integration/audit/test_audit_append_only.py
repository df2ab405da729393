"""The record is append-only for the service's own roles, in every partition of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import asyncpg
import pytest

from hub_audit import store
from hub_kit.db import migrate, open_pool

SCHEMA = f"audit_{os.getpid()}"
ROLES = (f"{SCHEMA}_worker", f"{SCHEMA}_api")


def in_schema(dsn: str) -> str:
    return f"{dsn}?search_path={SCHEMA}"


@pytest.fixture
async def owner(service_db: Any, admin_dsn: str) -> AsyncIterator[Any]:
    """The schema as deploy provisions it: its roles get all rights on what the owner makes."""
    admin = await asyncpg.connect(admin_dsn)
    connection = await asyncpg.connect(in_schema(service_db.dsn))
    await connection.execute(f"create schema {SCHEMA}")
    for role in ROLES:
        await admin.execute(f"create role {role}")
        await connection.execute(
            f"grant usage on schema {SCHEMA} to {role}; alter default privileges in schema {SCHEMA} "
            f"grant select, insert, update, delete on tables to {role}"
        )
    yield connection
    for role in ROLES:
        await connection.execute(f"drop owned by {role}")
        await admin.execute(f"drop role {role}")
    await connection.close()
    await admin.close()


async def test_no_partition_may_be_changed_by_the_service(owner: Any, service_db: Any) -> None:
    await migrate(in_schema(service_db.dsn), [("hub_kit", "migrations/subjects"), ("hub_audit", "migrations")])
    for today in (date(2026, 11, 24), date(2026, 12, 24)):
        await store.maintain(owner, today)
    parts = await owner.fetch(
        "select 'audit_record'::regclass::oid as id union select inhrelid from pg_inherits "
        "where inhparent = 'audit_record'::regclass"
    )
    assert len(parts) >= 6
    for role in ROLES:
        for part in parts:
            for right, given in (("select", True), ("insert", True), ("update", False), ("delete", False)):
                assert (
                    await owner.fetchval("select has_table_privilege($1, $2::oid, $3)", role, part["id"], right)
                    is given
                )


async def test_replicas_that_start_together_keep_the_partitions_together(service_db: Any) -> None:
    await migrate(service_db.dsn, [("hub_kit", "migrations/subjects"), ("hub_audit", "migrations")])
    pool = await open_pool(service_db.dsn, size=6, name="test")

    async def start() -> None:
        async with pool.acquire() as connection:
            await store.maintain(connection, date(2030, 5, 1))

    await asyncio.gather(*(start() for _ in range(6)))
    assert await pool.fetchval("select count(*) from pg_class where relname = 'audit_record_203005'") == 1
    await pool.close()

"""On the real PostgreSQL a role sees its own schema and no other (design rule 1)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from hub_local import databases
from hub_local.databases import HubDatabases, _address
from hub_local.infra import LocalInfra

pytestmark = pytest.mark.infra


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture(scope="module")
async def hub(own_infra: LocalInfra) -> HubDatabases:
    """The two databases, with a table of the gateway and one of the keyring, one row in each."""
    provisioned = await own_infra.provision_databases()
    async with _connected(provisioned.services["gateway"].owner) as owner:
        await owner.execute("create table act (id bigint generated always as identity, note text)")
        await owner.execute("insert into act (note) values ('first')")
    async with _connected(provisioned.keyring_owner) as owner:
        await owner.execute("create table transit_key (id int primary key, wrapped bytea)")
        await owner.execute(r"insert into transit_key values (1, '\x00')")
    return provisioned


@pytest.mark.parametrize("role", ["worker", "api"])
async def test_a_services_roles_use_what_its_owner_made(hub: HubDatabases, role: str) -> None:
    async with _connected(getattr(hub.services["gateway"], role)) as connection:
        await connection.execute("insert into act (note) values ('mine')")
        await connection.execute("update act set note = 'changed' where note = 'mine'")
        assert await connection.fetchval("select count(*) from gateway.act where note = 'changed'") == 1
        await connection.execute("delete from act where note = 'changed'")
        assert await connection.fetchval("show timezone") == "UTC"


@pytest.mark.parametrize("role", ["worker", "api"])
async def test_a_services_roles_make_no_tables(hub: HubDatabases, role: str) -> None:
    async with _connected(getattr(hub.services["gateway"], role)) as connection:
        for statement in (
            "create table gateway.extra ()",
            "create table public.extra ()",
            "create temporary table extra ()",
            "drop table gateway.act",
            "alter table gateway.act add column more text",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


@pytest.mark.parametrize("role", ["owner", "worker", "api"])
async def test_nobody_reads_another_services_table(hub: HubDatabases, role: str) -> None:
    for service, dsns in hub.services.items():
        if service == "gateway":
            continue
        async with _connected(getattr(dsns, role)) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("select * from gateway.act")
            with pytest.raises(asyncpg.UndefinedTableError):
                await connection.fetch("select * from act")


async def test_the_keyring_is_read_and_added_to_and_never_emptied_by_services(hub: HubDatabases) -> None:
    for number, dsn in enumerate((hub.services["identity"].keyring, hub.services["identity"].keyring_api), start=2):
        async with _connected(dsn) as connection:
            await connection.execute(r"insert into transit_key values ($1, '\x01')", number)
            assert await connection.fetchval("select count(*) from transit_key where id in (1, $1)", number) == 2
            for statement in ("delete from transit_key", r"update transit_key set wrapped = '\x02'"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)


async def test_owners_do_not_enter_the_keyring_nor_its_owner_the_hub(hub: HubDatabases) -> None:
    refused = (
        _address(hub.services["gateway"].owner, hub.keyring_name),
        _address(hub.keyring_owner, hub.name),
    )
    for dsn in refused:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(dsn)


async def test_a_wrong_password_is_refused(hub: HubDatabases) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(_address(hub.services["gateway"].api, hub.name, "gateway_api:wrong"))


async def test_provisioning_again_changes_no_password_and_gives_nothing_back(
    own_infra: LocalInfra, hub: HubDatabases
) -> None:
    async with _connected(hub.services["audit"].owner) as owner:
        await owner.execute("create table record ()")
        await owner.execute("revoke update, delete on record from audit_worker, audit_api")
    assert await own_infra.provision_databases() == hub
    async with _connected(hub.services["audit"].worker) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("delete from record")


async def test_a_clone_has_the_tables_the_rows_and_the_walls(own_infra: LocalInfra, hub: HubDatabases) -> None:
    for _ in range(2):  # the second time replaces the first
        copy = await own_infra.clone_databases(hub, name="hub_w1", keyring="hub_keyring_w1")
        async with _connected(copy.services["gateway"].worker) as connection:
            assert await connection.fetchval("select count(*) from act where note = 'first'") == 1
            await connection.execute("insert into act (note) values ('only in the copy')")
        async with _connected(copy.services["gateway"].keyring) as connection:
            assert await connection.fetchval("select count(*) from transit_key where id = 1") == 1
        async with _connected(copy.services["identity"].worker) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("select * from gateway.act")
    async with _connected(hub.services["gateway"].worker) as connection:
        assert await connection.fetchval("select count(*) from act where note = 'only in the copy'") == 0
    await databases.drop(own_infra.database_admin_url, "hub_w1", "hub_keyring_w1")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(copy.services["gateway"].worker)


async def test_an_administrator_who_is_no_superuser_is_enough(own_infra: LocalInfra) -> None:
    async with _connected(own_infra.database_admin_url) as connection:
        await connection.execute("create role operator with login createdb createrole password 'operator'")
        await connection.execute("grant keyring_owner to operator with admin true, inherit true, set true")
    operator = _address(own_infra.database_admin_url, "postgres", "operator:operator")
    passwords = own_infra.layout.secrets / "operator.json"
    made = await databases.provision(
        operator, passwords, name="managed", keyring="managed_keyring", services=("sample-service",)
    )
    async with _connected(made.services["sample-service"].owner) as owner:
        await owner.execute("create table thing (id int)")
    async with _connected(made.services["sample-service"].worker) as worker:
        assert await worker.fetch("select * from thing") == []


async def test_the_servers_log_gives_no_value_away(own_infra: LocalInfra, hub: HubDatabases) -> None:
    async with _connected(hub.services["gateway"].owner) as owner:
        await owner.execute("create table secretive (trait text primary key, born date)")
        await owner.execute("insert into secretive values ('MARKED-TRAIT', null)")
        with pytest.raises(asyncpg.UniqueViolationError):
            await owner.execute("insert into secretive values ($1, $2)", "MARKED-TRAIT", None)
        with pytest.raises(asyncpg.PostgresError):
            await owner.execute("insert into secretive values ('MARKED-TRAIT-2', 'no date'::date)")
        with pytest.raises(asyncpg.PostgresError):
            await owner.execute("select 'MARKED-TRAIT-3' from nowhere")
    log = own_infra.supervisor.log_of("postgres").read_text()
    assert "violates unique constraint" in log
    assert "MARKED" not in log

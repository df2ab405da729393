"""Databases, schemas and roles of the hub, made from an administrator's connection (design rules 1, 11, 14).

In the hub's database each service has a schema of its own and three log-ins: `<service>_owner` (owns the schema, runs
migrations), `<service>_worker` and `<service>_api`. None may even enter another's schema. The keyring database holds
one schema, owned by `keyring_owner`, where every worker and api role may read and insert. Roles belong to the whole
cluster, so several databases of one cluster (one per test worker) share roles and passwords.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from hub_kit.db.pool import Connection
from hub_local.passwords import role_passwords
from hub_local.pki import SERVICES
from hub_local.scram import scram_verifier

HUB = "hub"
KEYRING = "hub_keyring"
KEYRING_SCHEMA = "hub_keyring"
KEYRING_OWNER = "keyring_owner"
SERVICE_PRIVILEGES = "select, insert, update, delete"
KEYRING_PRIVILEGES = "select, insert"
PROVISIONING_LOCK = 0x4855424B  # one provisioning at a time in a cluster: concurrent ALTER ROLE fails
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class ServiceDatabase:
    """DSNs of one service: three roles in the hub's database, two in the keyring's (which differ by role only)."""

    service: str
    schema: str
    owner: str
    worker: str
    api: str
    keyring: str
    keyring_api: str


@dataclass(frozen=True, slots=True)
class HubDatabases:
    """What was provisioned: database names, the keyring owner's DSN (runs its migrations), DSNs by service name."""

    name: str
    keyring_name: str
    keyring_owner: str
    services: dict[str, ServiceDatabase]


@dataclass(frozen=True, slots=True)
class _Schema:
    """One schema with its owner and users, as `sql/schema.sql` takes them."""

    name: str
    owner: str
    users: tuple[str, ...]
    privileges: str


async def provision(
    admin_url: str,
    passwords: Path,
    *,
    name: str = HUB,
    keyring: str = KEYRING,
    services: Sequence[str] = SERVICES,
) -> HubDatabases:
    """Create what is missing and set what differs: roles, both databases, schemas, privileges. Repeatable.

    `passwords` is the file (0600) the generated passwords are kept in; every caller of one cluster must give the same.
    Raises ValueError for a name that is no plain identifier, asyncpg.PostgresError when the administrator may not.
    """
    hub_schemas = [_service_schema(service) for service in services]
    keyring_schema = _keyring_schema(hub_schemas)
    roles = [role for schema in (*hub_schemas, keyring_schema) for role in (schema.owner, *schema.users)]
    known = role_passwords(passwords, _plain(dict.fromkeys(roles)))
    async with _administration(admin_url) as admin:
        for role, password in known.items():
            await _ensure_role(admin, role, password)
        for database, schemas in ((name, hub_schemas), (keyring, [keyring_schema])):
            await _ensure_database(admin, database, template=None)
            await _open_database(admin, database, schemas)
            await _ensure_schemas(_address(admin_url, database), schemas)
    return _databases(admin_url, known, name, keyring, services)


async def clone(
    admin_url: str,
    passwords: Path,
    template: HubDatabases,
    *,
    name: str,
    keyring: str,
) -> HubDatabases:
    """Fresh copies of both databases of `template`, migrated tables included; existing ones of those names are dropped.

    Nobody may be connected to the template. What belongs to a database and not to its content (who may enter,
    search_path) is not copied by PostgreSQL and is set again here. Raises as `provision`.
    """
    services = tuple(template.services)
    hub_schemas = [_service_schema(service) for service in services]
    keyring_schema = _keyring_schema(hub_schemas)
    roles = [role for schema in (*hub_schemas, keyring_schema) for role in (schema.owner, *schema.users)]
    async with _administration(admin_url) as admin:
        for source, target, schemas in (
            (template.name, name, hub_schemas),
            (template.keyring_name, keyring, [keyring_schema]),
        ):
            await _drop(admin, target)
            await _ensure_database(admin, target, template=source)
            await _open_database(admin, target, schemas)
    known = role_passwords(passwords, _plain(dict.fromkeys(roles)))
    return _databases(admin_url, known, name, keyring, services)


async def drop(admin_url: str, *names: str) -> None:
    """Drop these databases if they exist, ending whoever is connected. Roles stay."""
    async with _administration(admin_url) as admin:
        for name in names:
            await _drop(admin, name)


@asynccontextmanager
async def _administration(admin_url: str) -> AsyncIterator[Connection]:
    """The administrator's connection, alone at work in this cluster."""
    admin = await asyncpg.connect(admin_url)
    try:
        await admin.execute("select pg_advisory_lock($1)", PROVISIONING_LOCK)
        yield admin
    finally:
        await admin.close()


async def _ensure_role(admin: Connection, role: str, password: str) -> None:
    verifier = scram_verifier(password)
    exists = await admin.fetchval("select true from pg_roles where rolname = $1", role)
    await admin.execute(f"{'alter' if exists else 'create'} role {role} with login password '{verifier}'")
    if not exists and not await admin.fetchval("select rolsuper from pg_roles where rolname = current_user"):
        # A managed cluster's administrator is no superuser: it must be a member to make schemas for these owners.
        await admin.execute(f"grant {role} to current_user with inherit true, set true")


async def _ensure_database(admin: Connection, database: str, template: str | None) -> None:
    _plain([database, *([template] if template else [])])
    if not await admin.fetchval("select true from pg_database where datname = $1", database):
        await admin.execute(f"create database {database}" + (f" template {template}" if template else ""))


async def _open_database(admin: Connection, database: str, schemas: Iterable[_Schema]) -> None:
    """Say who may enter a database and which schema they see."""
    members = [(role, schema.name) for schema in schemas for role in (schema.owner, *schema.users)]
    await admin.execute(_sql("database", database=database, users=", ".join(role for role, _ in members)))
    for role, schema in members:
        await admin.execute(f"alter role {role} in database {database} set search_path to {schema}")


async def _ensure_schemas(url: str, schemas: Iterable[_Schema]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for schema in schemas:
            users = ", ".join(schema.users)
            await connection.execute(
                _sql("schema", schema=schema.name, owner=schema.owner, users=users, privileges=schema.privileges)
            )
    finally:
        await connection.close()


async def _drop(admin: Connection, database: str) -> None:
    _plain([database])
    await admin.execute(f"drop database if exists {database} with (force)")


def _service_schema(service: str) -> _Schema:
    name = service.replace("-", "_")
    return _Schema(name, f"{name}_owner", (f"{name}_worker", f"{name}_api"), SERVICE_PRIVILEGES)


def _keyring_schema(services: Iterable[_Schema]) -> _Schema:
    users = tuple(user for service in services for user in service.users)
    return _Schema(KEYRING_SCHEMA, KEYRING_OWNER, users, KEYRING_PRIVILEGES)


def _databases(
    admin_url: str, passwords: dict[str, str], name: str, keyring: str, services: Iterable[str]
) -> HubDatabases:
    def dsn(role: str, database: str) -> str:
        return _address(admin_url, database, f"{role}:{passwords[role]}")

    found: dict[str, ServiceDatabase] = {}
    for service in services:
        schema = _service_schema(service)
        worker, api = schema.users
        found[service] = ServiceDatabase(
            service=service,
            schema=schema.name,
            owner=dsn(schema.owner, name),
            worker=dsn(worker, name),
            api=dsn(api, name),
            keyring=dsn(worker, keyring),
            keyring_api=dsn(api, keyring),
        )
    return HubDatabases(name, keyring, dsn(KEYRING_OWNER, keyring), found)


def _address(url: str, database: str, user: str | None = None) -> str:
    """The same server and options as `url`, another database and, when given, another `role:password`."""
    parts = urlsplit(url)
    known_user, _, host = parts.netloc.rpartition("@")
    user = known_user if user is None else user
    return urlunsplit(parts._replace(netloc=f"{user}@{host}" if user else host, path=f"/{database}"))


def _plain(names: Iterable[str]) -> list[str]:
    """These names, all plain identifiers: they are put into statements as they are."""
    checked = list(names)
    wrong = [name for name in checked if not NAME.fullmatch(name)]
    if wrong:
        raise ValueError(f"not a plain identifier of PostgreSQL (a-z, 0-9, _): {', '.join(map(repr, wrong))}")
    return checked


def _sql(name: str, **parts: str) -> str:
    text = (resources.files("hub_local") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    return text.format(**parts)

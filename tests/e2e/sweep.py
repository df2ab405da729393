"""All places where a hub might leave something behind, as (place, bytes)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx

from hub_local.pki import SERVICES
from hub_local.stack import Stack

from .replayed import Copy, read_topics

Places = list[tuple[str, bytes]]


def logs(stack: Stack) -> Places:
    """The log of every process: services, simulators, broker, database, keeper."""
    return [(f"log {path.name}", path.read_bytes()) for path in sorted(stack.infra.layout.logs.iterdir())]


async def metrics(stack: Stack) -> Places:
    """What each service tells its operators: metrics and readiness."""
    found: Places = []
    async with httpx.AsyncClient(verify=stack.internal_tls(), timeout=10) as client:
        for service in SERVICES:
            for path in ("/metrics", "/readyz"):
                answer = await client.get(stack.internal_url(service) + path)
                found.append((f"{service}{path}", answer.content))
    return found


async def topics(stack: Stack) -> Places:
    """Every record of every topic: key, headers, value."""
    return [(f"topic {record.topic}", _whole(record)) for record in await read_topics(stack)]


def _whole(record: Copy) -> bytes:
    parts = [record.key or b"", record.value or b""]
    parts += [part for name, value in record.headers for part in (name.encode(), value)]
    return b"\n".join(parts)


def files(stack: Stack) -> Places:
    """Every file of the data directory but the stores of PostgreSQL and Kafka, and what the simulated DMP keeps."""
    layout = stack.infra.layout
    stores = (layout.postgres, layout.kafka / "data", stack.home / "dmp")
    return [
        (f"file {path.relative_to(layout.data)}", path.read_bytes())
        for path in _files_below(layout.data)
        if not any(path.is_relative_to(store) for store in stores)
    ]


def left_elsewhere(since: float, temporary: Path, rules_cache: Path) -> Places:
    """Files outside the data directory that were written since then: in the services' folder for temporary files, in
    the cache of the official rules, and where programs put such files that don't ask."""
    folders = [temporary, rules_cache, Path("/dev/shm"), Path("/var/tmp")]
    found = [*Path("/tmp").glob("*"), *(path for folder in folders for path in _files_below(folder))]
    return [(f"file {path}", path.read_bytes()) for path in found if path.is_file() and path.stat().st_mtime >= since]


def processes(stack: Stack) -> Places:
    """Command line and environment of every service and of its children, as the operating system shows them."""
    pids = [stack.infra.supervisor.status()[service].pid for service in SERVICES]
    for pid in list(pids):
        pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    shown = [Path(f"/proc/{pid}/{name}") for pid in pids for name in ("cmdline", "environ")]
    return [(str(path), path.read_bytes()) for path in shown]


def worker_names(command_line: bytes) -> set[str]:
    """The modules of `hub_document_builder.workers` that a command line names."""
    words = command_line.decode(errors="replace").split("\0")
    return {word.rpartition(".")[2] for word in words if word.startswith("hub_document_builder.workers.")}


def standard_streams(pids: list[int]) -> set[str]:
    """Where standard input and both outputs of these processes lead."""
    return {str(Path(f"/proc/{pid}/fd/{number}").readlink()) for pid in pids for number in (0, 1, 2)}


def _files_below(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


async def tables(stack: Stack) -> Places:
    """Every row of every table of both databases as the superuser sees it (bytes as hexadecimal)."""
    found: Places = []
    for database in (stack.databases.name, stack.databases.keyring_name):
        parts = urlsplit(stack.infra.database_admin_url)
        connection = await asyncpg.connect(urlunsplit(parts._replace(path=f"/{database}")))
        try:
            async for place in _rows(connection, database):
                found.append(place)
        finally:
            await connection.close()
    return found


async def _rows(connection: asyncpg.Connection[asyncpg.Record], database: str) -> AsyncIterator[tuple[str, bytes]]:
    names = await connection.fetch(
        "select schemaname as schema, tablename as name from pg_tables "
        "where schemaname not in ('pg_catalog', 'information_schema') order by 1, 2"
    )
    for table in names:
        rows = await connection.fetch(f'select t::text as row from "{table["schema"]}"."{table["name"]}" t')
        yield f"table {database}.{table['schema']}.{table['name']}", "\n".join(r["row"] for r in rows).encode()

"""CPU of dmp-publisher for one document, real database, simulated DMP and document-builder in another process.

    HUB_DATABASE_URL=postgresql://… python tests/integration/dmp_publisher/publisher_cpu.py [documents]

Counts this process alone: claim, load, TD0.2, bytes, submission with its three RSA signatures, TD2.1, apply, settle.
"""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
from publisher_world import (
    PHARMACY,
    STRUCT_ID,
    Documents,
    World,
    WorldClock,
    make_resources,
    other_patient,
    pharmacist,
    pharmacy,
    publisher_settings,
)

from hub_kit.db import migrate, open_pool
from hub_kit.security.keywrap import FileKeyWrapper
from hub_simulators.clock import OffsetClock
from hub_simulators.dmp import DmpSettings, DmpSimulator
from hub_simulators.pki import TestPki
from hub_simulators.serving import Listener, mutual_tls


class Folder(Documents):
    """Documents from files, written by the other process."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.kept = _Files(folder)


class _Files(dict[str, bytes]):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def get(self, key: str, default: bytes | None = None) -> bytes:  # type: ignore[override]
        path = self._folder / key
        return path.read_bytes() if path.exists() else b""


async def serve(folder: Path) -> None:
    """The other process: prints the two addresses, then serves until killed."""
    pki = TestPki.create(folder / "pki")
    context = mutual_tls(pki.server.certificate, pki.server.key, pki.trust_file)
    builder = Listener(Folder(folder / "documents"), "127.0.0.1", 0, tls=lambda: context)
    await builder.start()
    async with DmpSimulator(DmpSettings(pki.directory, record_bytes=0)) as simulator:
        sys.stdout.write(f"{simulator.base_url} https://localhost:{builder.port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


async def main(count: int) -> None:
    """Publish `count` documents and print the figure."""
    admin = os.environ["HUB_DATABASE_URL"]
    names = [f"hub_bench_{os.getpid()}", f"hub_bench_{os.getpid()}_keyring"]
    connection = await asyncpg.connect(admin)
    for name in names:
        await connection.execute(f"create database {name}")
    try:
        with tempfile.TemporaryDirectory() as folder:
            await _run(Path(folder), [admin.rpartition("/")[0] + "/" + name for name in names], count)
    finally:
        for name in names:
            await connection.execute(f"drop database {name} with (force)")
        await connection.close()


async def _run(folder: Path, dsns: list[str], count: int) -> None:
    pki = TestPki.create(folder / "pki", key_pool=2)
    pki.issue_structure("1990000001", "HUB")
    (folder / "documents").mkdir()
    (folder / "kek").write_text(base64.b64encode(os.urandom(32)).decode())
    await migrate(dsns[0], [("hub_kit", "migrations/service"), ("hub_dmp_publisher", "migrations")])
    await migrate(dsns[1], [("hub_kit", "migrations/keyring")])
    other = _other_process(folder)
    assert other.stdout is not None
    pool, keyring = await open_pool(dsns[0], size=6, name="bench"), await open_pool(dsns[1], size=1, name="bench")
    try:
        dmp_url, builder_url = other.stdout.readline().split()
        settings = publisher_settings(folder, pki, dsns[0], dmp_url, builder_url)
        settings = settings.model_copy(update={"td21_timeout_seconds": 30.0, "calls_per_structure": 16})
        clock = WorldClock(OffsetClock())
        wrapper = FileKeyWrapper.from_file(folder / "kek")
        world = World(make_resources(pool, keyring, wrapper, clock), clock, settings, None, Documents(), pki)
        await pool.execute("select maintain_seen_event($1, 14)", clock.now().date())
        await world.publish_directory(pharmacy(), pharmacist())
        await world.give_identity(PHARMACY, STRUCT_ID)
        for number in range(count):
            world._days = 0
            await world.built(identity=other_patient(number))
        for name, content in world.documents.kept.items():
            (folder / "documents" / name).write_bytes(content)
        await _measure(world, count)
        await world.close()
    finally:
        other.kill()
        await pool.close()
        await keyring.close()


def _other_process(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, __file__, "serve", str(folder)], stdout=subprocess.PIPE, text=True)


async def _measure(world: World, count: int) -> None:
    size = sum(map(len, world.documents.kept.values())) / count
    cpu, wall = time.process_time(), time.perf_counter()
    done = 0
    while done < count:
        done += await world.turn()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    confirmed = await world.pool.fetchval("select count(*) from publication where status = 'confirmed'")
    sys.stdout.write(
        f"{count} documents of {size:.0f} bytes, {confirmed} confirmed: {1000 * cpu / count:.2f} CPU-ms each, "
        f"{count / wall:.0f} documents/s\n"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(Path(sys.argv[2])))
    else:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))

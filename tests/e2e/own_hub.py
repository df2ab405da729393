"""A hub of its own for tests that break things: its Kafka and its PostgreSQL may be killed, nobody shares them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from hub_kit.run import EXIT_TASK_DIED
from hub_local.errors import ProcessFailed
from hub_local.infra import LocalInfra
from hub_local.layout import Layout
from hub_local.pki import SERVICES
from hub_local.stack import Stack, StackOptions
from hub_local.world import make_world

from .rules_of_today import rules_of_today, until_checked

ATTACHED = ("HUB_KAFKA_", "HUB_DATABASE_URL")
# Short calls: a lease lives as long as the longest road of a document plus 30 s, and that is what a crash costs.
SHORT_CALLS = {
    **{f"HUB_DMP_PUBLISHER_{td}_TIMEOUT_SECONDS": "1.5" for td in ("TD02", "TD31B", "TD21", "BUILDER")},
    "HUB_DMP_PUBLISHER_BREAKER_SECONDS": "1",
}
DIED_SECONDS = 60
REOPEN_TRIES = 40


@asynccontextmanager
async def own_hub(folder: Path, settings: Mapping[str, str] = {}) -> AsyncIterator[Stack]:
    """A hub with three pharmacies and a cabinet on a Kafka and a PostgreSQL that nobody else uses."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ATTACHED)}
    layout = Layout.at(folder / "data", Layout.from_environment({}).jar_cache)
    with LocalInfra(layout, environ=environ) as infra:
        options = StackOptions(
            world=make_world(3, 1),
            rules_dir=rules_of_today(folder / "ans"),
            key_pool=2,
            service_env={**SHORT_CALLS, **settings},
        )
        stack = Stack(infra, options)
        await stack.start()
        try:
            await until_checked(stack)
            yield stack
        finally:
            await end(stack)


async def end(stack: Stack) -> None:
    """The services at once and without ceremony: ordered stops are tested elsewhere and take seconds each."""
    running = stack.infra.supervisor.status()
    for service in SERVICES:
        if service in running and running[service].exit_status is None:
            os.kill(running[service].pid, signal.SIGKILL)
    await asyncio.to_thread(stack.stop)


def pid_of(stack: Stack, name: str) -> int:
    """The id of a running process of this hub."""
    child = stack.infra.supervisor.status()[name]
    assert child.exit_status is None, f"{name} doesn't run"
    return child.pid


async def until_dead(stack: Stack, name: str) -> int:
    """The exit status of a process, once it has ended (negative: by that signal). Raises TimeoutError."""
    async with asyncio.timeout(DIED_SECONDS):
        while (status := stack.infra.supervisor.status()[name].exit_status) is None:
            await asyncio.sleep(0.05)
    return status


async def kill(stack: Stack, name: str) -> None:
    """kill -9 of a process of this hub."""
    os.kill(pid_of(stack, name), signal.SIGKILL)
    assert await until_dead(stack, name) == -signal.SIGKILL


def workers(stack: Stack, module: str) -> list[int]:
    """Ids of document-builder's child processes that run this module of `hub_document_builder.workers`."""
    parent, program = pid_of(stack, "document-builder"), f"hub_document_builder.workers.{module}".encode()
    found: list[int] = []
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        with suppress(FileNotFoundError):
            if program in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                found.append(int(child))
    return found


async def kill_worker(stack: Stack, module: str) -> None:
    """kill -9 of such a child, once there is one. Raises TimeoutError."""
    async with asyncio.timeout(DIED_SECONDS):
        while not (found := workers(stack, module)):
            await asyncio.sleep(0.05)
    os.kill(found[0], signal.SIGKILL)


async def die_by(stack: Stack, service: str, failpoint: str) -> None:
    """Start the service so that it kills itself at that point of its code, and wait until it did."""
    await _start_with(stack, service, f"{failpoint}=kill")
    assert await until_dead(stack, service) == -signal.SIGKILL, f"{service} ended, but not at {failpoint}"


async def end_by(stack: Stack, service: str, failpoint: str) -> None:
    """Start the service so that an exception at that point brings it down, and wait until it did."""
    await _start_with(stack, service, f"{failpoint}=raise")
    assert await until_dead(stack, service) == EXIT_TASK_DIED, f"{service} ended, but not at {failpoint}"


async def _start_with(stack: Stack, service: str, faults: str) -> None:
    await asyncio.to_thread(stack.infra.supervisor.stop, service)
    variable = f"HUB_{service.upper().replace('-', '_')}_FAULTS"
    stack.options.service_env[variable] = faults
    try:
        await asyncio.to_thread(stack.start_service, service)
    finally:
        del stack.options.service_env[variable]


async def kill_kafka(stack: Stack) -> None:
    """kill -9 of the broker, then start it on what it had written."""
    kafka = stack.infra.kafka
    assert kafka is not None
    await kill(stack, "kafka")
    await asyncio.to_thread(kafka.resume)


async def restart_kafka(stack: Stack) -> None:
    """Stop the broker in order and start it."""
    kafka = stack.infra.kafka
    assert kafka is not None
    await asyncio.to_thread(kafka.pause)
    await asyncio.to_thread(kafka.resume)


async def restart_postgres(stack: Stack) -> None:
    """Stop the database in its fast mode and start it."""
    postgres = stack.infra.postgres
    assert postgres is not None
    await asyncio.to_thread(postgres.pause)
    await asyncio.to_thread(postgres.resume)


async def kill_postgres(stack: Stack) -> None:
    """kill -9 of the postmaster, then recovery from the WAL (it refuses to start while an old backend lives)."""
    postgres = stack.infra.postgres
    assert postgres is not None
    await kill(stack, "postgres")
    for _ in range(REOPEN_TRIES):
        try:
            await asyncio.to_thread(postgres.resume)
        except ProcessFailed:
            await asyncio.sleep(0.5)
        else:
            return
    raise AssertionError("PostgreSQL did not start again after kill -9")


def nobody_died(stack: Stack) -> None:
    """Every process of this hub runs: none ended by itself."""
    ended = stack.infra.supervisor.ended()
    assert ended == [], [(child.name, child.exit_status) for child in ended]

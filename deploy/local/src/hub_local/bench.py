"""`make bench`: documents per second, latencies and CPU per document, on this machine, end to end.

Figures are of one run on one machine; CPU-milliseconds per document hold better than wall rates on shared cores.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from hub_local import documents
from hub_local.client import FINAL, Lgo, open_lgos
from hub_local.infra import LocalInfra
from hub_local.layout import Layout, repository_root
from hub_local.meter import Meter, fdatasync_rate
from hub_local.stack import Stack, StackOptions
from hub_local.world import make_world, patients, vaccination

RATES = (5.0, 25.0, 50.0)
MIXED_RATE = 25.0
EVERY_TYPE = 4  # one act in so many is a report, a rapid test or a supplied file
ACCOUNTS = 4
FEW = 4  # structures of the long run
COMMAND = "make bench"
APART = frozenset({"kafka", "postgres", "dmp", "issuer"})  # what is not one of the hub's services
LOOKS = 3  # at the services' memory, evenly spread over the long run: is it flat?


@dataclass(slots=True)
class Phase:
    """One measured phase: what was sent, and what came back when."""

    name: str
    seconds: float
    accepted: dict[str, float] = field(default_factory=dict)
    confirmed: dict[str, float] = field(default_factory=dict)
    post_ms: list[float] = field(default_factory=list)
    other: int = 0

    def latencies(self) -> list[float]:
        """Seconds from accept to confirmed, as the LGO sees it."""
        return sorted(self.confirmed[a] - self.accepted[a] for a in self.confirmed if a in self.accepted)


def run(layout: Layout, rules: Path | None, console: Console, *, quick: bool, structures: list[int]) -> None:
    """Run all phases for each number of structures; write bench/latest.jsonl and print a table."""
    figures: list[dict[str, Any]] = []
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release()}"

    def keep(name: str, value: float, unit: str) -> None:
        figures.append({"name": name, "value": round(value, 3), "unit": unit, "machine": machine, "command": COMMAND})

    keep("disk.fdatasync", fdatasync_rate(layout.data), "1/s")
    for count in structures:
        home = layout.data / f"bench-{count}"
        shutil.rmtree(home, ignore_errors=True)
        try:
            with LocalInfra(Layout.at(home, layout.jar_cache)) as infra:
                asyncio.run(_bench(infra, rules, console, quick, count, keep))
        finally:
            shutil.rmtree(home, ignore_errors=True)
    target = repository_root() / "bench" / "latest.jsonl"
    target.parent.mkdir(exist_ok=True)
    target.write_text("".join(json.dumps(f, ensure_ascii=False) + "\n" for f in figures), encoding="utf-8")
    _print(console, figures)
    console.print(f"→ {target.relative_to(repository_root())}")


async def _bench(infra: LocalInfra, rules: Path | None, console: Console, quick: bool, count: int, keep: Any) -> None:
    world = make_world(count, 0, accounts=ACCOUNTS)
    options = StackOptions(
        world=world, rules_dir=rules, key_pool=8, record_requests=False, log_level="WARNING", keep_contents=False
    )
    stack = Stack(infra, options, lambda text: console.print(f"  · {text}"))
    console.print(f"[bold]{count} structures[/bold]")
    await stack.start()
    meter = Meter({name: child.pid for name, child in infra.supervisor.status().items()})
    seconds = 8.0 if quick else 30.0
    async with open_lgos(stack) as lgos:
        source = _acts(stack)
        # the broker and the statements warm up: figures are of a hub that has run for a while
        await _phase(Phase("warm", 3.0 if quick else 20.0), 25.0, lgos, source)
        for rate in RATES:
            await _measured(Phase(f"{count}.at_{rate:g}", seconds), rate, lgos, source, meter, keep, console)
        mixed = _acts(stack, EVERY_TYPE)
        await _measured(
            Phase(f"{count}.mixed_at_{MIXED_RATE:g}", seconds), MIXED_RATE, lgos, mixed, meter, keep, console
        )
        saturation = Phase(f"{count}.saturation", seconds if quick else 180.0 if count == FEW else 60.0)
        async with asyncio.TaskGroup() as group:
            group.create_task(_watch_memory(saturation, meter, keep))
            await _measured(saturation, None, lgos, source, meter, keep, console)
    for name, size in meter.memory().items():
        keep(f"{count}.memory.{name}", size, "MiB")


async def _watch_memory(phase: Phase, meter: Meter, keep: Any) -> None:
    for look in range(1, LOOKS + 1):
        await asyncio.sleep(phase.seconds / LOOKS)
        size = sum(size for name, size in meter.memory().items() if name not in APART)
        keep(f"{phase.name}.memory.services.at_{phase.seconds * look / LOOKS:.0f}s", size, "MiB")


def _acts(stack: Stack, other_kinds: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """Endless (account, act), structure after structure, a new patient each time: vaccinations.

    With `other_kinds` one act in so many is another of a pharmacy's kinds, each in turn.
    """
    people, number = patients(int(time.time()) % 90_000 + 1), 0
    structures = stack.options.world.structures
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    others = list(documents.of_pharmacy(start).items())
    while True:
        structure = structures[number % len(structures)]
        number += 1
        act = vaccination(structure, next(people), f"B{other_kinds}-{number:07d}", start)
        if other_kinds and number % other_kinds == 0:
            kind, content = others[number // other_kinds % len(others)]
            act = documents.act(kind, structure, act["patient"], f"O{number:07d}", start, content)
        yield structure.client_id, act


async def _measured(
    phase: Phase, rate: float | None, lgos: dict[str, Lgo], source: Any, meter: Meter, keep: Any, console: Console
) -> None:
    meter.start()
    began = time.monotonic()
    await _phase(phase, rate, lgos, source)
    done = len(phase.confirmed)
    wall = max(phase.confirmed.values(), default=began) - began
    cpu = meter.stop()
    lat = phase.latencies()
    keep(f"{phase.name}.rate", done / wall if wall > 0 else 0, "documents/s")
    if rate is not None:  # a backlog's age is no latency
        for q in (50, 95, 99):
            keep(f"{phase.name}.accept_to_confirmed.p{q}", _quantile(lat, q), "s")
    keep(f"{phase.name}.post.p95", _quantile(sorted(phase.post_ms), 95), "ms")
    keep(f"{phase.name}.not_confirmed", len(phase.accepted) - done, "documents")
    services = {n: c for n, c in cpu.items() if n not in APART}
    for name, used in cpu.items():
        keep(f"{phase.name}.cpu.{name}", used * 1000 / max(done, 1), "CPU-ms/document")
    keep(f"{phase.name}.cpu.services", sum(services.values()) * 1000 / max(done, 1), "CPU-ms/document")
    whole = sum(used for name, used in cpu.items() if name not in {"dmp", "issuer"})
    keep(f"{phase.name}.cpu.all_but_simulators", whole * 1000 / max(done, 1), "CPU-ms/document")
    console.print(
        f"  {phase.name}: {done} confirmés, {done / wall if wall > 0 else 0:.1f}/s, p95 {_quantile(lat, 95):.2f} s"
    )


async def _phase(phase: Phase, rate: float | None, lgos: dict[str, Lgo], source: Any) -> None:
    """Send for `seconds` at `rate` (None: as fast as confirmed, 400 on their way), then wait for the rest."""
    sending = True
    window = asyncio.Semaphore(400)

    async def follow(lgo: Lgo) -> None:
        while sending or len(phase.confirmed) + phase.other < len(phase.accepted):
            for event in await lgo.events(wait=1):
                if event["state"] not in FINAL:
                    continue
                if event["state"] == "confirmee":
                    phase.confirmed[event["act_id"]] = time.monotonic()
                elif event["act_id"] in phase.accepted:
                    phase.other += 1
                window.release()

    followers = [asyncio.create_task(follow(lgo)) for lgo in lgos.values()]
    began = time.monotonic()
    try:
        if rate is None:
            await _pour(phase, lgos, source, window, began)
        else:
            await _drip(phase, rate, lgos, source, began)
        sending = False
        async with asyncio.timeout(120):
            await asyncio.gather(*followers)
    except TimeoutError:
        for task in followers:
            task.cancel()


async def _drip(phase: Phase, rate: float, lgos: dict[str, Lgo], source: Any, began: float) -> None:
    """One act a request, evenly spaced."""
    tasks: set[asyncio.Task[None]] = set()
    for number in range(int(rate * phase.seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        client, act = next(source)
        task = asyncio.create_task(_post(phase, lgos[client], [act]))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    if tasks:
        await asyncio.wait(tasks)


async def _pour(phase: Phase, lgos: dict[str, Lgo], source: Any, window: asyncio.Semaphore, began: float) -> None:
    """Batches of 20, as long as the window has room."""
    while time.monotonic() - began < phase.seconds:
        grouped: dict[str, list[dict[str, Any]]] = {}
        for _ in range(20):
            await window.acquire()
            client, act = next(source)
            grouped.setdefault(client, []).append(act)
        await asyncio.gather(*(_post(phase, lgos[client], acts) for client, acts in grouped.items()))


async def _post(phase: Phase, lgo: Lgo, acts: list[dict[str, Any]]) -> None:
    began = time.monotonic()
    try:
        verdicts = await lgo.publish(acts)
    except httpx.HTTPError:
        phase.other += len(acts)
        return
    now = time.monotonic()
    phase.post_ms.append((now - began) * 1000)
    for verdict in verdicts:
        if verdict["status"] == "accepted":
            phase.accepted[verdict["act_id"]] = now


def _quantile(values: list[float], percent: int) -> float:
    if not values:
        return 0.0
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _print(console: Console, figures: list[dict[str, Any]]) -> None:
    table = Table("figure", "valeur", "unité")
    for figure in figures:
        table.add_row(figure["name"], f"{figure['value']:g}", figure["unit"])
    console.print(table)

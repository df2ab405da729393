"""`make demo`: a mixed batch of acts through the public API, their end states, and where to look."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from hub_contracts.document_types import document_types
from hub_contracts.states import ActState
from hub_local import documents
from hub_local.client import FINAL, Lgo, open_lgos
from hub_local.stack import Stack
from hub_local.world import Structure, patients, vaccination

ACTS_EACH = 10
WAIT_SECONDS = 120
# A doubtful send is asked about after twice its timeout: short ones, so that the demo shows it.
DEMO_SETTINGS = {f"HUB_DMP_PUBLISHER_{td}_TIMEOUT_SECONDS": "3" for td in ("TD02", "TD31B", "TD21")}


@dataclass(slots=True)
class Scene:
    """One act of the demo: what it shows, what is expected of it, and what became of it."""

    title: str
    structure: Structure
    act: dict[str, Any]
    expected: ActState
    act_id: str = ""
    state: str = "recue"
    code: str = ""


async def play(stack: Stack, console: Console) -> bool:
    """Play the demo; True when every act ended as expected."""
    async with open_lgos(stack) as lgos, httpx.AsyncClient(base_url=stack.dmp_control_url) as dmp:
        scenes, late = await _prepare(stack, lgos, dmp)
        await _publish(lgos, scenes)
        await _follow(lgos, scenes, late, console)
        _show(console, scenes)
        traces = await _traces(stack, scenes[0].act_id)
        console.print(f"\nTraces de l'acte {scenes[0].act_id} : {traces} enregistrements d'audit.")
    console.print(f"Interface LGO (OpenAPI) : {stack.gateway_url}/v1/openapi.json pendant `make up`")
    console.print(f"Traces : {stack.audit_url}/v1/audit/records?act=…&since=…&until=…&reason=…")
    wrong = [s for s in scenes if s.state != s.expected]
    for scene in wrong:
        console.print(f"[red]{scene.title} : {scene.state} ({scene.code}), {scene.expected} attendu")
    return not wrong


async def _prepare(stack: Stack, lgos: dict[str, Lgo], dmp: httpx.AsyncClient) -> tuple[list[Scene], dict[str, Any]]:
    """The scenes, with the DMP told how to behave; and the identity that will be declared later."""
    structures = stack.options.world.structures
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    seed = int(now.timestamp()) % 100_000
    people = patients(seed)
    numbers = iter(range(1, 10_000))

    def scene(title: str, structure: Structure, expected: ActState, patient: dict[str, Any] | None = None) -> Scene:
        act = vaccination(structure, patient or next(people), f"DEMO-{seed}-{next(numbers):04d}", now)
        return Scene(title, structure, act, expected)

    scenes = [scene("vaccination", s, ActState.CONFIRMEE) for s in structures for _ in range(ACTS_EACH)]
    for structure in (structures[0], structures[-1]):
        contents = documents.of_pharmacy(now) if structure.sector == "SA33" else documents.of_cabinet(now)
        if stack.options.rules_dir is not None:  # the official rules that are about know no such document yet
            contents.pop("bilan_soins_infirmiers", None)
        for kind, content in contents.items():
            act = documents.act(kind, structure, next(people), f"DEMO-{seed}-{next(numbers):04d}", now, content)
            scenes.append(Scene(_title(kind), structure, act, ActState.CONFIRMEE))
    first, second, third, cabinet = structures[0], structures[1], structures[2], structures[-1]

    known = next(people)
    waiting = scene(
        "INS attendu puis déclaré", first, ActState.CONFIRMEE, {**known, "ins": None, "ins_status": "provisoire"}
    )
    scenes.append(waiting)
    opposed = scene("patient opposé (motif légitime)", second, ActState.EXCLUE)
    scenes.append(opposed)
    invalid = scene("numéro de lot absent", third, ActState.REFUSEE)
    invalid.act["content"]["vaccine"]["lot_number"] = ""
    scenes.append(invalid)
    closed = scene("DMP fermé", cabinet, ActState.EXCLUE)
    scenes.append(closed)
    dropped = scene("connexion coupée après l'enregistrement", first, ActState.CONFIRMEE)
    scenes.append(dropped)

    (await dmp.put(f"/patients/{_ins(closed)}", json={"dmp": "terminated"})).raise_for_status()
    behaviour = {"action": "store_then_drop", "operation": "td2.1", "ins": _ins(dropped)}
    (await dmp.post("/behaviours", json=behaviour)).raise_for_status()
    lgo = lgos[second.client_id]
    declared = await lgo.declare("opposition", second.national_id, second.author.id, opposed.act["patient"])
    await lgo.settled(declared)
    return scenes, {"structure": first, "patient": known}


def _title(kind: str) -> str:
    """What the type of an act is called in the table."""
    known = document_types()[kind]
    return known.title.lower() or f"fichier du logiciel ({kind})"


def _ins(scene: Scene) -> str:
    return str(scene.act["patient"]["ins"]["matricule"])


async def _publish(lgos: dict[str, Lgo], scenes: list[Scene]) -> None:
    for client_id, lgo in lgos.items():
        mine = [s for s in scenes if s.structure.client_id == client_id]
        for scene, verdict in zip(mine, await lgo.publish([s.act for s in mine]), strict=True):
            scene.act_id = verdict.get("act_id") or ""


async def _follow(lgos: dict[str, Lgo], scenes: list[Scene], late: dict[str, Any], console: Console) -> None:
    """Follow the feeds to the end; declare the missing identity as soon as its act waits."""
    by_id = {s.act_id: s for s in scenes}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("Actes", total=len(scenes))
        async with asyncio.timeout(WAIT_SECONDS):
            while any(s.state not in FINAL for s in scenes):
                pages = await asyncio.gather(*(lgo.events(wait=1) for lgo in lgos.values()))
                for event in (e for page in pages for e in page):
                    scene = by_id.get(event["act_id"])
                    if scene is None:
                        continue
                    scene.state, scene.code = event["state"], event.get("code") or ""
                    if scene.state == "en_attente_identite" and late:
                        await _declare_late(lgos, late)
                        late = {}
                counts = {state: sum(s.state == state for s in scenes) for state in {s.state for s in scenes}}
                described = ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))
                progress.update(bar, completed=sum(s.state in FINAL for s in scenes), description=described)


async def _declare_late(lgos: dict[str, Lgo], late: dict[str, Any]) -> None:
    structure: Structure = late["structure"]
    lgo = lgos[structure.client_id]
    await lgo.declare("identity", structure.national_id, structure.author.id, late["patient"])


def _show(console: Console, scenes: list[Scene]) -> None:
    table = Table("structure", "acte", "état", "ce que lit le professionnel", "code")
    plain = [s for s in scenes if s.title == "vaccination"]
    for structure in dict.fromkeys(s.structure for s in plain):
        mine = [s for s in plain if s.structure is structure]
        done = sum(s.state == "confirmee" for s in mine)
        table.add_row(structure.name, f"{len(mine)} vaccinations", f"{done} confirmee", ActState.CONFIRMEE.label, "")
    for s in (s for s in scenes if s.title != "vaccination"):
        table.add_row(s.structure.name, s.title, s.state, ActState(s.state).label, s.code)
    console.print(table)


async def _traces(stack: Stack, act_id: str) -> int:
    """How many audit records the act has, once audit has caught up."""
    token = await stack.token(stack.options.world.auditor)
    now = datetime.now(UTC)
    query = {
        "act": act_id,
        "since": (now - timedelta(hours=1)).isoformat(),
        "until": (now + timedelta(hours=1)).isoformat(),
        "reason": "démonstration",
    }
    async with httpx.AsyncClient(base_url=stack.audit_url, headers={"authorization": f"Bearer {token}"}) as audit:
        found: list[dict[str, Any]] = []
        for _ in range(20):
            answer = await audit.get("/v1/audit/records", params=query)
            answer.raise_for_status()
            found = [r for r in answer.json()["records"] if r["action"] != "audit.query"]
            if any(r["outcome"] == "confirmed" for r in found):
                break
            await asyncio.sleep(0.5)
    return len(found)


def example_patients(count: int) -> list[dict[str, Any]]:
    """A few invented patients to play with after `make up`."""
    return list(islice(patients(42), count))

"""The official validators on what the DMP received: the acts of these tests, and 200 generated ones."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub_local.client import Lgo
from hub_local.stack import Stack
from hub_local.world import Structure

from .conftest import ROOT, new_act, stored, until_final

TOOL = ROOT.parent / "shared" / "tools" / "validate_cda.py"
GENERATED = 200
_ROUTES = ("20035000", "20030000", "20020000", "20053000", "20066000")
_SITES = ("16217661000119109", "16217701000119102", "91774008", "64262003", "11207009", "723979003")
_USED = ("D'Aragon", "Ångström-Lefèvre", "Œuvrard", "de La Tour du Pin", "Ñuñez")
_COMMENTS = ("Bien toléré.", "Surveillance 15 min ; pas d'effet.\nRappel prévu.", "é" * 500, '< & > "guillemets" \' 💉')


def generated(rng: random.Random, structure: Structure, number: int) -> dict[str, Any]:
    """A valid act with a random choice of everything that is optional or varies."""
    act = new_act(structure, f"GEN-{number:04d}")
    patient, content = act["patient"], act["content"]
    if rng.random() < 0.4:
        patient["used_name"], patient["used_given_name"] = rng.choice(_USED), rng.choice(("Zoé", "Jean-Noël", "Élise"))
    if rng.random() < 0.5:
        lines = [f"{rng.randint(1, 99)} rue de l'Été", "Bâtiment B", "Lieu-dit « La Côte »"][: rng.randint(1, 3)]
        patient["address"] = {"lines": lines, "postal_code": "29200", "city": "BREST"}
    if rng.random() < 0.5:
        patient["phone"] = "06 00 00 00 01"
    if rng.random() < 0.2:
        patient["birth_date"] = patient["birth_date"][:8] + "00"
    if rng.random() < 0.3:
        act["title"] = "Vaccination – " + rng.choice(("rappel", "dose n° 2", "voyage à l'étranger"))
    content["act_code"] = rng.choice(("BOOSTER", "INITIMMUNIZ", "IMMUNIZ"))
    content["route"] = rng.choice((None, *_ROUTES))
    content["site"] = rng.choice((None, *_SITES))
    content["rank"] = rng.choice((None, 1, 2, 7))
    content["dose"] = rng.choice((None, {"value": "0.5", "unit": "mL"}, {"value": "1", "unit": "{dose}"}))
    content["comment"] = rng.choice((None, *_COMMENTS))
    content["vaccine"]["lot_number"] = rng.choice(("A1", "LOT 12/34-B", "x.y_z", "2026"))
    if rng.random() < 0.3:
        del content["vaccine"]["cip"]
    return act


@pytest.mark.ans
async def test_the_official_validators_find_no_error_in_what_the_dmp_received(
    stack: Stack, lgos: dict[str, Lgo], dmp: httpx.AsyncClient, ans_dir: Path, tmp_path: Path
) -> None:
    if not TOOL.exists():
        pytest.skip(f"no validator at {TOOL}")
    rng = random.Random(20261124)
    structures = stack.options.world.structures
    for structure in structures:
        acts = [generated(rng, structure, n) for n in range(GENERATED) if structures[n % 4] is structure]
        lgo = lgos[structure.client_id]
        verdicts = await lgo.publish(acts)
        assert {v["status"] for v in verdicts} == {"accepted"}, verdicts
        ended = await asyncio.gather(*(until_final(lgo, v["act_id"], 120) for v in verdicts))
        wrong = [(e["external_id"], e["history"][-1]) for e in ended if e["state"] != "confirmee"]
        assert wrong == []
    files = []
    for document in await stored(dmp):
        path = tmp_path / f"{document['seq']}.xml"
        path.write_bytes((await dmp.get(f"/documents/{document['unique_id']}/content")).content)
        files.append(path)
    assert len(files) >= GENERATED
    cache = ["--suite", str(ans_dir), "--cache", str(tmp_path / "cache")]
    command = [sys.executable, str(TOOL), "--profiles", "std", "--json", *cache, *map(str, files)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    reports: dict[str, list[dict[str, str]]] = json.loads(done.stdout)
    assert len(reports) == len(files), done.stderr[-2000:]
    harmless = ("warning", "information", "info")
    errors = {name: [e["message"] for e in found if e["role"] not in harmless] for name, found in reports.items()}
    assert {name: messages for name, messages in errors.items() if messages} == {}

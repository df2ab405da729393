"""The official validators on what the DMP received: the acts of these tests, 200 generated vaccinations, and 104
generated acts of the other types."""

from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub_local import documents
from hub_local.client import Lgo
from hub_local.stack import Stack
from hub_local.world import Structure

from . import supplied_files as files
from .conftest import last_step, new_act, new_patient, stored, typed_act, until_final
from .replayed import Copy, read_topics
from .rules_of_today import BSI, ROOT

TOOL = ROOT.parent / "shared" / "tools" / "validate_cda.py"
GENERATED, ROUNDS = 200, 4
TOO_NEW = (
    "(SMDS_CDAClinicalDocument): The value for code SHALL be selected from value set "
    "'1.2.250.1.213.1.1.5.471' JDV_J07_XdsTypeCode_CISIS (DYNAMIC)."
)
_ROUTES = ("20035000", "20030000", "20020000", "20053000", "20066000")
_SITES = ("16217661000119109", "16217701000119102", "91774008", "64262003", "11207009", "723979003")
_USED = ("D'Aragon", "Ångström-Lefèvre", "Œuvrard", "de La Tour du Pin", "Ñuñez")
_MASKS = (
    ("masked_from_professionals",),
    ("hidden_from_patient",),
    ("hidden_from_legal_representatives",),
    ("masked_from_professionals", "hidden_from_legal_representatives"),
)
_COMMENTS = ("Bien toléré.", "Surveillance 15 min ; pas d'effet.\nRappel prévu.", "é" * 500, '< & > "guillemets" \' 💉')


def generated_typed(rng: random.Random, structure: Structure, kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """A valid act of that type with a random choice of what is around the content."""
    patient, more = new_patient(), {}
    if rng.random() < 0.3:
        patient["used_name"], patient["used_given_name"] = rng.choice(_USED), rng.choice(("Zoé", "Jean-Noël", "Élise"))
    if rng.random() < 0.3:
        relation = rng.choice(("MTH", "FTH"))
        guardian = {"family_name": rng.choice(_USED), "given_name": "Anne-Lise", "relation": relation}
        if rng.random() < 0.5:
            guardian |= {"phone": "0600000002", "address": {"lines": ["2 rue de l'Été"], "city": "BREST"}}
        patient["representatives"] = [guardian]
    if rng.random() < 0.4:
        doctors = [("810000000017", "TRAITANT"), ("810000000025", "D'ÉCHO")][: rng.randint(1, 2)]
        more["recipients"] = [
            {"id": number, "family_name": name, "given_name": "Élodie", "attending": index == 0}
            for index, (number, name) in enumerate(doctors)
        ]
    if rng.random() < 0.3:
        more["device"] = {"model": "TENSIO <3>", "software": "SUITE 1.0"}
    if rng.random() < 0.4:
        more["title"] = rng.choice(("Suivi de l'été", "Bilan « complet » – 2e partie", "Compte rendu n° 2"))
    if rng.random() < 0.5:
        more["visibility"] = dict.fromkeys(rng.choice(_MASKS), True)
    return typed_act(structure, kind, content, patient, **more)


def typed_of(structure: Structure) -> dict[str, dict[str, Any]]:
    """The contents of all types that the structure feeds; and its files in every form."""
    when = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    if structure.sector == "SA33":
        supplied = {"56445-0": files.inline(files.PDF, files.pdfa()), "DISP_AUT": _picture("JPEG")}
        return {**documents.of_pharmacy(when), **supplied}
    supplied = {"PRESC-INF": _picture("TIFF"), "80565-5": files.inline(files.RTF, rb"{\rtf1\ansi Re\'e7u.\par}")}
    return {**documents.of_cabinet(when), **supplied}


def _picture(image_format: str) -> dict[str, Any]:
    return files.inline(f"image/{image_format.lower()}", files.picture(image_format))


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


async def all_confirmed(lgo: Lgo, acts: list[dict[str, Any]]) -> None:
    """Publish these acts of one account and follow them to the DMP."""
    verdicts = await lgo.publish(acts)
    assert {v["status"] for v in verdicts} == {"accepted"}, verdicts
    ended = [await until_final(lgo, v["act_id"], 120) for v in verdicts]
    wrong = [(e["type"], e["external_id"], last_step(e)) for e in ended if e["state"] != "confirmee"]
    assert wrong == []


@pytest.mark.ans
@pytest.mark.timeout(600)
async def test_the_official_validators_find_no_error_in_what_the_dmp_received(
    stack: Stack, lgos: dict[str, Lgo], dmp: httpx.AsyncClient, ans_dir: Path, tmp_path: Path
) -> None:
    """The validator's copy of JDV_J07 is older than the bilan de soins infirmiers: its one finding, and no other."""
    if not TOOL.exists():
        pytest.skip(f"no validator at {TOOL}")
    rng = random.Random(20261124)
    structures = stack.options.world.structures
    types: Counter[str] = Counter()
    for structure in structures:
        acts = [generated(rng, structure, n) for n in range(GENERATED) if structures[n % 4] is structure]
        contents = [*typed_of(structure).items()] * ROUNDS
        acts += [generated_typed(rng, structure, kind, content) for kind, content in contents]
        types.update(act["type"] for act in acts)
        await all_confirmed(lgos[structure.client_id], acts)
    assert types["vaccination"] == GENERATED
    assert (types.total() - GENERATED, len(types)) == (104, 15)
    held = await stored(dmp)
    paths = {str(tmp_path / f"{document['seq']}.xml"): document for document in held}
    for path, document in paths.items():
        content = await dmp.get(f"/documents/{document['unique_id']}/content")
        await asyncio.to_thread(Path(path).write_bytes, content.content)
    assert len(paths) >= types.total()
    errors = await asyncio.to_thread(errors_found, ans_dir, tmp_path / "cache", list(paths))
    newer = {path for path, document in paths.items() if document["document_type"] == BSI}
    assert len(newer) >= ROUNDS
    assert {path: messages for path, messages in errors.items() if messages and path not in newer} == {}
    assert {tuple(errors[path]) for path in newer} == {(TOO_NEW,)}


def errors_found(suite: Path, cache: Path, paths: list[str]) -> dict[str, list[str]]:
    """What the official validators say against each file, in one call: they take long to load."""
    arguments = ["--profiles", "std", "--json", "--suite", str(suite), "--cache", str(cache), *paths]
    done = subprocess.run([sys.executable, str(TOOL), *arguments], capture_output=True, text=True, check=False)
    reports: dict[str, list[dict[str, str]]] = json.loads(done.stdout)
    assert len(reports) == len(paths), done.stderr[-2000:]
    harmless = ("warning", "information", "info")
    return {path: [e["message"] for e in found if e["role"] not in harmless] for path, found in reports.items()}


@pytest.mark.ans
async def test_every_document_was_checked_by_the_schematrons_before_it_left(
    stack: Stack, lgos: dict[str, Lgo], dmp: httpx.AsyncClient, ans_dir: Path
) -> None:
    """As document-builder tells operators, and as the event about each document that the DMP holds tells."""
    structure = stack.options.world.structures[0]
    await all_confirmed(lgos[structure.client_id], [new_act(structure, "CHECKED-1")])
    async with httpx.AsyncClient(verify=stack.internal_tls(), timeout=10) as client:
        rules = (await client.get(stack.internal_url("document-builder") + "/internal/status")).json()["rules"]
    assert (rules["installed"], rules["profile"], rules["problem"]) == (True, "conforme", None)
    built = [json.loads(r.value or b"") for r in await read_topics(stack) if kind_of(r) == b"document.built.v1"]
    checked = {event["document_unique_id"]: event["rules_checked"] for event in built}
    assert checked.keys() >= {document["unique_id"] for document in await stored(dmp)}
    (digests,) = {tuple(rules) for rules in checked.values()}
    patterns = (r"hub:documents:[0-9.]+", r"ans:xsd:CDA_extended:[0-9a-f]{16}", r"ans:schematron:[0-9a-f]{16}")
    assert [bool(re.fullmatch(*pair)) for pair in zip(patterns, digests, strict=True)] == [True] * 3


def kind_of(record: Copy) -> bytes | None:
    """The type of the event that a record is."""
    return dict(record.headers).get("ce_type")

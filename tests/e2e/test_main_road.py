"""The main job, as pharmacies and a nurses' cabinet see it: acts in, documents in the DMP, confirmations out."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
from rich.console import Console

from hub_local.client import Lgo
from hub_local.demo import play
from hub_local.stack import Stack

from .conftest import last_step, new_act, new_patient, stored, until_final, until_state


async def test_the_demo_ends_as_it_should(stack: Stack) -> None:
    assert await play(stack, Console(quiet=True))


async def test_every_structure_feeds_and_each_document_is_there_once(
    stack: Stack, lgos: dict[str, Lgo], dmp: httpx.AsyncClient
) -> None:
    before = {d["unique_id"] for d in await stored(dmp)}
    ids: list[tuple[Lgo, str]] = []
    for structure in stack.options.world.structures:
        acts = [new_act(structure, f"ROAD-{structure.national_id}-{n}") for n in range(3)]
        verdicts = await lgos[structure.client_id].publish(acts)
        ids += [(lgos[structure.client_id], v["act_id"]) for v in verdicts]
    ended = await asyncio.gather(*(until_final(lgo, act_id) for lgo, act_id in ids))
    assert [e["state"] for e in ended] == ["confirmee"] * 12
    new = [d for d in await stored(dmp) if d["unique_id"] not in before]
    assert len(new) == len({d["vaccination_id"] for d in new}) == 12
    assert {d["structure"] for d in new} == {s.national_id for s in stack.options.world.structures}


async def test_the_history_tells_each_step_in_order(stack: Stack, lgos: dict[str, Lgo]) -> None:
    structure = stack.options.world.structures[0]
    lgo = lgos[structure.client_id]
    act_id = (await lgo.publish([new_act(structure, "HISTORY-1")]))[0]["act_id"]
    ended = await until_final(lgo, act_id)
    states = [step["state"] for step in ended["history"]]
    assert states[0] == "recue"
    assert states[-1] == "confirmee"
    assert set(states[1:-1]) == {"en_file"}
    assert all("pas encore" in step["label"] for step in ended["history"][:-1])


async def test_an_act_published_twice_is_one_document(
    stack: Stack, lgos: dict[str, Lgo], dmp: httpx.AsyncClient
) -> None:
    structure = stack.options.world.structures[1]
    lgo, act = lgos[structure.client_id], new_act(structure, "TWICE-1")
    before = len(await stored(dmp))
    first, second = (await lgo.publish([act]))[0], (await lgo.publish([act]))[0]
    assert first["act_id"] == second["act_id"]
    assert second["already_known"] is True
    await until_final(lgo, first["act_id"])
    assert len(await stored(dmp)) == before + 1


async def test_an_act_waits_for_its_identity_and_leaves_in_order_when_it_is_declared(
    stack: Stack, lgos: dict[str, Lgo]
) -> None:
    structure = stack.options.world.structures[2]
    lgo, patient = lgos[structure.client_id], new_patient()
    unknown = {**patient, "ins": None, "ins_status": "provisoire"}
    acts = [new_act(structure, f"WAIT-{n}", unknown) for n in range(3)]
    for n, act in enumerate(acts):
        act["content"]["vaccine"]["cis"] = f"6100000{n}"  # the DMP takes one vaccination of a product and day
    ids = [v["act_id"] for v in await lgo.publish(acts)]
    waiting = [await until_state(lgo, act_id, "en_attente_identite") for act_id in ids]
    assert {w["history"][-1]["code"] for w in waiting} == {"INS_MISSING"}
    declared = await lgo.declare("identity", structure.national_id, structure.author.id, patient)
    assert (await lgo.settled(declared))["state"] == "acceptee"
    ended = [await until_final(lgo, act_id) for act_id in ids]
    assert [e["state"] for e in ended] == ["confirmee"] * 3
    later = new_act(structure, "WAIT-LATER", unknown)  # the identity is kept: no INS needed any more
    later_id = (await lgo.publish([later]))[0]["act_id"]
    assert (await until_final(lgo, later_id))["state"] == "confirmee"


async def test_an_opposition_stops_feeding_and_its_lifting_allows_it_again(stack: Stack, lgos: dict[str, Lgo]) -> None:
    structure = stack.options.world.structures[0]
    lgo, patient = lgos[structure.client_id], new_patient()
    author = structure.author.id
    await lgo.settled(await lgo.declare("opposition", structure.national_id, author, patient))
    opposed = (await lgo.publish([new_act(structure, "OPPOSED-1", patient)]))[0]["act_id"]
    ended = await until_final(lgo, opposed)
    assert (ended["state"], last_step(ended)["code"]) == ("exclue", "PATIENT_OPPOSED")
    await lgo.settled(await lgo.declare("opposition_lifted", structure.national_id, author, patient))
    again = (await lgo.publish([new_act(structure, "OPPOSED-2", patient)]))[0]["act_id"]
    assert (await until_final(lgo, again))["state"] == "confirmee"


async def test_an_invalid_document_is_refused_with_every_field_named(stack: Stack, lgos: dict[str, Lgo]) -> None:
    structure = stack.options.world.structures[3]
    lgo, act = lgos[structure.client_id], new_act(structure, "INVALID-1")
    act["content"]["vaccine"] |= {"lot_number": "", "cis": "12"}
    act["content"]["rank"] = 0
    ended = await until_final(lgo, (await lgo.publish([act]))[0]["act_id"])
    last = last_step(ended)
    assert (ended["state"], last["code"]) == ("refusee", "DOCUMENT_INVALID")
    pointers = {p["pointer"] for p in last["problems"]}
    assert pointers >= {"/content/vaccine/lot_number", "/content/vaccine/cis", "/content/rank"}


async def test_audit_holds_every_fact_of_an_act(stack: Stack, lgos: dict[str, Lgo]) -> None:
    structure = stack.options.world.structures[0]
    lgo = lgos[structure.client_id]
    act_id = (await lgo.publish([new_act(structure, "AUDIT-1")]))[0]["act_id"]
    await until_final(lgo, act_id)
    token = await stack.token(stack.options.world.auditor)
    now = datetime.now(UTC)
    query = {"act": act_id, "reason": "test", "since": (now - timedelta(hours=1)).isoformat()}
    query["until"] = (now + timedelta(hours=1)).isoformat()
    wanted = {"act.receive", "act.identify", "alimentation.decide", "document.build", "document.publish"}
    async with httpx.AsyncClient(base_url=stack.audit_url, headers={"authorization": f"Bearer {token}"}) as audit:
        async with asyncio.timeout(20):
            while True:
                records = (await audit.get("/v1/audit/records", params=query)).json()["records"]
                if wanted <= {r["action"] for r in records}:
                    break
                await asyncio.sleep(0.3)
        completeness = (await audit.get("/v1/audit/completeness")).json()
    assert len([r for r in records if r["action"] in wanted]) == len(wanted)
    assert {s["source"] for s in completeness} >= {"gateway", "identity", "document-builder", "dmp-publisher"}
    by_patient = {**query, "patient": next(r["patient_id"] for r in records if r["patient_id"])}
    assert by_patient["patient"]


async def test_the_feed_is_dense_and_restarts_from_any_point(stack: Stack, lgos: dict[str, Lgo]) -> None:
    structure = stack.options.world.structures[0]
    lgo = lgos[structure.client_id]
    act_id = (await lgo.publish([new_act(structure, "FEED-1")]))[0]["act_id"]
    await until_final(lgo, act_id)
    fresh = Lgo(lgo._http, lgo.client_id)
    seen: list[int] = []
    while events := await fresh.events(limit=7):
        seen += [e["seq"] for e in events]
    assert seen == list(range(1, len(seen) + 1))


async def test_an_outage_of_the_dmp_is_ridden_out(stack: Stack, lgos: dict[str, Lgo], dmp: httpx.AsyncClient) -> None:
    structure = stack.options.world.structures[1]
    lgo = lgos[structure.client_id]
    await dmp.post("/behaviours", json={"action": "http_error", "status": 503, "operation": "td0.2", "count": 3})
    act_id = (await lgo.publish([new_act(structure, "OUTAGE-1")]))[0]["act_id"]
    assert (await until_final(lgo, act_id))["state"] == "confirmee"

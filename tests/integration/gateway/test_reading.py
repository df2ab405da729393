"""What an account may read, page by page; what it reads leaves a trace; the second wall holds by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from gateway_world import CABINET, CABINET_ID, NURSE, PHARMACY, World, act


async def test_a_list_goes_page_by_page_without_gap_or_repeat(world: World) -> None:
    ids = [str(await world.accept(f"L-{n}")) for n in range(7)]
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 3}
    while True:
        page = (await world.get("/v1/acts", **params)).json()
        seen += [a["act_id"] for a in page["acts"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
        if len(seen) == 3:
            await world.accept("L-new")  # comes in between two pages, and belongs to the first
    assert seen == ids[::-1]


async def test_filters_combine(world: World) -> None:
    first = await world.accept("F-1")
    world.clock.advance(3600)
    second = await world.accept("F-2")
    await world.admin.execute("update act set state = 'bloquee' where act_id = $1", second)

    async def listed(**params: Any) -> list[UUID]:
        answer = await world.get("/v1/acts", **params)
        assert answer.status_code == 200, answer.text
        return [UUID(a["act_id"]) for a in answer.json()["acts"]]

    between = (world.clock.now() - timedelta(minutes=30)).isoformat()
    assert await listed() == [second, first]
    assert await listed(state="bloquee") == [second]
    assert await listed(state="recue", external_id="F-2") == []
    assert await listed(external_id="F-1") == [first]
    assert await listed(structure="1330000001") == [second, first]
    assert await listed(structure="1330000003") == []
    assert await listed(**{"from": between}) == [second]
    assert await listed(to=between) == [first]
    assert await listed(**{"from": "0001-01-01T00:00:00Z", "to": "9999-01-01T00:00:00Z"}) == [second, first]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"cursor": "!!"}, "CURSOR_INVALID"),
        ({"cursor": "AAAA"}, "CURSOR_INVALID"),
        ({"state": "perdue"}, "REQUEST_INVALID"),
        ({"limit": 0}, "REQUEST_INVALID"),
        ({"colour": "x"}, "REQUEST_INVALID"),
        ({"external_id": "a\0b"}, "REQUEST_INVALID"),
        ({"from": "hier"}, "REQUEST_INVALID"),
    ],
)
async def test_a_wrong_question_gets_its_code(world: World, params: dict[str, Any], code: str) -> None:
    assert (await world.get("/v1/acts", **params)).json()["code"] == code


async def test_another_accounts_act_is_not_found(world: World) -> None:
    act_id = await world.accept()
    for path in (f"/v1/acts/{act_id}", f"/v1/acts/{uuid4()}"):
        answer = await world.get(path, "lgc-cabinet")  # reads for the same pharmacy, by another account
        assert (answer.status_code, answer.json()["code"]) == (404, "ACT_NOT_FOUND")
    assert (await world.get("/v1/acts", "lgc-cabinet")).json()["acts"] == []
    assert (await world.get("/v1/acts/events", "lgc-cabinet")).json()["events"] == []
    assert await world.outbox("act.read.v1") == []


async def test_what_is_shown_is_traced_and_an_empty_answer_is_not(world: World) -> None:
    ids = [str(await world.accept(f"R-{n}")) for n in range(2)]
    await world.get(f"/v1/acts/{ids[0]}")
    await world.get("/v1/acts")
    await world.get("/v1/acts/events", after=1)
    await world.get("/v1/acts/events", after=2)
    await world.get("/v1/acts", state="confirmee")
    traces = await world.outbox("act.read.v1")
    assert [t["topic"] for t in traces] == ["hub.access"] * 3
    assert [t["event"]["act_ids"] for t in traces] == [[ids[0]], [ids[1], ids[0]], [ids[1]]]
    assert {t["event"]["structure_id"] for t in traces} == {str(PHARMACY)}


async def test_a_trace_names_a_hundred_acts_at_most(world: World) -> None:
    await world.post({"acts": [act(f"H-{n}") for n in range(150)]})
    await world.get("/v1/acts/events", limit=500)
    traces = await world.outbox("act.read.v1")
    assert [len(t["event"]["act_ids"]) for t in traces] == [100, 50]


async def test_when_a_membership_ends_its_acts_are_out_of_sight_and_the_feed_goes_on(world: World) -> None:
    act_id = await world.accept()
    await world.admin.execute("update membership set until = $1 where structure_id = $2", world.clock.now(), PHARMACY)
    assert (await world.get(f"/v1/acts/{act_id}")).json()["code"] == "ACT_NOT_FOUND"
    assert (await world.get("/v1/acts/events")).json() == {"events": [], "next": 0}


TABLES = ("act", "act_history", "declaration")


async def test_the_api_role_sees_only_the_structures_of_its_transaction(world: World) -> None:
    await world.accept()
    cabinet = act("W-1", structure=CABINET_ID, author={"id": NURSE})
    assert (await world.post(cabinet, client_id="lgc-cabinet")).status_code == 202

    async def seen(pool: Any, structures: str | None) -> dict[str, set[UUID]]:
        async with pool.acquire() as connection, connection.transaction():
            if structures is not None:
                await connection.execute("select set_config('hub.structures', $1, true)", structures)
            return {t: {r[0] for r in await connection.fetch(f"select structure_id from {t}")} for t in TABLES[:2]}

    both = {PHARMACY, CABINET}
    api, worker = world.resources.api_pool, world.resources.pool
    assert await seen(api, None) == {"act": set(), "act_history": set()}
    assert await seen(api, "") == {"act": set(), "act_history": set()}
    assert await seen(api, str(CABINET)) == {"act": {CABINET}, "act_history": {CABINET}}
    assert await seen(api, f"{CABINET},{PHARMACY}") == {"act": both, "act_history": both}
    assert await seen(worker, None) == {"act": both, "act_history": both}


async def test_the_api_role_can_not_write_for_another_structure(world: World) -> None:
    act_id = await world.accept()
    async with world.resources.api_pool.acquire() as connection:
        for statement in (
            "insert into declaration (declaration_id, account_id, structure_id, kind, author_id, declared_at, "
            "received_at, state) values ($1, $1, $2, 'identity', '8', now(), now(), 'recue')",
            "insert into act_history (act_id, act_version, account_id, structure_id, event_type, at, recorded_at, "
            "state, applied) values ($1, 1, $1, $2, 'x', now(), now(), 'confirmee', true)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connection.transaction():
                    await connection.execute("select set_config('hub.structures', $1, true)", str(CABINET))
                    await connection.execute(statement, uuid4(), PHARMACY)
        assert await connection.execute("update act set state = 'confirmee' where act_id = $1", act_id) == "UPDATE 0"
        rows = await world.admin.fetch("select relname from pg_class where relrowsecurity order by relname")
        assert [r["relname"] for r in rows] == sorted(TABLES)


async def test_the_documentation_is_complete_and_comes_from_nowhere_else(world: World) -> None:
    document = (await world.client.get("/v1/openapi.json")).json()
    operations = {(m, p): o for p, item in document["paths"].items() for m, o in item.items()}
    assert set(operations) == {
        ("post", "/v1/acts"), ("get", "/v1/acts"), ("get", "/v1/acts/events"), ("get", "/v1/acts/{act_id}"),
        ("post", "/v1/patients/declarations"), ("get", "/v1/patients/declarations/{declaration_id}"),
        ("post", "/v1/attachments"), ("post", "/v1/documents/preview"),
    }  # fmt: skip
    keyed = {"/v1/acts", "/v1/patients/declarations"}
    for (method, path), operation in operations.items():
        assert operation["summary"]
        assert operation["description"]
        assert operation["security"] == [{"jeton": []}]
        statuses = operation["responses"]
        good = next(a for s, a in statuses.items() if s.startswith("2"))
        assert good["content"]["application/json"]["examples"]
        assert "TOKEN_EXPIRED" in statuses["401"]["content"]["application/problem+json"]["examples"]
        assert ("requestBody" in operation) == (method == "post")
        assert ("Idempotency-Key" in [p["name"] for p in operation.get("parameters", [])]) == (
            method == "post" and path in keyed
        )
    assert "Act" in document["components"]["schemas"]
    text = str(document)
    for reference in [part.split("'")[0] for part in text.split("#/components/schemas/")[1:]]:
        assert reference in document["components"]["schemas"]
    page = await world.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "Déposer un acte" in page.text
    assert "http://" not in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_the_documented_examples_are_what_the_api_takes_and_gives(world: World) -> None:
    document = (await world.client.get("/v1/openapi.json")).json()
    body = document["paths"]["/v1/acts"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    world.clock.advance(86_400)
    assert (await world.post(body["acte"]["value"])).status_code == 202
    answer = (await world.post(body["envoi_groupe"]["value"])).json()
    assert (answer["accepted"], answer["verdicts"][0]["already_known"]) == (2, True)
    given = document["paths"]["/v1/acts"]["post"]["responses"]["202"]["content"]["application/json"]["examples"]
    assert set(answer["verdicts"][0]) == set(given["envoi_groupe"]["value"]["verdicts"][0])
    view = (await world.get(answer["verdicts"][0]["location"])).json()
    shown = document["paths"]["/v1/acts/{act_id}"]["get"]["responses"]["200"]["content"]["application/json"]
    example = shown["examples"]["exemple"]["value"]
    null = {"code", "text", "fixer", "next_at"}  # FastAPI leaves nulls out of the examples
    assert set(view) - null == set(example) - null
    assert set(view["history"][0]) - null == set(example["history"][0]) - null

"""`POST /v1/acts` on a real database: what comes in, what stays out, and that nothing comes in twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from gateway_world import (
    CABINET_ID,
    FORMER,
    NURSE,
    PHARMACIST,
    PHARMACY,
    SCHOOL_ID,
    SOLD,
    START,
    World,
    act,
    patient,
)

from hub_contracts.acts import Act
from hub_kit.security.sealed import seal_place


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(p["code"], p["pointer"]) for p in answer.json().get("problems", [])]


async def test_an_act_comes_in_with_its_event_history_and_feed(world: World) -> None:
    answer = await world.post(act())
    assert answer.status_code == 202
    body = answer.json()
    assert answer.headers["location"] == body["location"] == f"/v1/acts/{body['act_id']}"
    assert (body["state"], body["already_known"]) == ("recue", False)
    [sent] = await world.outbox("act.received.v1")
    event = sent["event"]
    assert (sent["topic"], sent["key"], sent["lane"]) == ("hub.act", body["act_id"], str(PHARMACY))
    assert event["wait_until"].startswith("2026-12-24")
    opened = await world.resources.sealer.open_(event["sealed_act"], Act, seal_place("sealed_act", body["act_id"]))
    assert opened == Act.model_validate(act())
    feed = await world.get("/v1/acts/events")
    assert feed.status_code == 200, feed.text
    assert [(e["seq"], e["state"], e["act_id"]) for e in feed.json()["events"]] == [(1, "recue", body["act_id"])]
    assert world.woken


async def test_no_table_of_the_gateway_holds_anything_of_the_patient(world: World) -> None:
    await world.accept()
    declared = {"kind": "identity", "structure": "1330000001", "author": {"id": PHARMACIST}, "patient": patient()}
    answer = await world.post(declared, "/v1/patients/declarations", **{"idempotency-key": "k"})
    assert answer.status_code == 202
    tables = await world.admin.fetch("select relname from pg_class where relkind in ('r', 'p') and relnamespace = $1",
                                     await world.admin.fetchval("select 'public'::regnamespace::oid"))  # fmt: skip
    contents = [str(await world.admin.fetch(f'select t::text from "{row[0]}" t')) for row in tables]
    contents.append(str(await world.admin.fetch("select convert_from(data, 'UTF8') from outbox")))
    assert any(str(PHARMACY) in content for content in contents)
    for secret in ("PAT-TROIS", "279035121518989", "IPP-0042", "V3A27M"):
        assert not [content for content in contents if secret in content]


async def test_the_same_act_again_is_the_same_act_and_no_second_event(world: World) -> None:
    first = (await world.post(act())).json()
    again = (await world.post(act())).json()
    assert again == {**first, "already_known": True}
    assert len(await world.outbox("act.received.v1")) == 1
    assert len((await world.get("/v1/acts/events")).json()["events"]) == 1


async def test_the_same_identifier_with_another_content_is_refused(world: World) -> None:
    await world.accept()
    answer = await world.post(act(title="autre"))
    assert (answer.status_code, answer.json()["code"]) == (409, "ACT_EXTERNAL_ID_REUSED")
    assert codes(answer) == [("ACT_EXTERNAL_ID_REUSED", "/external_id")]


async def test_twenty_requests_at_once_with_one_act_make_one_act(world: World) -> None:
    answers = await asyncio.gather(*(world.post(act()) for _ in range(20)))
    assert {a.status_code for a in answers} == {202}
    assert len({a.json()["act_id"] for a in answers}) == 1
    assert sorted(a.json()["already_known"] for a in answers) == [False] + [True] * 19
    assert len(await world.outbox("act.received.v1")) == 1


async def test_an_identifier_follows_the_pharmacy_that_wore_it_at_the_time(world: World) -> None:
    before = (SOLD - timedelta(days=1)).isoformat()
    answer = await world.post(act(occurred_at=before))
    assert answer.json()["code"] == "STRUCTURE_NOT_MEMBER"  # the account serves the new owner only
    await world.admin.execute(
        "insert into membership select account_id, $1, scopes, since, until, updated_at from membership "
        "where structure_id = $2 and 'acts:write' = any(scopes)", FORMER, PHARMACY
    )  # fmt: skip
    answer = await world.post(act(occurred_at=before))
    assert answer.status_code == 202
    assert await world.admin.fetchval("select structure_id from act") == FORMER


@pytest.mark.parametrize(
    ("changes", "status", "problems"),
    [
        ({"type": "radiographie"}, 422, [("ACT_TYPE_UNKNOWN", "/type")]),
        ({"intent": "replace"}, 422, [("ACT_INTENT_UNAVAILABLE", "/intent")]),
        ({"occurred_at": (START + timedelta(minutes=10)).isoformat()}, 422, [("ACT_DATE_IN_FUTURE", "/occurred_at")]),
        ({"structure": "1990000009"}, 403, [("STRUCTURE_UNKNOWN", "/structure")]),
        ({"structure": CABINET_ID, "author": {"id": NURSE}}, 403, [("STRUCTURE_NOT_MEMBER", "/structure")]),
        ({"author": {"id": "899999999999"}}, 422, [("AUTHOR_UNKNOWN", "/author/id")]),
        ({"author": {"id": NURSE}}, 422, [("AUTHOR_NOT_ACTIVE", "/author/id")]),
        (
            {"patient": patient(ins={"matricule": "279035121518988", "oid": "1.2.250.1.213.1.4.10"})},
            422,
            [("INS_KEY_INVALID", "/patient/ins/matricule")],
        ),
        (
            {"patient": patient(ins={"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.8"})},
            422,
            [("INS_OID_WRONG_ENVIRONMENT", "/patient/ins/oid")],
        ),
        (
            {"patient": patient(ins={"matricule": "279035121518989", "oid": "1.2.3"})},
            422,
            [("INS_OID_UNKNOWN", "/patient/ins/oid")],
        ),
    ],
)
async def test_each_reason_has_its_code_and_its_place(
    world: World, changes: dict[str, Any], status: int, problems: list[tuple[str, str]]
) -> None:
    answer = await world.post(act(**changes))
    assert (answer.status_code, answer.json()["code"]) == (status, problems[0][0])
    assert codes(answer) == problems
    assert answer.headers["content-type"] == "application/problem+json"
    assert await world.admin.fetchval("select count(*) from act") == 0
    assert await world.outbox("act.received.v1") == []


async def test_all_reasons_are_told_at_once(world: World) -> None:
    wrong = patient(ins={"matricule": "279035121518988", "oid": "1.2.250.1.213.1.4.8"})
    answer = await world.post(act(type="x", author={"id": NURSE}, patient=wrong))
    assert answer.json()["code"] == "REQUEST_INVALID"
    assert set(codes(answer)) == {
        ("ACT_TYPE_UNKNOWN", "/type"), ("AUTHOR_NOT_ACTIVE", "/author/id"),
        ("INS_KEY_INVALID", "/patient/ins/matricule"), ("INS_OID_WRONG_ENVIRONMENT", "/patient/ins/oid"),
    }  # fmt: skip
    assert "27903512" not in answer.text


@pytest.mark.parametrize("changes", [{"ins": None}, {"ins_status": "provisoire"}])
async def test_an_identity_that_is_not_qualified_is_no_reason_to_refuse(world: World, changes: dict[str, Any]) -> None:
    assert (await world.post(act(patient=patient(**changes)))).status_code == 202


async def test_a_production_hub_refuses_test_identities_and_structures_in_exercise(make_world: Any) -> None:
    world = await make_world(environment="production")
    real = patient(ins={"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.8"})
    assert (await world.post(act(patient=real))).status_code == 202
    answer = await world.post(act("A-2", patient=real, structure=SCHOOL_ID))
    assert (answer.status_code, answer.json()["code"]) == (403, "STRUCTURE_IN_EXERCISE")
    assert (await world.post(act("A-3"))).json()["code"] == "INS_OID_WRONG_ENVIRONMENT"


async def test_an_ended_membership_gives_no_right(world: World) -> None:
    await world.admin.execute("update membership set until = $1", START)
    assert (await world.post(act())).json()["code"] == "STRUCTURE_NOT_MEMBER"


async def test_each_act_of_a_batch_has_its_verdict_and_the_good_ones_come_in(world: World) -> None:
    batch = [
        act("B-0"),
        act("B-1", type="x"),
        act("B-2", patient={}),
        act("B-3"),
        act("B-0"),
        act("B-0", title="autre"),
        7,
    ]
    answer = await world.post({"acts": batch})
    body = answer.json()
    assert (answer.status_code, body["accepted"], body["refused"]) == (202, 3, 4)
    verdicts = body["verdicts"]
    assert [v["index"] for v in verdicts] == list(range(7))
    assert [v["status"] == "accepted" for v in verdicts] == [True, False, False, True, True, False, False]
    assert verdicts[4]["act_id"] == verdicts[0]["act_id"]
    assert verdicts[4]["already_known"]
    assert verdicts[1]["problem"]["code"] == "ACT_TYPE_UNKNOWN"
    assert {p["pointer"] for p in verdicts[2]["problem"]["problems"]} >= {"/patient/birth_name", "/patient/sex"}
    assert verdicts[5]["problem"]["code"] == "ACT_EXTERNAL_ID_REUSED"
    assert len(await world.outbox("act.received.v1")) == 2
    assert [e["seq"] for e in (await world.get("/v1/acts/events")).json()["events"]] == [1, 2]


async def test_five_hundred_acts_come_in_at_once_and_not_one_more(world: World) -> None:
    answer = await world.post({"acts": [act(f"C-{n}") for n in range(500)]})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 500)
    seqs = await world.admin.fetch("select feed_seq from act_history order by feed_seq")
    assert [r["feed_seq"] for r in seqs] == list(range(1, 501))
    answer = await world.post({"acts": [act(f"D-{n}") for n in range(501)]})
    assert answer.json()["code"] == "BATCH_TOO_LARGE"


async def test_batches_that_cross_do_not_lock_each_other_out(world: World) -> None:
    names = [f"E-{n}" for n in range(60)]
    batches = [{"acts": [act(n) for n in order]} for order in (names, names[::-1], names[30:] + names[:30])]
    answers = await asyncio.gather(*(world.post(b) for b in batches * 3))
    assert {a.status_code for a in answers} == {202}
    assert len(await world.outbox("act.received.v1")) == 60


async def test_an_idempotency_key_gives_the_same_answer_or_is_refused(world: World) -> None:
    batch = {"acts": [act("F-0"), act("F-1", type="x")]}
    first = await world.post(batch, **{"idempotency-key": "k-1"})
    again = await world.post(batch, **{"idempotency-key": "k-1"})
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    other = await world.post({"acts": [act("F-2")]}, **{"idempotency-key": "k-1"})
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert await world.admin.fetchval("select count(*) from act") == 1
    theirs = await world.client.post(
        "/v1/acts", json=act("F-3", structure=CABINET_ID, author={"id": NURSE}),
        headers={**world.headers("lgc-cabinet"), "idempotency-key": "k-1"},
    )  # fmt: skip
    assert theirs.status_code == 202  # another account's key


async def test_one_key_used_by_several_requests_at_once_does_the_work_once(world: World) -> None:
    answers = await asyncio.gather(*(world.post(act("G-1"), **{"idempotency-key": "k-2"}) for _ in range(8)))
    assert {a.status_code for a in answers} == {202}
    assert len({a.content for a in answers}) == 1
    assert len(await world.outbox("act.received.v1")) == 1


@pytest.mark.parametrize("key", ["", "é", "x" * 201])
async def test_a_key_has_a_form(world: World, key: str) -> None:
    headers = {**world.headers(), "idempotency-key": key.encode()}
    answer = await world.client.post("/v1/acts", json=act(), headers=headers)  # type: ignore[arg-type]
    assert answer.json()["code"] == "REQUEST_INVALID"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "REQUEST_NOT_JSON"),
        (b"\xff", "REQUEST_NOT_JSON"),
        (b"", "REQUEST_NOT_JSON"),
        (b"[" * 100_000, "REQUEST_NOT_JSON"),
        (b"[]", "REQUEST_INVALID"),
        (b'"x"', "REQUEST_INVALID"),
        (b'{"acts": []}', "REQUEST_INVALID"),
        (b'{"acts": [{}], "more": 1}', "REQUEST_INVALID"),
        (b'{"external_id": "a\\u0000b"}', "REQUEST_INVALID"),
        (b'{"acts": 3}', "REQUEST_INVALID"),
        (b"0" * (5 << 20), "REQUEST_TOO_LARGE"),
    ],
)
async def test_a_body_that_is_no_act_gets_its_documented_error(world: World, body: bytes, code: str) -> None:
    answer = await world.client.post("/v1/acts", content=body, headers=world.headers())
    assert answer.json()["code"] == code
    assert (await world.post(act())).status_code == 202


async def test_who_may_not_come_in(world: World) -> None:
    async def ask(**headers: str) -> tuple[int, str]:
        answer = await world.client.post("/v1/acts", json=act(), headers=headers)
        return answer.status_code, answer.json()["code"]

    assert await ask() == (401, "TOKEN_MISSING")
    assert await ask(authorization="Bearer x.y.z") == (401, "TOKEN_INVALID")
    assert await ask(**world.headers(scope="acts:read")) == (403, "SCOPE_MISSING")
    assert await ask(**world.headers("inconnu")) == (403, "STRUCTURE_NOT_MEMBER")
    expired = world.issuer.token(exp=int(START.timestamp()) - 100)
    assert await ask(authorization=f"Bearer {expired}") == (401, "TOKEN_EXPIRED")
    await world.admin.execute("update account set active = false")
    assert await ask(**world.headers()) == (403, "STRUCTURE_NOT_MEMBER")


async def test_an_account_is_bound_to_its_issuer(world: World) -> None:
    await world.admin.execute("update account set issuer = 'https://another.test'")
    assert (await world.post(act())).json()["code"] == "STRUCTURE_NOT_MEMBER"


async def test_a_failure_after_the_act_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ConnectionError("gone")

    monkeypatch.setattr(world.resources.outbox, "emit", broken)
    answer = await world.post(act())
    assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
    monkeypatch.undo()
    assert await world.admin.fetchval("select count(*) from act") == 0
    assert UUID(str(await world.accept())) == await world.admin.fetchval("select act_id from act")
    assert await world.admin.fetchval("select feed_seq from account_feed") == 1

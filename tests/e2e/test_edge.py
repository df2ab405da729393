"""What the door refuses, each with its documented error: RFC 9457, a stable code, a French sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from hub_local.client import Lgo
from hub_local.stack import Stack

from .conftest import new_act, until_final


@pytest.fixture
async def http(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    token = await stack.token(stack.options.world.structures[0].client_id)
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=stack.gateway_url, headers=headers, timeout=60) as client:
        yield client


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"urn:hub-dmp:error:{code}"
    assert body["detail"].endswith(".")
    return body


@pytest.mark.parametrize("header", [None, "Bearer x.y.z", "Basic abc"])
async def test_wrong_tokens(stack: Stack, header: str | None) -> None:
    headers = {"authorization": header} if header else {}
    async with httpx.AsyncClient(base_url=stack.gateway_url, headers=headers) as client:
        answer = await client.get("/v1/acts")
    code = "TOKEN_INVALID" if header == "Bearer x.y.z" else "TOKEN_MISSING"
    problem(answer, 401, code)


async def test_an_auditors_token_may_not_publish(stack: Stack) -> None:
    token = await stack.token(stack.options.world.auditor)
    async with httpx.AsyncClient(base_url=stack.gateway_url) as client:
        answer = await client.get("/v1/acts", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code in (401, 403)
    assert answer.json()["code"] in ("SCOPE_MISSING", "TOKEN_INVALID")


async def test_another_tenants_act_does_not_exist(stack: Stack, lgos: dict[str, Lgo], http: httpx.AsyncClient) -> None:
    other = stack.options.world.structures[2]
    act_id = (await lgos[other.client_id].publish([new_act(other, "TENANT-1")]))[0]["act_id"]
    problem(await http.get(f"/v1/acts/{act_id}"), 404, "ACT_NOT_FOUND")
    listed = (await http.get("/v1/acts", params={"limit": 100})).json()
    assert act_id not in str(listed)
    foreign = new_act(other, "TENANT-2")
    answer = await http.post("/v1/acts", json=foreign)
    problem(answer, 403, "STRUCTURE_NOT_MEMBER")


async def test_malformed_json(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/acts", content=b'{"external_id": ', headers={"content-type": "application/json"})
    problem(answer, 400, "REQUEST_NOT_JSON")


async def test_an_unknown_type(stack: Stack, http: httpx.AsyncClient) -> None:
    act = new_act(stack.options.world.structures[0], "TYPE-1") | {"type": "horoscope"}
    body = problem(await http.post("/v1/acts", json=act), 422, "ACT_TYPE_UNKNOWN")
    assert [p["pointer"] for p in body["problems"]] == ["/type"]


async def test_a_field_that_does_not_exist_is_named(stack: Stack, http: httpx.AsyncClient) -> None:
    act = new_act(stack.options.world.structures[0], "FIELD-1")
    act["content"]["vaccine"]["lott"] = "X"
    body = problem(await http.post("/v1/acts", json=act), 422, "REQUEST_INVALID")
    assert any(p["pointer"].endswith("/vaccine/lott") for p in body["problems"])


async def test_a_body_of_sixty_megabytes(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/acts", content=b" " * 60_000_000, headers={"content-type": "application/json"})
    problem(answer, 413, "REQUEST_TOO_LARGE")


async def test_a_bad_ins_key(stack: Stack, http: httpx.AsyncClient) -> None:
    act = new_act(stack.options.world.structures[0], "KEY-1")
    number = act["patient"]["ins"]["matricule"]
    act["patient"]["ins"]["matricule"] = number[:13] + f"{int(number[13:]) % 97 + 1:02d}"
    body = problem(await http.post("/v1/acts", json=act), 422, "INS_KEY_INVALID")
    assert [p["pointer"] for p in body["problems"]] == ["/patient/ins/matricule"]
    assert number not in str(body)


async def test_a_production_oid_in_a_test_hub(stack: Stack, http: httpx.AsyncClient) -> None:
    act = new_act(stack.options.world.structures[0], "OID-1")
    act["patient"]["ins"]["oid"] = "1.2.250.1.213.1.4.8"
    problem(await http.post("/v1/acts", json=act), 422, "INS_OID_WRONG_ENVIRONMENT")


async def test_a_batch_has_a_verdict_for_each(stack: Stack, http: httpx.AsyncClient) -> None:
    structure = stack.options.world.structures[0]
    good, bad = new_act(structure, "BATCH-1"), new_act(structure, "BATCH-2") | {"type": "horoscope"}
    answer = await http.post("/v1/acts", json={"acts": [good, bad, {"external_id": 4}]})
    assert answer.status_code == 202, answer.text
    verdicts = answer.json()["verdicts"]
    assert [v["status"] for v in verdicts] == ["accepted", "refused", "refused"]
    too_many = await http.post("/v1/acts", json={"acts": [good] * 501})
    problem(too_many, 422, "BATCH_TOO_LARGE")


async def test_an_idempotency_key_answers_the_same_and_refuses_another_body(
    stack: Stack, http: httpx.AsyncClient
) -> None:
    structure = stack.options.world.structures[0]
    act, headers = new_act(structure, "IDEM-1"), {"idempotency-key": "cle-1"}
    first = await http.post("/v1/acts", json=act, headers=headers)
    again = await http.post("/v1/acts", json=act, headers=headers)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.headers["location"].startswith("/v1/acts/")
    other = await http.post("/v1/acts", json=new_act(structure, "IDEM-2"), headers=headers)
    problem(other, 409, "IDEMPOTENCY_KEY_REUSED")


async def test_an_unknown_address_and_a_wrong_method(http: httpx.AsyncClient) -> None:
    problem(await http.get("/v1/rien"), 404, "NOT_FOUND")
    problem(await http.delete("/v1/acts"), 405, "METHOD_NOT_ALLOWED")


async def test_the_service_is_still_up(stack: Stack, lgos: dict[str, Lgo]) -> None:
    structure = stack.options.world.structures[0]
    lgo = lgos[structure.client_id]
    act_id = (await lgo.publish([new_act(structure, "STILL-UP")]))[0]["act_id"]
    assert (await until_final(lgo, act_id))["state"] == "confirmee"


async def test_the_openapi_document_has_examples_and_french_summaries(http: httpx.AsyncClient) -> None:
    document = (await http.get("/v1/openapi.json")).json()
    operations = [op for path in document["paths"].values() for op in path.values()]
    assert len(operations) >= 6
    for operation in operations:
        assert operation["summary"]
        assert operation.get("description")
    assert "examples" in str(document["paths"]["/v1/acts"]["post"]["requestBody"])

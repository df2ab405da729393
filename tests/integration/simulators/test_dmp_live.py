"""The simulated DMP over TLS: certificates, each scripted behaviour, the control plane."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from simulator_kinds import INTERVIEW, NURSING_ASSESSMENT, TROD
from simulator_messages import Sender
from simulator_parts import INS, OTHER_INS, STRUCTURE, Document, Mutation, next_version, replacing, swap
from simulator_tls import client_context

from hub_simulators.dmp import DmpSettings, DmpSimulator
from hub_simulators.pki import CertificateKind, TestPki


async def stored(control: httpx.AsyncClient) -> list[dict]:
    return (await control.get("/documents")).json()["documents"]


async def late_stores_done(control: httpx.AsyncClient) -> None:
    for _ in range(250):
        if not (await control.get("/statistics")).json()["late_pending"]:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("a late store never came")


async def test_the_three_transactions(post, control, now_sender: Sender) -> None:
    document = Document()
    answers = [
        await post(w) for w in (now_sender.td02(), now_sender.td21(document), now_sender.td31(document.unique_id))
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    kept = await stored(control)
    assert [entry["unique_id"] for entry in kept] == [document.unique_id]
    assert kept[0]["entry_uuid"] in answers[2].text
    assert kept[0]["patient"] == f"{INS}^^^&1.2.250.1.213.1.4.10&ISO^NH"
    assert kept[0]["structure"] == STRUCTURE
    assert kept[0]["vaccination_id"] == document.vaccination_id
    content = await control.get(f"/documents/{document.unique_id}/content")
    assert content.content.endswith(b"</ClinicalDocument>")
    metadata = await control.get(f"/documents/{document.unique_id}/metadata")
    assert b"ExtrinsicObject" in metadata.content
    statistics = (await control.get("/statistics")).json()
    assert statistics["operations"] == {"td0.2": {"success": 1}, "td2.1": {"success": 1}, "td3.1b": {"success": 1}}
    assert statistics["documents"] == 1


async def test_outside_judges_read_documents_of_every_type(post, control, now_sender: Sender) -> None:
    first, trod = Document(kind=INTERVIEW, masks=("MASQUE_PS",)), Document(kind=TROD)
    for document in (first, trod):
        assert "ResponseStatusType:Success" in (await post(now_sender.td21(document))).text
    kept = {entry["unique_id"]: entry for entry in await stored(control)}
    second = next_version(first)
    await post(now_sender.td21(second, replacing(kept[first.unique_id]["entry_uuid"])))
    seen = (await control.get(f"/documents/{second.unique_id}")).json()
    names = ("document_type", "title", "format", "media_type", "confidentiality", "author_count", "set_id", "version")
    assert [seen[name] for name in names] == [
        "78601-2",
        "CR d'entretien pharmaceutique",
        "urn:ihe:iti:xds-sd:pdf:2008",
        "application/pdf",
        ["N", "MASQUE_PS"],
        1,
        first.set_id,
        2,
    ]
    assert (await control.get(f"/documents/{first.unique_id}")).json()["status"].endswith("Deprecated")
    assert kept[trod.unique_id]["media_type"] == "text/xml"
    content = (await control.get(f"/documents/{second.unique_id}/content")).content
    assert base64.b64decode(content.partition(b'representation="B64">')[2].partition(b"<")[0]) == second.content


async def test_parameters(post, control, now_sender: Sender) -> None:
    assert (await control.get("/parameters")).json() == {"value_sets": "2026", "allow_invisible_and_masked": False}
    changed = await control.put("/parameters", json={"value_sets": "2024"})
    assert changed.json() == {"value_sets": "2024", "allow_invisible_and_masked": False}
    refused = await post(now_sender.td21(Document(kind=NURSING_ASSESSMENT)))
    assert (refused.status_code, "96163-1" in refused.text) == (500, True)
    assert (await control.put("/parameters", json={"value_sets": "2025"})).status_code == 422
    assert (await control.put("/parameters", json={"autre": 1})).status_code == 422
    await control.post("/reset", json={"what": ["parameters"]})
    assert "ResponseStatusType:Success" in (await post(now_sender.td21(Document(kind=NURSING_ASSESSMENT)))).text


async def test_no_client_certificate(simulator, live_pki: TestPki, post, now_sender: Sender) -> None:
    async with httpx.AsyncClient(verify=client_context(live_pki, None)) as anonymous:
        with pytest.raises(httpx.TransportError):
            await post(now_sender.td02(), anonymous)


@pytest.mark.parametrize(("case", "status"), [("expired", None), ("revoked", 403), ("swapped", 403)])
async def test_a_bad_tls_certificate(
    live_pki: TestPki, post, now_sender: Sender, case: str, status: int | None
) -> None:
    options = {
        "expired": {"not_after": datetime.now(UTC) - timedelta(hours=1)},
        "swapped": {"usage": (CertificateKind.ORG_SIGN, CertificateKind.ORG_AUTH_CLI)},
    }.get(case, {})
    pairs = live_pki.issue_structure(STRUCTURE, "PHARMACIE DE TEST", label=f"live-{case}", **options)
    if case == "revoked":
        live_pki.revoke(pairs.auth)
    async with httpx.AsyncClient(verify=client_context(live_pki, pairs.auth)) as client:
        if status is None or case == "swapped":
            # OpenSSL itself refuses an expired certificate, and one that isn't for TLS clients
            with pytest.raises(httpx.TransportError):
                await post(now_sender.td02(), client)
            return
        assert (await post(now_sender.td02(), client)).status_code == status


async def test_the_certificate_of_another_structure(live_pki: TestPki, post, now_sender: Sender) -> None:
    other = live_pki.issue_structure("1330000009", "PHARMACIE VOISINE")
    async with httpx.AsyncClient(verify=client_context(live_pki, other.auth)) as client:
        answer = await post(now_sender.td02(), client)
    assert answer.status_code == 500
    assert "Erreur d&#x27;authentification" in answer.text or "personne morale" in answer.text


async def script(control: httpx.AsyncClient, **behaviour) -> None:
    answer = await control.post("/behaviours", json=behaviour)
    assert answer.status_code == 201, answer.text


async def test_latency(post, control, now_sender: Sender) -> None:
    await script(control, action="latency", latency_ms=150)
    loop = asyncio.get_running_loop()
    start = loop.time()
    assert (await post(now_sender.td02())).status_code == 200
    assert loop.time() - start >= 0.15


@pytest.mark.parametrize(
    ("behaviour", "operation", "status", "text"),
    [
        ({"action": "http_error", "status": 502}, "td02", 502, "Erreur programmée"),
        ({"action": "fault", "text": "Service indisponible"}, "td21", 500, "Service indisponible"),
        ({"action": "registry_error", "code": "XDSRepositoryError"}, "td21", 200, 'errorCode="XDSRepositoryError"'),
        ({"action": "registry_error", "code": "XDSRegistryBusy"}, "td31", 200, 'errorCode="XDSRegistryBusy"'),
        ({"action": "registry_error", "code": "DMPClosed"}, "td02", 200, 'acknowledgement typeCode="AE"'),
    ],
)
async def test_scripted_answers(post, control, now_sender: Sender, behaviour, operation, status, text) -> None:
    wires = {"td02": now_sender.td02, "td21": now_sender.td21, "td31": lambda: now_sender.td31("1.2.3")}
    await script(control, **behaviour)
    answer = await post(wires[operation]())
    assert (answer.status_code, text in answer.text) == (status, True)
    assert await stored(control) == []
    assert (await post(wires[operation]())).status_code == 200


async def test_store_then_drop(post, control, now_sender: Sender) -> None:
    document = Document()
    await script(control, action="store_then_drop", operation="td2.1")
    assert (await post(now_sender.td02())).status_code == 200
    with pytest.raises(httpx.TransportError):
        await post(now_sender.td21(document))
    assert [entry["unique_id"] for entry in await stored(control)] == [document.unique_id]
    assert (await control.get("/behaviours")).json() == []
    again = await post(now_sender.td21(document))
    assert "XDSDuplicateUniqueIdInRegistry" in again.text


async def test_drop_then_store_late(post, control, now_sender: Sender) -> None:
    document = Document()
    await script(control, action="drop_then_store_late", seconds=0.3)
    with pytest.raises(httpx.TransportError):
        await post(now_sender.td21(document))
    assert await stored(control) == []
    assert (await control.get("/statistics")).json()["late_pending"] == 1
    assert "ObjectRef" not in (await post(now_sender.td31(document.unique_id))).text
    await late_stores_done(control)
    assert [entry["unique_id"] for entry in await stored(control)] == [document.unique_id]


async def test_a_late_store_that_comes_after_the_retry_is_refused(post, control, now_sender: Sender) -> None:
    document = Document()
    await script(control, action="drop_then_store_late", seconds=0.3)
    with pytest.raises(httpx.TransportError):
        await post(now_sender.td21(document))
    assert "ResponseStatusType:Success" in (await post(now_sender.td21(document))).text
    await late_stores_done(control)
    assert (await control.get("/statistics")).json()["operations"]["td2.1"]["late_refused"] == 1
    assert len(await stored(control)) == 1


async def test_reset_stores_nothing(post, control, now_sender: Sender) -> None:
    await script(control, action="reset")
    with pytest.raises(httpx.TransportError):
        await post(now_sender.td21())
    assert await stored(control) == []


async def test_truncate_stores_and_cuts_the_answer(post, control, now_sender: Sender) -> None:
    await script(control, action="truncate")
    with pytest.raises(httpx.TransportError):
        await post(now_sender.td21())
    assert len(await stored(control)) == 1


async def test_hang(post, control, client: httpx.AsyncClient, now_sender: Sender) -> None:
    await script(control, action="hang", seconds=30)
    client.timeout = httpx.Timeout(0.3)
    with pytest.raises(httpx.ReadTimeout):
        await post(now_sender.td02())
    client.timeout = httpx.Timeout(5)
    assert (await post(now_sender.td02())).status_code == 200


async def test_matching_by_structure_patient_and_count(post, control, now_sender: Sender) -> None:
    await script(control, action="http_error", structure="1330000009", count=None)
    await script(control, action="http_error", ins=OTHER_INS, count=2)
    assert (await post(now_sender.td02())).status_code == 200
    answers = [(await post(now_sender.td02(ins=OTHER_INS))).status_code for _ in range(3)]
    assert answers == [503, 503, 200]
    assert len((await control.get("/behaviours")).json()) == 1
    await control.delete("/behaviours")
    assert (await control.get("/behaviours")).json() == []


async def test_probability_is_drawn_from_the_seed(post, control, now_sender: Sender) -> None:
    runs = []
    for _ in range(2):
        await script(control, action="http_error", probability=0.5, seed=7, count=None)
        runs.append([(await post(now_sender.td02())).status_code for _ in range(12)])
        await control.delete("/behaviours")
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


async def test_patients_and_reset(post, control, now_sender: Sender) -> None:
    assert (await control.put(f"/patients/{INS}", json={"dmp": "none"})).json()["dmp"] == "none"
    assert 'queryResponseCode code="NF"' in (await post(now_sender.td02())).text
    assert (await control.put(f"/patients/{INS}", json={"dmp": "x"})).status_code == 422
    await post(now_sender.td21(ins=OTHER_INS))
    assert (await control.post("/reset", json={})).status_code == 204
    assert await stored(control) == []
    assert 'queryResponseCode code="OK"' in (await post(now_sender.td02())).text


async def test_the_clock_moves(post, control, now_sender: Sender) -> None:
    await control.put("/clock", json={"offset_seconds": 600})
    assert "IssueInstant" in (await post(now_sender.td02())).text
    await control.put("/clock", json={"offset_seconds": 0})
    assert (await post(now_sender.td02())).status_code == 200


async def test_raw_requests_are_given_back_and_bounded(post, control, now_sender: Sender) -> None:
    wire = now_sender.td21(mutation=Mutation(metadata=swap("PID-8|F", "PID-8|Z")))
    await post(wire)
    listed = (await control.get("/requests")).json()
    assert [(r["operation"], r["outcome"], r["check"]) for r in listed] == [
        ("td2.1", "registry_failure", "sourcepatientinfo")
    ]
    number = listed[0]["number"]
    assert (await control.get(f"/requests/{number}/body")).content == wire.body
    headers = dict((await control.get(f"/requests/{number}")).json()["headers"])
    assert headers["content-type"] == wire.content_type
    await control.put("/recording", params={"max_bytes": len(wire.body) + 10})
    await post(now_sender.td21())
    assert len((await control.get("/requests")).json()) == 1
    await control.put("/recording", params={"max_bytes": 0})
    await post(now_sender.td02())
    assert (await control.get("/requests")).json() == []


async def test_a_body_over_the_limit(live_pki: TestPki, client: httpx.AsyncClient, now_sender: Sender) -> None:
    async with DmpSimulator(replace(DmpSettings(live_pki.directory), max_body=1000)) as small:
        wire = now_sender.td02()
        answer = await client.post(f"{small.base_url}/patients", content=wire.body)
    assert answer.status_code == 413


async def test_documents_survive_a_restart(
    live_pki: TestPki, client: httpx.AsyncClient, now_sender: Sender, tmp_path
) -> None:
    settings = replace(DmpSettings(live_pki.directory), directory=tmp_path)
    wire = now_sender.td21()
    async with DmpSimulator(settings) as first:
        url = f"{first.base_url}/repository"
        assert (
            await client.post(url, content=wire.body, headers={"Content-Type": wire.content_type})
        ).status_code == 200
    async with DmpSimulator(settings) as second, httpx.AsyncClient(base_url=second.control_url) as control:
        assert len(await stored(control)) == 1

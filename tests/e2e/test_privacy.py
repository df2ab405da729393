"""A marked patient goes through everything the hub can do to an act, and is found nowhere that is not sealed.

Marks are words that occur nowhere else. They are looked for in every form in every log, metric, topic, file and table;
the last test plants them to show that this would find them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest

from hub_local.client import FINAL
from hub_local.world import TEST_OID

from . import supplied_files as files
from . import sweep
from .ledger import open_door
from .marked import AROUND, BAD_INS, FIRST_INS, MARKS, PERSON, SECOND_INS, WORDS, Bench, patient, report, spoilt, write
from .marks import Hit
from .own_hub import die_by, end_by, kill_worker, own_hub, workers
from .replayed import Copy, read_topics

pytestmark = [pytest.mark.timeout(600)]
FILLED = (
    "gateway.act",
    "identity.identity",
    "identity.waiting_act",
    "identity.work_item",
    "identity.parked_record",
    "audit.parked_record",
    "document_builder.blob",
    "gateway.blob",
    "gateway.attachment_use",
)
DEBUG = {"HUB_LOG_LEVEL": "DEBUG", "HUB_AUDIT_PAGE_SIZE": "1000"}
REPORTS = {
    "entretien_pharmaceutique": {"treatment", "advice"},
    "bilan_medication": {"treatment", "finding"},
    "trod": {"kit", "advice"},
    "soins_infirmiers": {"care"},
    "bilan_soins_infirmiers": {"nursing problem"},
}
"""The types that the hub writes itself, each with the marks of its content."""


@pytest.fixture(scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    temporary = tmp_path_factory.mktemp("temporary")
    settings = {**DEBUG, "TMPDIR": str(temporary)}
    async with own_hub(tmp_path_factory.mktemp("privacy"), settings) as stack, open_door(stack) as door:
        yield Bench(stack, door, stack.options.world.structures[0], temporary)


async def start(bench: Bench, service: str) -> None:
    await asyncio.to_thread(bench.stack.start_service, service)
    await bench.stack.wait_ready()


async def test_accepted_and_published(bench: Bench) -> None:
    act_id = await bench.publish(bench.act(patient()))
    await bench.until(act_id, "confirmee")
    async with httpx.AsyncClient(base_url=bench.stack.dmp_control_url) as dmp:
        (document,) = (await dmp.get("/documents")).json()["documents"]
        content = (await dmp.get(f"/documents/{document['unique_id']}/content")).content
    there = {hit.mark for hit in MARKS.find("DMP", content)}
    assert there >= PERSON | {"batch number", "product", "comment"}, "the marks must get through"


async def kept_of(bench: Bench, act: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """What the DMP holds of the act, which is the last that it took."""
    await bench.until(await bench.publish(act), "confirmee", bench.account_of(act))
    async with httpx.AsyncClient(base_url=bench.stack.dmp_control_url) as dmp:
        document = (await dmp.get("/documents")).json()["documents"][-1]
        return document, (await dmp.get(f"/documents/{document['unique_id']}/content")).content


@pytest.mark.parametrize("kind", REPORTS)
async def test_a_report_previewed_accepted_and_published(bench: Bench, kind: str) -> None:
    """Marks of the content show in the preview (a PDF draws its letters by number), the others in the document."""
    act = bench.typed(kind, report(kind))
    answer = await bench.account_of(act).post("/v1/documents/preview", json=act)
    assert (answer.status_code, answer.json()["problems"]) == (200, [])
    shown = {hit.mark for hit in MARKS.find("preview", answer.json()["html"].encode())}
    assert shown >= REPORTS[kind] | {"birth name", "title"}
    document, content = await kept_of(bench, act)
    assert (document["title"], document["author_count"]) == ("Note Zqxtitrée", 2)
    assert {hit.mark for hit in MARKS.find("DMP", content)} >= AROUND


async def test_files_accepted_and_published(bench: Bench) -> None:
    """As a text and as a PDF, within the act and deposited."""
    pdf = files.pdfa("Courrier zqxfourni", title="Courrier zqxfourni")
    supplied = ((files.TEXT, "Courrier zqxfourni à ZWXQUIMARQUE.\n".encode()), (files.PDF, pdf))
    for media_type, file in supplied:
        answer = await bench.lgo.post("/v1/attachments", content=file, headers={"content-type": media_type})
        assert (answer.status_code, MARKS.find("answer", answer.content)) == (201, set())
        deposit = files.deposited(media_type, answer.json()["attachment_id"])
        for content in (files.inline(media_type, file), deposit):
            act = bench.typed("61357-0", content)
            answer = await bench.lgo.post("/v1/documents/preview", json=act)
            assert (answer.status_code, answer.json()["problems"]) == (200, [])
            _, kept = await kept_of(bench, act)
            assert {hit.mark for hit in MARKS.find("DMP", kept)} >= AROUND | {"file"}


async def test_reports_and_files_refused(bench: Bench) -> None:
    """By the rules of the content and by those of files; every answer tells places, never words."""
    interview, test = report("entretien_pharmaceutique"), report("trod")
    interview["topics"] = [{"code": "ZQXCODEFAUX", "comment": "Un conseil zqxdonné."}]
    interview["conclusion"] = "ZWXQUIMARQUE\u200b"
    hostile = files.pdf_with_javascript("Courrier zqxfourni")
    acts = [
        bench.typed("entretien_pharmaceutique", interview),
        bench.typed("trod", test | {"test": "ZQXCODEFAUX", "results": [{"exam": "ZQXCODEFAUX", "result": "positif"}]}),
        bench.typed("61357-0", files.inline(files.PDF, b"Courrier zqxfourni")),
        bench.typed("61357-0", files.inline(files.PDF, hostile)),
        bench.typed("61357-0", files.inline(files.PDF, hostile[:-600])),
        bench.typed("61357-0", files.inline(files.TEXT, "Courrier zqxfourni".encode("utf-16"))),
        bench.typed("61357-0", files.inline(files.RTF, rb"{\rtf1 Courrier zqxfourni \pict 00}")),
        bench.typed("61357-0", files.inline(files.JPEG, b"\xff\xd8\xffCourrier zqxfourni")),
    ]
    for number, act in enumerate(acts):
        shown = await bench.lgo.post("/v1/documents/preview", json=act)
        assert shown.status_code == 200, number
        view = await bench.until(await bench.publish(act), "refusee")
        assert view["code"] == "DOCUMENT_INVALID"
        told = json.dumps([view, shown.json()["problems"]], ensure_ascii=False).encode()
        assert (shown.json()["problems"] != [], MARKS.find("answer", told)) == (True, set()), number


async def test_refused_by_the_rules_of_the_document(bench: Bench) -> None:
    act = bench.act(patient(), act_code="ZQXCODEFAUX", rank=0, route="ZQXCODEFAUX")
    act["content"]["vaccine"] |= {"lot_number": "", "atc": "ZQXCODEFAUX"}
    view = await bench.until(await bench.publish(act), "refusee")
    assert view["code"] == "DOCUMENT_INVALID"
    assert MARKS.find("answer", json.dumps(view, ensure_ascii=False).encode()) == set()


@pytest.mark.parametrize(
    "ins", [{"matricule": BAD_INS, "oid": TEST_OID}, {"matricule": FIRST_INS, "oid": "1.2.250.1.213.1.4.8"}]
)
async def test_refused_at_the_door(bench: Bench, ins: dict[str, str]) -> None:
    act = bench.act(patient() | {"ins": ins})
    answer = await bench.lgo.post("/v1/acts", json=act, headers={"idempotency-key": uuid4().hex})
    assert answer.status_code == 422
    assert MARKS.find("answer", answer.content) == set()


async def test_bodies_and_addresses_that_are_wrong(bench: Bench) -> None:
    lgo, act = bench.lgo, bench.act(patient())
    texts = json.dumps(act, ensure_ascii=False)
    previewed = ("/v1/acts", "/v1/documents/preview")
    wrong = (
        bench.typed("61357-0", {"file": {"media_type": files.TEXT, "data": "Courrier zqxfourni $"}}),
        bench.typed("61357-0", {"file": {"media_type": "ZQXCODEFAUX", "data": "Courrier zqxfourni"}}),
        bench.typed("61357-0", files.deposited(files.PDF, FIRST_INS)),
        bench.typed("61357-0", files.deposited(files.PDF, str(uuid4()))),
        bench.typed("trod", report("entretien_pharmaceutique")),
        bench.typed("entretien_pharmaceutique", report("entretien_pharmaceutique") | {"theme": "ZQXCODEFAUX"}),
    )
    answers = [
        await lgo.post("/v1/acts", json=act | {"patient": patient() | {"birth_date": 7, "sex": "ZQXCODEFAUX"}}),
        await lgo.post("/v1/acts", content=texts[:-40].encode(), headers={"content-type": "application/json"}),
        await lgo.post("/v1/acts", content=texts.encode("utf-16"), headers={"content-type": "application/json"}),
        await lgo.post("/v1/acts", json=act | {"patient": patient() | {"zqxchamp": "ZWXQUIMARQUE"}}),
        await lgo.post("/v1/patients/declarations", json={"kind": "opposition", "patient": patient()}),
        await lgo.get("/v1/acts", params={"patient": FIRST_INS, "structure": "ZWXQUIMARQUE"}),
        await lgo.get("/v1/acts", params={"cursor": FIRST_INS}),
        await lgo.get("/v1/patients/ZWXQUIMARQUE", params={"ins": FIRST_INS}),
        await lgo.get(f"/v1/acts/{FIRST_INS}"),
        await lgo.get("/v1/acts", headers={"authorization": f"Bearer {FIRST_INS}"}),
        *[await lgo.post(path, json=act) for path in previewed for act in wrong],
        await lgo.post("/v1/attachments", content=b"zqxfourni", headers={"content-type": "text/zwxquimarque"}),
        await lgo.post(f"/v1/attachments?name={FIRST_INS}", content=b"", headers={"content-type": files.TEXT}),
        await lgo.get(f"/v1/attachments/{FIRST_INS}"),
        await lgo.get("/v1/acts", headers={"user-agent": "LGO ZWXQUIMARQUE", "traceparent": FIRST_INS}),
    ]
    assert [answer.status_code for answer in answers[:-1] if answer.status_code < 400] == []
    for number, answer in enumerate(answers):
        # the name of a field that doesn't exist is told back to who sent it
        told = {hit.mark for hit in MARKS.find("answer", answer.content)}
        assert told <= {"bad field"}, (number, told)


async def test_waiting_for_an_identity_and_released(bench: Bench) -> None:
    for_ever = await bench.publish(bench.act(patient(None, "LOCQZ7731-B")))
    for_a_while = await bench.publish(bench.act(patient(None, "LOCQZ7731-C")))
    differing = await bench.publish(bench.act(patient() | {"birth_date": "1931-07-10"}))
    for act_id in (for_ever, for_a_while, differing):
        await bench.until(act_id, "en_attente_identite")
    who = patient(SECOND_INS, "LOCQZ7731-C") | {"sex": "F"}
    released = bench.act(patient(None, "LOCQZ7731-D") | {"sex": "F"})
    act_id = await bench.publish(released)
    await bench.until(act_id, "en_attente_identite")
    assert await bench.declare("identity", who | {"local_id": "LOCQZ7731-D"}) == "acceptee"
    await bench.until(act_id, "confirmee")
    refused = patient(FIRST_INS, "LOCQZ7731-E") | {"birth_name": "ZWXQUIMARQUE AUTRE"}
    assert await bench.declare("identity", refused) == "refusee"


async def test_opposed(bench: Bench) -> None:
    who = patient(SECOND_INS, "LOCQZ7731-D")
    assert await bench.declare("opposition", who) == "acceptee"
    await bench.until(await bench.publish(bench.act(who)), "exclue")
    assert await bench.declare("opposition_lifted", who) == "acceptee"
    await bench.until(await bench.publish(bench.act(who)), "confirmee")


async def test_a_dmp_that_answers_with_the_patient(bench: Bench) -> None:
    """Texts of the DMP's errors may name a patient: none is told on."""
    text = f"Le patient ZWXQUIMARQUE QXWILFRIDOZ ({FIRST_INS}) LOCQZ7731"
    scripts: list[dict[str, Any]] = [
        {"action": "registry_error", "code": "XDSPatientIdDoesNotMatch", "operation": "td2.1", "text": text},
        {"action": "fault", "operation": "td0.2", "text": text},
        {"action": "http_error", "status": 503, "operation": "td0.2", "text": text},
        {"action": "registry_error", "code": "XDSRegistryError", "operation": "td0.2", "text": text},
    ]
    async with httpx.AsyncClient(base_url=bench.stack.dmp_control_url) as dmp:
        for script in scripts:
            (await dmp.post("/behaviours", json=script)).raise_for_status()
            act_id = await bench.publish(bench.act(patient()))
            async with asyncio.timeout(60):
                while (view := (await bench.lgo.get(f"/v1/acts/{act_id}")).json())["state"] not in FINAL:
                    await asyncio.sleep(0.3)
            assert MARKS.find("answer", json.dumps(view, ensure_ascii=False).encode()) == set()
            assert (await dmp.get("/behaviours")).json() == []


async def test_crashes_with_the_act_in_hand(bench: Bench) -> None:
    """Killed, and brought down by exceptions whose traces go to the log, while holding the act."""
    stack = bench.stack
    acts: list[str] = []
    for service, failpoint, how in (
        ("dmp-publisher", "after_claim", "kill"),
        ("dmp-publisher", "after_peer_call_before_record", "kill"),
        ("document-builder", "after_insert_before_offset_commit", "raise"),
        ("identity", "after_outbox_read", "raise"),
        ("consent-registry", "after_ack_before_delete", "raise"),
    ):
        ending = die_by(stack, service, failpoint) if how == "kill" else end_by(stack, service, failpoint)
        dying = asyncio.create_task(ending)
        await asyncio.sleep(1)
        acts.append(await bench.publish(bench.act(patient())))
        await dying
        await start(bench, service)
    await asyncio.to_thread(stack.infra.supervisor.stop, "dmp-publisher")
    stack.options.service_env["HUB_DMP_PUBLISHER_FAULTS"] = "after_peer_call_before_record=raise"
    await start(bench, "dmp-publisher")
    acts.append(await bench.publish(bench.act(patient())))
    log = stack.infra.supervisor.log_of("dmp-publisher")
    async with asyncio.timeout(60):
        while "InjectedFault" not in log.read_text():
            await asyncio.sleep(0.2)
    await asyncio.to_thread(stack.infra.supervisor.stop, "dmp-publisher")
    del stack.options.service_env["HUB_DMP_PUBLISHER_FAULTS"]
    await start(bench, "dmp-publisher")
    for act_id in acts:
        await bench.until(act_id, "confirmee")


async def test_children_killed_with_the_act_in_hand(bench: Bench) -> None:
    """What prints, examines and checks dies at once while marked acts are built; all are built in the end."""
    text = files.inline(files.TEXT, b"Courrier zqxfourni.\n" * 2000)
    for module in ("press", "schematron"):
        acts = [bench.typed("entretien_pharmaceutique", report("entretien_pharmaceutique")) for _ in range(4)]
        ids = [await bench.publish(act) for act in (*acts, bench.typed("61357-0", text))]
        await kill_worker(bench.stack, module)
        for act_id in ids:
            await bench.until(act_id, "confirmee")


async def test_malformed_events_about_the_patient(bench: Bench) -> None:
    """Records that look like the gateway's and can't be read: parked or dead, the others go on."""
    records = [r for r in await read_topics(bench.stack) if dict(r.headers).get("ce_type") == b"act.received.v1"]
    assert records
    await write(bench.stack, "gateway", [record for r in records[:3] for record in spoilt(r)])
    await bench.until(await bench.publish(bench.act(patient())), "confirmee")
    await asyncio.sleep(2)


async def test_no_log_gives_the_patient_away(bench: Bench) -> None:
    places = sweep.logs(bench.stack)
    assert {name for name, _ in places} >= {"log gateway.log", "log dmp.log", "log kafka.log", "log postgres.log"}
    assert b"InjectedFault" in dict(places)["log document-builder.log"], "the crash must have left its trace"
    assert MARKS.find_in(places) == set()


async def test_no_metric_gives_the_patient_away(bench: Bench) -> None:
    assert MARKS.find_in(await sweep.metrics(bench.stack)) == set()


async def test_no_record_of_a_topic_shows_the_patient(bench: Bench) -> None:
    places = await sweep.topics(bench.stack)
    assert len(places) > 50
    assert MARKS.find_in(places) == set()


async def test_no_file_holds_the_patient(bench: Bench) -> None:
    assert MARKS.find_in(sweep.files(bench.stack)) == set()


async def test_no_file_elsewhere_holds_the_patient(bench: Bench) -> None:
    assert MARKS.find_in(sweep.left_elsewhere(bench.since, bench.temporary, bench.rules_cache)) == set()


async def test_no_program_shows_the_patient_to_who_lists_processes(bench: Bench) -> None:
    places = sweep.processes(bench.stack)
    assert {"press", "schematron"} <= {word for _, content in places for word in sweep.worker_names(content)}
    assert MARKS.find_in(places) == set()
    children = [pid for module in ("press", "schematron") for pid in workers(bench.stack, module)]
    assert sweep.standard_streams(children) == {os.devnull}, "what a library prints must go nowhere"


async def test_no_table_shows_the_patient(bench: Bench) -> None:
    places = await sweep.tables(bench.stack)
    rows = {name.split(".", 1)[1]: content for name, content in places}
    for full in FILLED:
        assert any(name.startswith(full) and content for name, content in rows.items()), f"{full} is empty"
    assert MARKS.find_in(places) == set()


async def test_forged_clear_text_stays_where_it_was_put(bench: Bench) -> None:
    """A principal that may write a stream writes the patient in clear: nobody repeats it in a log or a metric."""
    record = next(
        r for r in await read_topics(bench.stack) if dict(r.headers).get("ce_type") == b"act.received.v1" and r.value
    )
    event = json.loads(record.value or b"")
    forged = [
        event | {"birth_name": "ZWXQUIMARQUE"},
        event | {"structure_id": "ZWXQUIMARQUE"},
        event | {"sealed_act": json.dumps(patient())},
        event | {"author_id": 7, "occurred_at": FIRST_INS},
    ]
    headers = dict(record.headers)
    records = [
        replace(
            record,
            value=json.dumps(e).encode(),
            headers=tuple({**headers, "ce_id": str(uuid4()).encode()}.items()),
        )
        for e in forged
    ]
    odd = {**headers, "ce_id": b"ZWXQUIMARQUE", "ce_type": b"ZWXQUIMARQUE"}
    odder = {**headers, "ce_id": str(uuid4()).encode(), "ce_type": b"ZWXQUIMARQUE", "ce_time": FIRST_INS.encode()}
    records += [replace(record, headers=tuple(odd.items())), replace(record, headers=tuple(odder.items()))]
    await write(bench.stack, "gateway", records)
    await bench.until(await bench.publish(bench.act(patient())), "confirmee")
    await asyncio.sleep(3)
    assert MARKS.find_in(sweep.logs(bench.stack)) == set()
    assert MARKS.find_in(await sweep.metrics(bench.stack)) == set()


@pytest.mark.parametrize(
    "spelling",
    [
        lambda w: w.encode(),
        lambda w: w.upper().encode(),
        lambda w: json.dumps({"k": w}).encode(),
        lambda w: w.encode().hex().encode(),
        lambda w: w.encode("utf-16-le"),
        lambda w: base64.b64encode(b"xx" + w.encode() + b"yyy"),
        lambda w: base64.urlsafe_b64encode(b"x" + json.dumps(w).encode() + b"y"),
        lambda w: base64.b64encode(w.encode()).hex().encode(),
    ],
)
@pytest.mark.parametrize("label", list(WORDS))
def test_the_search_knows_every_spelling(label: str, spelling: Any) -> None:
    content = b"\x00\x01 before " + spelling(WORDS[label]) + b" after"
    assert label in {hit.mark for hit in MARKS.find("here", content)}


async def test_the_search_finds_what_is_planted(bench: Bench) -> None:
    """The positive control: the same sweeps, with the patient put into a log, a file, a topic and a table."""
    stack = bench.stack
    name = WORDS["birth name"]
    with stack.infra.supervisor.log_of("gateway").open("ab") as log:
        log.write(json.dumps({"event": name}).encode() + b"\n")
    planted = stack.home / "planted.bin"
    planted.write_bytes(base64.b64encode(b"...." + name.encode()))
    left = [bench.temporary / "tmpplanted" / "page.pdf", bench.rules_cache / "planted.xml"]
    try:
        for path in left:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"<x>" + name.encode() + b"</x>")
        elsewhere = MARKS.find_in(sweep.left_elsewhere(bench.since, bench.temporary, bench.rules_cache))
    finally:
        for path in left:
            path.unlink()
    assert {Hit(f"file {path}", "birth name", "text") for path in left} <= elsewhere
    await write(stack, "admin", [Copy("hub.access", b"k", (("h", name.encode()),), b"{}")])
    parts = urlsplit(stack.infra.database_admin_url)
    connection = await asyncpg.connect(urlunsplit(parts._replace(path=f"/{stack.databases.name}")))
    try:
        await connection.execute("create table gateway.planted (a text, b bytea)")
        await connection.execute("insert into gateway.planted values (null, $1)", name.encode())
        tables = MARKS.find_in(await sweep.tables(stack))
    finally:
        await connection.execute("drop table gateway.planted")
        await connection.close()
    assert Hit(f"table {stack.databases.name}.gateway.planted", "birth name", "hex") in tables
    assert Hit("log gateway.log", "birth name", "text") in MARKS.find_in(sweep.logs(stack))
    place = f"file {planted.relative_to(stack.infra.layout.data)}"
    assert Hit(place, "birth name", "base64") in MARKS.find_in(sweep.files(stack))
    assert Hit("topic hub.access", "birth name", "text") in MARKS.find_in(await sweep.topics(stack))

"""Every type of document, from what an LGO publishes to what the DMP holds; refusals and previews as LGOs see them."""

from __future__ import annotations

import asyncio
import base64
import html
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pikepdf
import pytest
from lxml import etree

from hub_local import documents
from hub_local.client import Lgo
from hub_local.stack import Stack
from hub_local.world import Structure

from . import supplied_files as files
from .conftest import last_step, new_act, new_patient, stored, typed_act, until_final
from .directory_news import enrol_helper

HL7 = {"h": "urn:hl7-org:v3"}
PDF_FORMAT, TEXT_FORMAT = "urn:ihe:iti:xds-sd:pdf:2008", "urn:ihe:iti:xds-sd:text:2008"
ZERO_WIDTH = "Suivi r\u200bégulier"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the DMP must say of a type: codes (JDV_J66, J57, J60), media type of the body, title when none is given."""

    type: str
    document_class: str
    format: str
    media_type: str
    title: str


PHARMACY = {
    "entretien_pharmaceutique": Wanted(
        "78601-2", "10", PDF_FORMAT, files.PDF, "Compte rendu d'entretien pharmaceutique"
    ),
    "bilan_medication": Wanted("56445-0", "11", PDF_FORMAT, files.PDF, "Bilan partagé de médication"),
    "trod": Wanted(
        "96173-0", "52", "urn:ans:ci-sis:trod:2024", "text/xml", "Test rapide d'orientation diagnostique : TROD Angine"
    ),
    "61357-0": Wanted("61357-0", "42", TEXT_FORMAT, files.TEXT, "Intervention pharmaceutique"),
}
CABINET = {
    "soins_infirmiers": Wanted("11506-3", "10", PDF_FORMAT, files.PDF, "Compte rendu de soins infirmiers"),
    "bilan_soins_infirmiers": Wanted("96163-1", "11", PDF_FORMAT, files.PDF, "Bilan de soins infirmiers"),
    "signes_vitaux": Wanted("29274-8", "10", PDF_FORMAT, files.PDF, "Mesures de signes vitaux"),
    "plan_soins": Wanted("18776-5", "44", PDF_FORMAT, files.PDF, "Plan de soins"),
    "lettre_liaison": Wanted("18761-7", "11", PDF_FORMAT, files.PDF, "Lettre de liaison"),
    "34120-6": Wanted("34120-6", "10", TEXT_FORMAT, files.TEXT, ""),
}
WANTED = PHARMACY | CABINET


def contents() -> dict[str, dict[str, Any]]:
    """An invented content of each type."""
    when = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    return {**documents.of_pharmacy(when), **documents.of_cabinet(when)}


def pharmacy(stack: Stack) -> Structure:
    return stack.options.world.structures[0]


def cabinet(stack: Stack) -> Structure:
    return stack.options.world.structures[-1]


def writes(stack: Stack, kind: str) -> Structure:
    return pharmacy(stack) if kind in PHARMACY else cabinet(stack)


@dataclass(frozen=True, slots=True)
class Bench:
    """The hub, its LGO accounts, and the DMP's control plane."""

    stack: Stack
    lgos: dict[str, Lgo]
    dmp: httpx.AsyncClient

    def http(self, structure: Structure) -> httpx.AsyncClient:
        """The HTTP client of the account that the structure publishes with."""
        return self.lgos[structure.client_id]._http

    async def end(self, structure: Structure, act: dict[str, Any]) -> dict[str, Any]:
        """The act with its history, once it has come to its end."""
        lgo = self.lgos[structure.client_id]
        (verdict,) = await lgo.publish([act])
        assert verdict["status"] == "accepted", verdict
        return await until_final(lgo, verdict["act_id"], 90)

    async def kept(self, structure: Structure, act: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        """What the DMP holds of the act's patient, who has that one document: its description and its XML."""
        ended = await self.end(structure, act)
        assert ended["state"] == "confirmee", last_step(ended)
        found = await self.documents_of(act)
        assert len(found) == 1
        content = (await self.dmp.get(f"/documents/{found[0]['unique_id']}/content")).content
        return found[0], etree.fromstring(content, etree.XMLParser(huge_tree=True, resolve_entities=False))

    async def documents_of(self, act: dict[str, Any]) -> list[dict[str, Any]]:
        """All that the DMP holds of the act's patient."""
        answer = await self.dmp.get("/documents", params={"ins": act["patient"]["ins"]["matricule"]})
        found: list[dict[str, Any]] = answer.json()["documents"]
        return found

    async def refused(self, structure: Structure, act: dict[str, Any]) -> set[tuple[str, str]]:
        """Codes and pointers of the refusal; each has its sentence, and the DMP holds nothing of it."""
        ended = await self.end(structure, act)
        last = last_step(ended)
        assert (ended["state"], last["code"]) == ("refusee", "DOCUMENT_INVALID"), last
        assert all(problem["text"].endswith(".") for problem in last["problems"])
        assert await self.documents_of(act) == []
        return {(problem["code"], problem["pointer"]) for problem in last["problems"]}

    async def deposit(self, structure: Structure, media_type: str, content: bytes) -> httpx.Response:
        """`POST /v1/attachments`."""
        headers = {"content-type": media_type}
        return await self.http(structure).post("/v1/attachments", content=content, headers=headers)

    async def preview(self, structure: Structure, act: dict[str, Any]) -> dict[str, Any]:
        """`POST /v1/documents/preview`."""
        answer = await self.http(structure).post("/v1/documents/preview", json=act)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown


@pytest.fixture
async def bench(stack: Stack, lgos: dict[str, Lgo], dmp: httpx.AsyncClient) -> Bench:
    return Bench(stack, lgos, dmp)


def file_in(document: Any) -> tuple[str, bytes]:
    """Media type and bytes of the body of an N1."""
    (text,) = document.findall("h:component/h:nonXMLBody/h:text", HL7)
    assert text.get("representation") == "B64"
    return text.get("mediaType"), base64.b64decode("".join(text.text.split()), validate=True)


def pages_of(content: bytes) -> int:
    """Pages of a PDF, which says itself that it is a PDF/A-1b."""
    with pikepdf.open(io.BytesIO(content)) as pdf, pdf.open_metadata() as metadata:
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("1", "B")
        return len(pdf.pages)


# ── what the DMP holds ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", sorted(WANTED))
async def test_a_type_reaches_the_dmp_as_what_it_is(bench: Bench, kind: str) -> None:
    structure, wanted = writes(bench.stack, kind), WANTED[kind]
    act = typed_act(structure, kind, contents()[kind])
    document, xml = await bench.kept(structure, act)
    assert (document["document_type"], document["class_code"]) == (wanted.type, wanted.document_class)
    assert (document["format"], document["media_type"]) == (wanted.format, wanted.media_type)
    assert (document["confidentiality"], document["author_count"]) == (["N"], 1)
    assert document["structure"] == structure.national_id
    assert (document["version"], document["set_id"].startswith("2.25.")) == (1, True)
    code, title = xml.find("h:code", HL7), xml.find("h:title", HL7).text
    assert (code.get("code"), document["title"]) == (wanted.type, title)
    assert title == (wanted.title or code.get("displayName"))
    if wanted.media_type == files.TEXT:
        assert file_in(xml) == (files.TEXT, documents.LETTER.encode())
    elif wanted.media_type == files.PDF:
        media_type, printed = file_in(xml)
        assert media_type == files.PDF
        assert pages_of(printed) >= 1
    else:
        assert xml.find("h:component/h:structuredBody", HL7) is not None


async def test_a_supplied_pdf_reaches_the_dmp_as_it_was_supplied(bench: Bench) -> None:
    supplied = files.pdfa()
    act = typed_act(pharmacy(bench.stack), "56445-0", files.inline(files.PDF, supplied), title="Bilan du logiciel")
    document, xml = await bench.kept(pharmacy(bench.stack), act)
    assert file_in(xml) == (files.PDF, supplied)
    assert (document["title"], document["format"]) == ("Bilan du logiciel", PDF_FORMAT)
    assert (document["document_type"], document["class_code"]) == ("56445-0", "11")


@pytest.mark.parametrize(("media_type", "image_format"), [(files.JPEG, "JPEG"), (files.TIFF, "TIFF")])
async def test_an_image_becomes_a_pdf(bench: Bench, media_type: str, image_format: str) -> None:
    content = files.inline(media_type, files.picture(image_format))
    document, xml = await bench.kept(cabinet(bench.stack), typed_act(cabinet(bench.stack), "34120-6", content))
    assert (document["media_type"], document["format"]) == (files.PDF, PDF_FORMAT)
    kind, made = file_in(xml)
    assert (kind, pages_of(made)) == (files.PDF, 1)


async def test_an_rtf_becomes_a_pdf(bench: Bench) -> None:
    content = files.inline(files.RTF, rb"{\rtf1\ansi\deff0 Compte rendu \'e9t\'e9.\par}")
    document, xml = await bench.kept(cabinet(bench.stack), typed_act(cabinet(bench.stack), "34120-6", content))
    assert (document["media_type"], document["format"]) == (files.PDF, PDF_FORMAT)
    assert pages_of(file_in(xml)[1]) == 1


async def test_a_deposited_file_reaches_the_dmp_and_serves_two_acts(bench: Bench) -> None:
    structure, supplied = pharmacy(bench.stack), files.pdfa("Déposé d'abord, nommé ensuite.")
    answer = await bench.deposit(structure, files.PDF, supplied)
    assert answer.status_code == 201, answer.text
    kept = answer.json()
    assert (kept["size"], kept["media_type"]) == (len(supplied), files.PDF)
    for _ in range(2):
        act = typed_act(structure, "61357-0", files.deposited(files.PDF, kept["attachment_id"]))
        document, xml = await bench.kept(structure, act)
        assert file_in(xml) == (files.PDF, supplied)
        assert (document["media_type"], document["format"]) == (files.PDF, PDF_FORMAT)


@pytest.mark.parametrize(
    ("visibility", "codes"),
    [
        ({"masked_from_professionals": True}, ["MASQUE_PS"]),
        ({"hidden_from_patient": True}, ["INVISIBLE_PATIENT"]),
        ({"hidden_from_legal_representatives": True}, ["INVISIBLE_REPRESENTANTS_LEGAUX"]),
        (
            {"masked_from_professionals": True, "hidden_from_legal_representatives": True},
            ["MASQUE_PS", "INVISIBLE_REPRESENTANTS_LEGAUX"],
        ),
    ],
)
@pytest.mark.parametrize("kind", ["bilan_medication", "trod", "34120-6"])
async def test_masks_reach_the_dmp(bench: Bench, kind: str, visibility: dict[str, bool], codes: list[str]) -> None:
    structure = writes(bench.stack, kind)
    document, xml = await bench.kept(structure, typed_act(structure, kind, contents()[kind], visibility=visibility))
    assert document["confidentiality"] == ["N", *codes]
    assert xml.find("h:confidentialityCode", HL7).get("code") == "N"


@pytest.mark.parametrize("kind", ["vaccination", "plan_soins"])
async def test_a_patient_who_uses_another_family_name_alone(bench: Bench, kind: str) -> None:
    """Most married women: a used name, and no used given name."""
    structure, who = cabinet(bench.stack), new_patient() | {"used_name": "MARIEE-TEST"}
    plan = typed_act(structure, "plan_soins", documents.care_plan(), who)
    act = plan if kind == "plan_soins" else new_act(structure, f"USED-{uuid4().hex[:8]}", who)
    _, xml = await bench.kept(structure, act)
    assert "MARIEE-TEST" in [f.text for f in xml.findall("h:recordTarget//h:patient/h:name/h:family", HL7)]


async def test_several_authors_recipients_and_representatives(bench: Bench) -> None:
    structure = pharmacy(bench.stack)
    helper = await enrol_helper(bench.stack, structure)
    mother = {"family_name": "MERE-TEST", "given_name": "JEANNE", "relation": "MTH", "phone": "0600000001"}
    doctor = {"id": "810000000017", "family_name": "TRAITANT-TEST", "given_name": "CHARLES", "attending": True}
    act = typed_act(
        structure,
        "entretien_pharmaceutique",
        documents.interview(),
        new_patient() | {"representatives": [mother]},
        co_authors=[{"id": helper}],
        device={"model": "TENSIO 3", "software": "TENSIO 1.0"},
        recipients=[doctor],
    )
    document, xml = await bench.kept(*await admitted(bench, structure, act))
    assert document["author_count"] == 3
    authors = [a.get("extension") for a in xml.findall("h:author/h:assignedAuthor/h:id", HL7)]
    assert authors[:2] == [structure.author.id, helper]
    assert xml.find(".//h:guardian//h:family", HL7).text == "MERE-TEST"
    assert xml.find("h:informationRecipient//h:family", HL7).text == "TRAITANT-TEST"
    assert xml.find("h:participant[@typeCode='INF']", HL7) is not None


async def admitted(bench: Bench, structure: Structure, act: dict[str, Any]) -> tuple[Structure, dict[str, Any]]:
    """The act again, once the gateway knows its people: it reads the annuaire every few seconds."""
    async with asyncio.timeout(30):
        while True:
            answer = await bench.http(structure).post("/v1/documents/preview", json=act)
            if answer.status_code == 200:
                return structure, act
            assert answer.status_code in (422, 503), answer.text
            await asyncio.sleep(0.5)


async def test_a_preparateur_writes_and_a_pharmacist_answers(bench: Bench) -> None:
    structure = pharmacy(bench.stack)
    helper = await enrol_helper(bench.stack, structure)
    delegated = {"author": {"id": helper}, "responsible": {"id": structure.author.id}}
    act = typed_act(structure, "entretien_pharmaceutique", documents.interview(), **delegated)
    document, xml = await bench.kept(*await admitted(bench, structure, act))
    assert document["author_count"] == 1
    assert xml.find("h:author/h:assignedAuthor/h:id", HL7).get("extension") == helper
    answers = xml.find("h:legalAuthenticator/h:assignedEntity/h:id", HL7)
    assert answers.get("extension") == structure.author.id
    test = typed_act(structure, "trod", contents()["trod"], **delegated)
    assert ("AUTHOR_NOT_FOR_TYPE", "/author/id") in await bench.refused(structure, test)
    alone = typed_act(structure, "entretien_pharmaceutique", documents.interview(), author={"id": helper})
    ended = await bench.end(structure, alone)
    assert (ended["state"], ended["code"]) == ("refusee", "AUTHOR_MAY_NOT_FEED")


async def test_a_pharmacist_writes_no_bilan_de_soins_infirmiers(bench: Bench) -> None:
    structure = pharmacy(bench.stack)
    act = typed_act(structure, "bilan_soins_infirmiers", documents.nursing_assessment())
    ended = await bench.end(structure, act)
    assert (ended["state"], ended["code"]) == ("refusee", "AUTHOR_MAY_NOT_FEED")
    assert await bench.documents_of(act) == []


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("media_type", "content", "code"),
    [
        (files.PDF, b"%PDF-1.4 coupe", "PDF_UNREADABLE"),
        (files.PDF, b"GIF89a", "FILE_TYPE_MISMATCH"),
        (files.JPEG, files.pdfa(), "FILE_TYPE_MISMATCH"),
        (files.PDF, files.pdf_with_javascript(), "PDF_SCRIPT"),
        (files.PDF, files.encrypted_pdf(), "PDF_ENCRYPTED"),
        (files.TEXT, b"\xff\xfe\x00 pas un texte", "TEXT_UNREADABLE"),
        (files.TEXT, b" \n ", "TEXT_BLANK"),
        (files.JPEG, files.picture("JPEG")[:-900], "IMAGE_UNREADABLE"),
    ],
)
async def test_a_file_that_may_not_enter_is_refused(bench: Bench, media_type: str, content: bytes, code: str) -> None:
    structure = pharmacy(bench.stack)
    act = typed_act(structure, "56445-0", files.inline(media_type, content), title="x" * 200)
    problems = await bench.refused(structure, act)
    assert {(code, "/content/file"), ("DOC_TITLE_TOO_LONG", "/title")} <= problems
    assert {pointer for _, pointer in problems} == {"/content/file", "/title"}


async def test_every_problem_of_a_report_is_told_at_once(bench: Bench) -> None:
    structure, content = pharmacy(bench.stack), documents.interview()
    content["topics"] += [{"code": "inconnu"}]
    content["conclusion"] = ZERO_WIDTH
    content["treatments"][0] |= {"since": "2026-02-01", "until": "2026-01-01"}
    content["measures"][0]["date"] = "2031-01-01"
    act = typed_act(structure, "entretien_pharmaceutique", content, title="x" * 200)
    assert await bench.refused(structure, act) == {
        ("DOC_TITLE_TOO_LONG", "/title"),
        ("INTERVIEW_TOPIC_UNKNOWN", f"/content/topics/{len(content['topics']) - 1}/code"),
        ("DOC_TEXT_FORBIDDEN_CHARACTER", "/content/conclusion"),
        ("PERIOD_INVERTED", "/content/treatments/0/until"),
        ("DATE_IN_FUTURE", "/content/measures/0/date"),
    }


ADVICE: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("bilan_medication", lambda c: c["findings"][0].update(problem=ZERO_WIDTH), "/content/findings/0/problem"),
    ("trod", lambda c: c.update(conclusion=ZERO_WIDTH), "/content/conclusion"),
    ("soins_infirmiers", lambda c: c["care"][0].update(label=ZERO_WIDTH), "/content/care/0/label"),
    (
        "bilan_soins_infirmiers",
        lambda c: c["problems"][0].update(objective=ZERO_WIDTH),
        "/content/problems/0/objective",
    ),
    ("signes_vitaux", lambda c: c["measures"][1].update(label=ZERO_WIDTH), "/content/measures/1/label"),
    ("plan_soins", lambda c: c.update(people=[ZERO_WIDTH]), "/content/people/0"),
    ("lettre_liaison", lambda c: c.update(summary=ZERO_WIDTH), "/content/summary"),
]


@pytest.mark.parametrize(("kind", "spoil", "pointer"), ADVICE, ids=[kind for kind, _, _ in ADVICE])
async def test_characters_that_nobody_sees_are_refused_in_every_type(
    bench: Bench, kind: str, spoil: Callable[[dict[str, Any]], Any], pointer: str
) -> None:
    structure, content = writes(bench.stack, kind), contents()[kind]
    spoil(content)
    problems = await bench.refused(structure, typed_act(structure, kind, content))
    assert {found for _, found in problems} == {pointer}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"test": "peste"}, "/content/test"),
        ({"results": [{"exam": "78012-2", "result": "positif"}], "test": "grippe"}, "/content/results/0/exam"),
    ],
)
async def test_a_rapid_test_that_does_not_exist(bench: Bench, changes: dict[str, Any], problem: str) -> None:
    structure = pharmacy(bench.stack)
    problems = await bench.refused(structure, typed_act(structure, "trod", contents()["trod"] | changes))
    assert problem in {pointer for _, pointer in problems}


async def test_a_note_de_vaccination_is_never_masked(bench: Bench) -> None:
    structure = pharmacy(bench.stack)
    act = new_act(structure, f"MASKED-{uuid4().hex[:8]}") | {"visibility": {"masked_from_professionals": True}}
    assert ("DOC_VISIBILITY_NOT_ALLOWED", "/visibility") in await bench.refused(structure, act)


async def test_a_document_hidden_from_both_sides_is_refused(bench: Bench) -> None:
    """The DMP's parameter cumul-invisible_patient-masque_ps is off."""
    structure = cabinet(bench.stack)
    both = {"masked_from_professionals": True, "hidden_from_patient": True}
    act = typed_act(structure, "plan_soins", documents.care_plan(), visibility=both)
    assert {pointer for _, pointer in await bench.refused(structure, act)} == {"/visibility"}


# ── the door ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_base64_that_is_none_and_a_file_that_nobody_deposited(bench: Bench) -> None:
    structure = pharmacy(bench.stack)
    bad = typed_act(structure, "56445-0", {"file": {"media_type": files.PDF, "data": "JVBERi0xLjQ$"}})
    nobody = typed_act(structure, "56445-0", files.deposited(files.PDF, str(uuid4())))
    for act, code, pointer in (
        (bad, "ATTACHMENT_UNREADABLE", "/content/file/data"),
        (nobody, "ATTACHMENT_UNKNOWN", "/content/file/attachment"),
    ):
        for path in ("/v1/acts", "/v1/documents/preview"):
            answer = await bench.http(structure).post(path, json=act)
            assert (answer.status_code, answer.json()["code"]) == (422, code), path
            assert [p["pointer"] for p in answer.json()["problems"]] == [pointer]
    good = typed_act(structure, "56445-0", files.inline(files.PDF, files.pdfa()))
    verdicts = await bench.lgos[structure.client_id].publish([bad, good, nobody])
    assert [v["status"] for v in verdicts] == ["refused", "accepted", "refused"]
    ended = await until_final(bench.lgos[structure.client_id], verdicts[1]["act_id"])
    assert ended["state"] == "confirmee"


@pytest.mark.parametrize(
    ("media_type", "content", "status", "code"),
    [
        ("application/zip", b"PK\x03\x04", 415, "ATTACHMENT_TYPE_UNSUPPORTED"),
        (files.PDF, b"", 422, "ATTACHMENT_UNREADABLE"),
        (files.PDF, b"%PDF-1.4" + b" " * (21 << 20), 413, "REQUEST_TOO_LARGE"),
    ],
)
async def test_what_is_not_taken_as_a_file(
    bench: Bench, media_type: str, content: bytes, status: int, code: str
) -> None:
    answer = await bench.deposit(pharmacy(bench.stack), media_type, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_file_is_one_thing_or_the_other(bench: Bench) -> None:
    structure = pharmacy(bench.stack)
    inline = files.inline(files.PDF, files.pdfa())
    for file in (inline["file"] | {"attachment": str(uuid4())}, {"media_type": files.PDF}):
        answer = await bench.http(structure).post("/v1/acts", json=typed_act(structure, "56445-0", {"file": file}))
        assert (answer.status_code, answer.json()["code"]) == (422, "REQUEST_INVALID")
        assert [p["pointer"] for p in answer.json()["problems"]] == ["/content/file"]


# ── previews ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def everything(bench: Bench, structure: Structure) -> tuple[int, int, int]:
    """How much the outside sees: documents of the DMP, the account's acts and news."""
    lgo = Lgo(bench.http(structure), structure.client_id)
    news = 0
    while page := await lgo.events():
        news += len(page)
    listed = (await bench.http(structure).get("/v1/acts", params={"limit": 1})).json()
    assert news > 0
    return len(await stored(bench.dmp)), hash(listed["acts"][0]["act_id"]), news


async def unchanged(bench: Bench, structure: Structure, asking: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """The answer, of which nothing is kept anywhere that the outside sees."""
    before = await everything(bench, structure)
    shown = await asking
    await asyncio.sleep(2)
    assert await everything(bench, structure) == before
    return shown


async def test_a_preview_shows_the_report_and_keeps_nothing(bench: Bench) -> None:
    structure = pharmacy(bench.stack)
    await bench.end(structure, new_act(structure, f"BEFORE-{uuid4().hex[:8]}"))
    act = typed_act(
        structure, "entretien_pharmaceutique", documents.interview(), visibility={"hidden_from_patient": True}
    )
    shown = await unchanged(bench, structure, bench.preview(structure, act))
    wanted = WANTED["entretien_pharmaceutique"]
    assert (shown["document_type"], shown["title"], shown["problems"]) == (wanted.type, wanted.title, [])
    page = html.unescape("".join(shown["html"].split()))
    for text in (act["patient"]["birth_name"], act["patient"]["ins"]["matricule"], "Petits hématomes aux avant-bras"):
        assert "".join(text.split()) in page
    assert "<script" not in shown["html"].lower()
    assert pages_of(base64.b64decode(shown["pdf"], validate=True)) >= 1
    assert "INR" in {flag["word"] for flag in shown["flags"]}
    assert all(flag["advice"] and flag["where"] for flag in shown["flags"])
    assert len(shown["visibility"]) == 2
    assert shown["visibility"][0].startswith("Non visible par le patient")
    # the same external_id is free: the preview was no act
    document, _ = await bench.kept(structure, act)
    assert document["confidentiality"] == ["N", "INVISIBLE_PATIENT"]


async def test_a_preview_of_structured_documents_and_files(bench: Bench) -> None:
    structure, people = pharmacy(bench.stack), {"ins": None, "ins_status": "provisoire"}
    for act in (
        typed_act(structure, "trod", contents()["trod"], new_patient() | people),
        new_act(structure, f"SHOWN-{uuid4().hex[:8]}", new_patient() | people),
    ):
        shown = await bench.preview(structure, act)
        assert shown["problems"] == []
        assert "<html" in shown["html"]
        assert pages_of(base64.b64decode(shown["pdf"], validate=True)) >= 1
    supplied = files.pdfa("À montrer.")
    deposit = (await bench.deposit(structure, files.PDF, supplied)).json()["attachment_id"]
    for content in (files.inline(files.PDF, supplied), files.deposited(files.PDF, deposit)):
        shown = await bench.preview(structure, typed_act(structure, "61357-0", content))
        assert (shown["html"], base64.b64decode(shown["pdf"]), shown["problems"]) == (None, supplied, [])


async def test_a_preview_tells_every_problem_and_refuses_what_the_door_refuses(bench: Bench) -> None:
    structure = pharmacy(bench.stack)
    await bench.end(structure, new_act(structure, f"BEFORE-{uuid4().hex[:8]}"))
    content = files.inline(files.PDF, files.pdf_with_javascript())
    act = typed_act(structure, "56445-0", content, title="x" * 200)
    shown = await unchanged(bench, structure, bench.preview(structure, act))
    found = {(p["code"], p["pointer"]) for p in shown["problems"]}
    assert {("PDF_SCRIPT", "/content/file"), ("DOC_TITLE_TOO_LONG", "/title")} <= found
    assert (shown["html"], shown["pdf"]) == (None, None)
    test = typed_act(structure, "trod", contents()["trod"] | {"test": "peste"})
    note = new_act(structure, f"SHOWN-{uuid4().hex[:8]}")
    note["content"] |= {"act_code": "FAUX", "route": "FAUX", "site": "FAUX"}
    for wrong, pointer in ((test, "/content/test"), (note, "/content/act_code")):
        problems = (await bench.preview(structure, wrong))["problems"]
        assert pointer in {p["pointer"] for p in problems}
    foreign = typed_act(cabinet(bench.stack), "plan_soins", documents.care_plan())
    answer = await bench.http(structure).post("/v1/documents/preview", json=foreign)
    assert (answer.status_code, answer.json()["code"]) == (403, "STRUCTURE_NOT_MEMBER")

"""Every type of act becomes its document: the report printed by the press, the file examined, the metadata told."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from document_people import AUTHOR, NOW, NURSE, act, author, nurse
from lxml import etree

from hub_contracts.acts import Act, AuthorRef, Visibility
from hub_contracts.document_types import document_types
from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActRefused
from hub_contracts.events.document import DocumentBuilt
from hub_contracts.sealed import SealedEntry
from hub_document_builder.handlers.preview import PreviewRequest
from hub_interop.pdf import FileLimits, PdfLabels, Supplied, examine, text_pdf
from hub_kit.errors import HubError
from hub_kit.security.sealed import seal_place
from hub_local import documents

from .conftest import BuilderService
from .test_document_flow import ALIMENTATION, PHARMACY

HL7 = {"h": "urn:hl7-org:v3"}
WHEN = NOW - timedelta(minutes=30)
BY_PHARMACIST = documents.of_pharmacy(WHEN)
BY_NURSE = documents.of_cabinet(WHEN)
CONTENTS = {**BY_NURSE, **BY_PHARMACIST}
LABELS = PdfLabels("Fichier d'essai", "LGO d'essai", NOW, "2.25.1")
PDF, _ = text_pdf("Un document d'essai.", LABELS)


def of_type(kind: str, content: dict[str, Any] | None = None, **changes: Any) -> Act:
    """An act of that type by whoever may write it; a file of it is a deposit, as after the gateway's door."""
    content = dict(content if content is not None else CONTENTS[kind])
    if "data" in content.get("file", {}):
        content["file"] = {"media_type": content["file"]["media_type"], "attachment": str(UUID(int=77))}
    writer = NURSE if kind in BY_NURSE else AUTHOR
    document = act(author=AuthorRef(id=writer)).model_dump(mode="json")
    return Act.model_validate({**document, "type": kind, "content": content, "title": None, **changes})


async def built(builder: BuilderService, of: Act) -> tuple[DocumentBuilt, SealedEntry, Any]:
    await builder.handle(ALIMENTATION, await builder.authorised(of, act_type=of.type, author_id=of.accountable.id))
    (event,) = await builder.emitted()
    assert isinstance(event, DocumentBuilt), event
    entry = await builder.sealer.open_(event.sealed_entry, SealedEntry, seal_place("sealed_entry", event.key))
    assert isinstance(entry, SealedEntry)
    async with builder.pool.acquire() as connection:
        stored = await builder.store.content(connection, event.content.id)
    return event, entry, etree.fromstring(stored.content, etree.XMLParser(huge_tree=True))


async def refused(builder: BuilderService, of: Act) -> list[tuple[str, str]]:
    await builder.handle(ALIMENTATION, await builder.authorised(of, act_type=of.type, author_id=of.accountable.id))
    (event,) = await builder.emitted()
    assert isinstance(event, ActRefused), event
    assert event.code is ErrorCode.DOCUMENT_INVALID
    assert all(p.text.endswith(".") for p in event.problems)
    return [(p.code, p.pointer) for p in event.problems]


def file_in(document: Any) -> tuple[str, bytes]:
    node = document.find(".//h:nonXMLBody/h:text", HL7)
    return node.get("mediaType"), base64.b64decode(node.text, validate=True)


@pytest.mark.parametrize("kind", sorted(CONTENTS))
async def test_a_type_becomes_its_document(builder: BuilderService, kind: str) -> None:
    await builder.learn_directory()
    builder.files.kept[UUID(int=77)] = documents.LETTER.encode()
    declared = document_types()[kind]
    event, entry, document = await built(builder, of_type(kind))
    assert event.document_type == declared.type
    assert document.find("h:code", HL7).get("code") == declared.type
    templates = [(t.get("root"), t.get("extension")) for t in document.findall("h:templateId", HL7)]
    assert (declared.template.root, declared.template.extension) in templates
    assert document.find("h:title", HL7).text == entry.title
    assert entry.title.startswith(declared.title or document.find("h:code", HL7).get("displayName"))
    assert (entry.title == declared.title + " : TROD Angine") == (kind == "trod")
    if declared.content == "document":
        assert entry.format == "urn:ihe:iti:xds-sd:text:2008"
        assert file_in(document) == ("text/plain", documents.LETTER.encode())
        return
    assert entry.format == declared.format
    if declared.level == "N1":
        media_type, content = file_in(document)
        found = examine(content, media_type, FileLimits(), LABELS)  # our own print passes what a supplied file must
        assert isinstance(found, Supplied), found
        assert media_type == "application/pdf"


async def test_a_second_version_replaces_the_first(builder: BuilderService) -> None:
    await builder.learn_directory()
    of, act_id = of_type("bilan_medication"), uuid4()
    told = []
    for version in (1, 2):
        asked = await builder.authorised(of, act_id=act_id, version=version, act_type=of.type)
        await builder.handle(ALIMENTATION, asked)
        told += await builder.emitted()
    async with builder.pool.acquire() as connection:
        stored = [(await builder.store.content(connection, event.content.id)).content for event in told]
    first, second = (etree.fromstring(content, etree.XMLParser(huge_tree=True)) for content in stored)
    assert [d.find("h:versionNumber", HL7).get("value") for d in (first, second)] == ["1", "2"]
    assert first.find("h:setId", HL7).get("root") == second.find("h:setId", HL7).get("root")
    assert first.find("h:relatedDocument", HL7) is None
    [related] = second.findall("h:relatedDocument", HL7)
    assert related.get("typeCode") == "RPLC"
    assert related.find("h:parentDocument/h:id", HL7).get("root") == told[0].document_unique_id
    assert told[0].document_unique_id != told[1].document_unique_id


async def test_a_supplied_pdf_goes_as_it_is(builder: BuilderService) -> None:
    await builder.learn_directory()
    builder.files.kept[UUID(int=77)] = PDF
    content = {"file": {"media_type": "application/pdf", "attachment": str(UUID(int=77))}}
    _, entry, document = await built(builder, of_type("56445-0", content, title="Bilan du LGO"))
    assert file_in(document) == ("application/pdf", PDF)
    assert (entry.title, entry.format) == ("Bilan du LGO", "urn:ihe:iti:xds-sd:pdf:2008")


@pytest.mark.parametrize(
    ("file", "media_type", "code"),
    [
        (b"%PDF-1.4 coupe", "application/pdf", "PDF_UNREADABLE"),
        (b"GIF89a", "application/pdf", "FILE_TYPE_MISMATCH"),
        (PDF, "image/jpeg", "FILE_TYPE_MISMATCH"),
        (b"x" * (21 << 20), "text/plain", "FILE_TOO_LARGE"),
    ],
)
async def test_a_bad_file_is_refused_with_all_other_problems(
    builder: BuilderService, file: bytes, media_type: str, code: str
) -> None:
    await builder.learn_directory()
    builder.files.kept[UUID(int=77)] = file
    content = {"file": {"media_type": media_type, "attachment": str(UUID(int=77))}}
    problems = await refused(builder, of_type("56445-0", content, title="x" * 200))
    assert problems[:2] == [("DOC_TITLE_TOO_LONG", "/title"), (code, "/content/file")]
    assert {pointer for _, pointer in problems[1:]} == {"/content/file"}


async def test_a_file_that_is_gone_or_away(builder: BuilderService) -> None:
    await builder.learn_directory()
    content = {"file": {"media_type": "application/pdf", "attachment": str(uuid4())}}
    assert await refused(builder, of_type("56445-0", content)) == [("ATTACHMENT_UNKNOWN", "/content/file/attachment")]
    builder.files.away = True
    of = of_type("56445-0", content)
    await builder.handle(ALIMENTATION, await builder.authorised(of, act_type=of.type))
    assert await builder.emitted() == []
    row = await builder.pool.fetchrow("select state, last_code from work_item")
    assert (row["state"], row["last_code"]) == ("waiting", "UPSTREAM_UNAVAILABLE")


async def test_all_problems_of_a_report_come_at_once(builder: BuilderService) -> None:
    await builder.learn_directory()
    content = documents.interview()
    content["topics"] += [{"code": "inconnu"}, {"grasp": "acquis"}]
    content["conclusion"] = "invisible \u200b ici"
    content["treatments"][0] |= {"since": "2026-02-01", "until": "2026-01-01"}
    content["measures"][0]["date"] = "2031-01-01"
    problems = await refused(builder, of_type("entretien_pharmaceutique", content, title="x" * 200))
    assert set(problems) == {
        ("DOC_TITLE_TOO_LONG", "/title"),
        ("INTERVIEW_TOPIC_UNKNOWN", "/content/topics/4/code"),
        ("INTERVIEW_TOPIC_EMPTY", "/content/topics/5"),
        ("DOC_TEXT_FORBIDDEN_CHARACTER", "/content/conclusion"),
        ("PERIOD_INVERTED", "/content/treatments/0/until"),
        ("DATE_IN_FUTURE", "/content/measures/0/date"),
    }


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"theme": "autre", "advice": ["x"]}, ("INTERVIEW_THEME_LABEL_MISSING", "/content/theme_label")),
        ({"theme": "avk"}, ("INTERVIEW_EMPTY", "/content")),
    ],
)
async def test_an_interview_says_what_it_is_about(
    builder: BuilderService, content: dict[str, Any], problem: tuple[str, str]
) -> None:
    await builder.learn_directory()
    assert await refused(builder, of_type("entretien_pharmaceutique", content)) == [problem]


async def test_a_preparateur_writes_for_a_pharmacist_who_answers(builder: BuilderService) -> None:
    await builder.learn_directory()
    helper = author(professional_id="3330000001/7", family_name="AIDE", profession="39", subsection=None, civility="M")
    await builder.handle("hub.directory", helper)
    delegated = {"author": {"id": "3330000001/7"}, "responsible": {"id": AUTHOR}}
    _, entry, document = await built(builder, of_type("entretien_pharmaceutique", **delegated))
    assert [a.id for a in entry.authors] == ["3330000001/7"]
    assert entry.legal_authenticator.id == AUTHOR
    assert document.find(".//h:legalAuthenticator/h:assignedEntity/h:id", HL7).get("extension") == AUTHOR
    assert await refused(builder, of_type("trod", **delegated)) == [("AUTHOR_NOT_FOR_TYPE", "/author/id")]


async def test_a_preparateur_vaccinates_for_a_pharmacist_who_answers(builder: BuilderService) -> None:
    await builder.learn_directory()
    helper = author(professional_id="3330000001/7", family_name="AIDE", profession="39", subsection=None, civility="M")
    await builder.handle("hub.directory", helper)
    document = act().model_dump(mode="json") | {"author": {"id": "3330000001/7"}, "responsible": {"id": AUTHOR}}
    _, entry, note = await built(builder, Act.model_validate(document))
    assert [a.id for a in entry.authors] == ["3330000001/7", AUTHOR]
    assert entry.legal_authenticator.id == AUTHOR
    assert note.find(".//h:serviceEvent/h:performer//h:id", HL7).get("extension") == AUTHOR


@pytest.mark.parametrize(
    ("occurred_at", "printed"),
    [
        ("2026-11-23T18:30:00-04:00", "23/11/2026 à 18:30"),
        ("2026-11-23T22:30:00Z", "23/11/2026 à 23:30"),
        ("2026-11-23T22:30:00+01:00", "23/11/2026 à 22:30"),
    ],
)
async def test_the_printed_time_is_the_acts_own(builder: BuilderService, occurred_at: str, printed: str) -> None:
    await builder.learn_directory()
    shown = await preview(builder, of_type("bilan_medication", occurred_at=occurred_at))
    assert printed in shown.html


async def test_an_act_of_one_moment_has_no_end(builder: BuilderService) -> None:
    await builder.learn_directory()
    moment = act().occurred_at.isoformat()
    _, entry, document = await built(builder, of_type("bilan_medication", ended_at=moment))
    assert entry.service_stop is None
    assert document.find(".//h:serviceEvent/h:effectiveTime/h:high", HL7) is None


async def test_masks_recipients_device_and_representatives_reach_the_document(builder: BuilderService) -> None:
    await builder.learn_directory()
    of = of_type(
        "bilan_medication",
        visibility=Visibility(masked_from_professionals=True).model_dump(),
        co_authors=[{"id": NURSE}],
        device={"model": "TENSIO 3", "software": "TENSIO 1.0"},
        recipients=[{"id": "810000000017", "family_name": "TRAITANT", "given_name": "CHARLES", "attending": True}],
    )
    mother = {"family_name": "MERE", "given_name": "JEANNE", "relation": "MTH"}
    document = of.model_dump(mode="json")
    of = Act.model_validate({**document, "patient": {**document["patient"], "representatives": [mother]}})
    _, entry, document = await built(builder, of)
    assert entry.confidentiality == ("N", "MASQUE_PS")
    assert [(a.id, a.device) for a in entry.authors] == [(AUTHOR, False), (NURSE, False), ("3330000001/88", True)]
    assert document.find(".//h:guardian//h:family", HL7).text == "MERE"
    assert document.find(".//h:informationRecipient//h:family", HL7).text == "TRAITANT"
    assert document.find(".//h:participant[@typeCode='INF']", HL7) is not None


async def preview(builder: BuilderService, of: Act) -> Any:
    return await builder.previews.preview(PreviewRequest(structure_id=PHARMACY, act=of))


@pytest.mark.parametrize("kind", sorted(CONTENTS))
async def test_a_preview_shows_what_the_patient_will_see(builder: BuilderService, kind: str) -> None:
    await builder.learn_directory()
    content = CONTENTS[kind]
    document = act(author=AuthorRef(id=NURSE if kind in BY_NURSE else AUTHOR)).model_dump(mode="json")
    shown = await preview(builder, Act.model_validate({**document, "type": kind, "content": content}))
    assert shown.problems == ()
    assert shown.document_type == document_types()[kind].type
    assert len(shown.visibility) == 2
    if document_types()[kind].content == "document":
        assert (shown.html, shown.pdf) == (None, None)  # a text stays a text
        return
    assert "PAT-TROIS" in shown.html
    assert "<script" not in shown.html
    assert base64.b64decode(shown.pdf).startswith(b"%PDF-1.4")
    assert await builder.count("document") == 0


async def test_a_preview_needs_no_qualified_identity_and_flags_words(builder: BuilderService) -> None:
    await builder.learn_directory()
    document = of_type("entretien_pharmaceutique").model_dump(mode="json")
    patient = {**document["patient"], "ins": None, "ins_status": "provisoire", "birth_given_names": ""}
    shown = await preview(builder, Act.model_validate({**document, "patient": patient}))
    assert shown.problems == ()
    assert "INR" in {flag.word for flag in shown.flags}
    content = documents.interview() | {"conclusion": "\u202eévit"}
    wrong = await preview(builder, of_type("entretien_pharmaceutique", content))
    assert [(p.code, p.pointer) for p in wrong.problems] == [("DOC_TEXT_FORBIDDEN_CHARACTER", "/content/conclusion")]


async def test_a_preview_of_a_bad_file_says_why(builder: BuilderService) -> None:
    await builder.learn_directory()
    content = {"file": {"media_type": "application/pdf", "data": base64.b64encode(b"GIF89a").decode()}}
    document = act().model_dump(mode="json")
    shown = await preview(builder, Act.model_validate({**document, "type": "56445-0", "content": content}))
    assert [p.code for p in shown.problems] == ["FILE_TYPE_MISMATCH"]
    assert shown.pdf is None


async def test_a_preview_without_the_directory_is_for_later(builder: BuilderService) -> None:
    with pytest.raises(HubError, match="SERVICE_UNAVAILABLE"):
        await preview(builder, of_type("entretien_pharmaceutique"))
    assert nurse().professional_id == NURSE

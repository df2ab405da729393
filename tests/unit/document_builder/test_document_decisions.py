"""What becomes of an authorised act: the pure part of document-builder."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from document_people import NOW, PHARMACY, act, author, authorised, identity, nurse, structure, vaccination
from lxml import etree

from hub_contracts.acts import Act, AuthorRef, Visibility
from hub_contracts.envelope import Envelope
from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActRefused
from hub_contracts.events.alimentation import AlimentationAuthorised
from hub_contracts.events.directory import DatedIdentifier
from hub_contracts.events.document import ContentRef, DocumentBuilt
from hub_contracts.sealed import SealedEntry
from hub_document_builder.domain import DocumentBroken
from hub_document_builder.drafting import ids_of
from hub_document_builder.handlers.documents import Documents, Materials
from hub_document_builder.handlers.workshop import Workshop
from hub_document_builder.rules import OWN, Profile, Rules, load_rules
from hub_document_builder.store import DocumentRow, KeptDocument
from hub_kit.clock import ManualClock
from hub_kit.errors import ConfigurationError
from hub_kit.ids import uuid7
from hub_kit.messaging.model import Effects, Fatal, Work
from hub_kit.security.sealed import SealUnreadable

HL7 = {"h": "urn:hl7-org:v3"}
PRODUCTION = Rules(None, None, Profile.CONFORME, required=True)
OWN_RULES = Rules(None, None, Profile.CONFORME, required=False)


def materials(of: Act | None = None, **changes: Any) -> Materials:
    fields: dict[str, Any] = {
        "act": of or act(),
        "identity": identity(),
        "structure": structure(),
        "people": {author().professional_id: author()},
        "kept": None,
    }
    return Materials(**(fields | changes))


async def decided(
    what: Materials, event: AlimentationAuthorised | None = None, rules: Rules = OWN_RULES
) -> Effects[DocumentRow]:
    event = event or authorised()
    work = Work(event, Envelope(uuid7(NOW), "t", "s", NOW, event.key, b""), 0, NOW)
    workshop = Workshop(rules, None)  # type: ignore[arg-type]  # nothing is printed for a note
    handler = Documents(None, None, None, workshop, None, 0, ManualClock(NOW))  # type: ignore[arg-type]
    return handler.decide(work, what, await handler.call(work, what), NOW)


def built(effects: Effects[DocumentRow]) -> tuple[DocumentBuilt, SealedEntry, DocumentRow]:
    (emit,), (row,) = effects.emit, effects.rows
    assert isinstance(emit.event, DocumentBuilt)
    entry = emit.seal["sealed_entry"]
    assert isinstance(entry, SealedEntry)
    return emit.event, entry, row


def refused(effects: Effects[DocumentRow]) -> ActRefused:
    (emit,) = effects.emit
    assert isinstance(emit.event, ActRefused)
    assert effects.rows == ()
    return emit.event


def xpath(row: DocumentRow, path: str) -> list[str]:
    found = etree.fromstring(row.blob.content).xpath(path, namespaces=HL7)
    assert isinstance(found, list)
    return [str(item) for item in found]


async def test_a_good_act_becomes_a_document_with_its_reference() -> None:
    event, entry, row = built(await decided(materials()))
    assert event.content.sha256 == hashlib.sha256(row.blob.content).hexdigest()
    assert event.content.size == len(row.blob.content)
    assert (event.content.id, event.content.media_type) == (row.blob.id, "text/xml")
    assert (event.document_type, event.rules_checked) == ("87273-9", (OWN,))
    assert event.document_unique_id == row.unique_id
    assert xpath(row, "/h:ClinicalDocument/h:id/@root") == [row.unique_id]
    assert xpath(row, "/h:ClinicalDocument/h:setId/@root") == [row.set_id]
    assert entry.title == "Note de vaccination"
    assert entry.confidentiality == ("N",)
    assert entry.identity == identity()


async def test_times_are_in_the_offset_of_the_act() -> None:
    _, entry, row = built(await decided(materials()))
    assert xpath(row, "/h:ClinicalDocument/h:effectiveTime/@value") == ["20261124100000+0100"]
    assert xpath(row, "//h:serviceEvent/h:effectiveTime/h:low/@value") == ["20261124093000+0100"]
    assert entry.creation_time.utcoffset() == timedelta(hours=1)


async def test_identifiers_are_those_of_the_act_and_version() -> None:
    act_id = uuid4()
    one, again, two = ids_of(act_id, 1, None), ids_of(act_id, 1, None), ids_of(act_id, 2, None)
    assert one == again
    assert one.unique_id != two.unique_id
    assert (one.set_id, one.vaccination_id) == (two.set_id, two.vaccination_id)
    assert one.unique_id.startswith("2.25.")
    assert ids_of(act_id, 1, UUID(int=5)).vaccination_id == UUID(int=5)


async def test_the_vaccination_keeps_the_id_that_the_software_gave() -> None:
    given = UUID("0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee")
    _, entry, row = built(await decided(materials(act(vaccination(vaccination_id=given)))))
    assert xpath(row, "//h:substanceAdministration/h:id/@root") == [str(given).upper()]
    assert entry.vaccination_id == str(given).upper()


async def test_the_vaccinator_may_be_another_than_the_author() -> None:
    content = vaccination(performer=AuthorRef(id=nurse().professional_id))
    people = {person.professional_id: person for person in (author(), nurse())}
    _, entry, row = built(await decided(materials(act(content), people=people)))
    assert xpath(row, "//h:serviceEvent/h:performer/h:assignedEntity/h:id/@extension") == [nurse().professional_id]
    assert xpath(row, "/h:ClinicalDocument/h:author/h:assignedAuthor/h:id/@extension") == [
        author().professional_id,
        nurse().professional_id,
    ]
    assert [a.id for a in entry.authors] == [author().professional_id, nurse().professional_id]
    assert entry.legal_authenticator.id == author().professional_id


async def test_a_vaccinator_nobody_knows_is_a_problem_of_the_act() -> None:
    content = vaccination(performer=AuthorRef(id=nurse().professional_id))
    answer = refused(await decided(materials(act(content))))
    assert (answer.code, answer.stage) == (ErrorCode.DOCUMENT_INVALID, "document")
    assert [p.pointer for p in answer.problems] == ["/content/performer/id"]


async def test_all_problems_come_at_once_with_pointers_into_the_act() -> None:
    content = vaccination(vaccine={"lot_number": "", "cis": None}, rank=0, route="1", date="2027-01-01")
    answer = refused(await decided(materials(act(content, title="x" * 200))))
    assert answer.code is ErrorCode.DOCUMENT_INVALID
    assert {p.pointer for p in answer.problems} == {
        "/title",
        "/content/date",
        "/content/route",
        "/content/rank",
        "/content/vaccine/cis",
        "/content/vaccine/lot_number",
    }
    assert all(p.text.endswith(".") for p in answer.problems)


@pytest.mark.parametrize(
    "flag", ["masked_from_professionals", "hidden_from_patient", "hidden_from_legal_representatives"]
)
async def test_a_note_de_vaccination_can_not_be_masked(flag: str) -> None:
    answer = refused(await decided(materials(act(visibility=Visibility(**{flag: True})))))
    assert [(p.code, p.pointer) for p in answer.problems] == [("DOC_VISIBILITY_NOT_ALLOWED", "/visibility")]


async def test_the_structure_goes_by_the_number_it_wore_on_the_day() -> None:
    sold = structure().model_copy(
        update={
            "identifiers": (
                DatedIdentifier(value="1330000001", since=NOW - timedelta(days=900), until=NOW - timedelta(days=1)),
                DatedIdentifier(value="1330781055", since=NOW - timedelta(days=1)),
            )
        }
    )
    _, _, row = built(await decided(materials(structure=sold)))
    assert set(xpath(row, "//h:representedOrganization/h:id/@extension")) == {"1330781055"}
    homeless = sold.model_copy(update={"identifiers": sold.identifiers[:1]})
    assert "/structure" in {p.pointer for p in refused(await decided(materials(structure=homeless))).problems}


@pytest.mark.parametrize("missing", [{"structure": None}, {"people": {}}], ids=["structure", "author"])
async def test_a_directory_that_lags_behind_is_waited_for(missing: dict[str, Any]) -> None:
    effects = await decided(materials(**missing))
    assert effects.emit == ()
    assert effects.retry is not None
    assert effects.retry.code is ErrorCode.UPSTREAM_UNAVAILABLE
    assert not effects.retry.counts


async def test_an_act_past_its_time_is_refused() -> None:
    late = authorised(expires_at=NOW)
    assert refused(await decided(materials(people={}), late)).code is ErrorCode.SEND_DEADLINE_PASSED


async def test_a_document_built_before_is_told_again_and_never_rebuilt() -> None:
    ref = ContentRef(id=uuid4(), sha256="a" * 64, sha1="b" * 40, size=3, media_type="text/xml")
    _, entry, _ = built(await decided(materials()))
    kept = KeptDocument(ref, "2.25.1", "87273-9", ("then",), entry)
    effects = await decided(materials(kept=kept))
    (emit,) = effects.emit
    assert isinstance(emit.event, DocumentBuilt)
    assert (emit.event.content, emit.event.document_unique_id, emit.event.rules_checked) == (ref, "2.25.1", ("then",))
    assert emit.seal == {"sealed_entry": entry}
    assert effects.rows == ()


async def test_a_purged_document_is_not_told_again() -> None:
    ref = ContentRef(id=uuid4(), sha256="a" * 64, sha1="b" * 40, size=3, media_type="text/xml")
    assert await decided(materials(kept=KeptDocument(ref, "2.25.1", "87273-9", (), None))) == Effects()


async def test_an_unreadable_part_is_fatal() -> None:
    with pytest.raises(Fatal) as error:
        await decided(replace(materials(), act=SealUnreadable("altered")))
    assert error.value.code is ErrorCode.SEAL_UNREADABLE


async def test_production_waits_for_the_official_rules() -> None:
    effects = await decided(materials(), rules=PRODUCTION)
    assert effects.emit == ()
    assert effects.retry is not None
    assert effects.retry.code is ErrorCode.DOCUMENT_RULES_UNAVAILABLE
    assert "acts wait" in str(PRODUCTION.problem())


class _Strict:
    def problems(self, _document: bytes) -> list[str]:
        return ["/*/*[3]: SCHEMAV_ELEMENT_CONTENT"]


async def test_a_document_that_fails_the_xsd_is_our_bug_and_shows_no_value() -> None:
    strict = Rules(_Strict(), None, Profile.CONFORME, required=False)  # type: ignore[arg-type]
    with pytest.raises(DocumentBroken) as error:
        await decided(materials(), rules=strict)
    assert error.value.code is ErrorCode.HANDLER_FAILED
    assert "SCHEMAV_ELEMENT_CONTENT" in str(error.value)
    assert "PAT-TROIS" not in str(error.value)


@pytest.mark.ans
async def test_the_document_passes_the_official_xsd(ans_dir: Path) -> None:
    rules = load_rules(ans_dir, None, Profile.OFF, required=True)
    event, _, _ = built(await decided(materials(), rules=rules))
    assert event.rules_checked[0] == OWN
    assert event.rules_checked[1].startswith("ans:xsd:CDA_extended:")
    assert "schematrons off" in str(rules.problem())


async def test_a_folder_without_rules_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        load_rules(tmp_path, None, Profile.OFF, required=False)


async def test_nothing_that_is_refused_or_shown_holds_a_value() -> None:
    marked = materials(act(vaccination(comment="ZZMARK\u0007", vaccine={"lot_number": "ZZMARK!!"})))
    assert "ZZMARK" not in repr(refused(await decided(marked)))
    _, entry, row = built(await decided(materials()))
    assert "PAT-TROIS" not in repr(row.blob) + repr(entry)
    assert row.structure_id == PHARMACY

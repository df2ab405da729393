"""What is written for each type and each block of the header, and what the check of a built document sees."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import timedelta

import pytest
from document_samples import (
    DEVICE,
    FILES,
    FULL_NOTE,
    KIT,
    N1_HEADER,
    N1_KINDS,
    PDF,
    PREPARATEUR,
    SECRETARY,
    TEXT,
    TROD_HEADER,
    every_document,
    trod,
    variants,
)
from lxml import etree
from note_samples import BY_NURSE, HEADER, NOTE, NURSE, PHARMACIST, START

from hub_interop.cda import (
    TROD_TESTS,
    Body,
    DocumentHeader,
    TrodResult,
    UnstructuredBody,
    build_document,
    built_document_problems,
)
from hub_interop.terminologies import UnknownCode, concept

NS = {"c": "urn:hl7-org:v3"}
DOCUMENTS = every_document()
EVENT = "c:documentationOf/c:serviceEvent"
RESULT = "//c:observation[c:templateId/@root='1.2.250.1.213.1.1.3.80']"


def tree(header: DocumentHeader, body: Body) -> etree._Element:
    return etree.fromstring(build_document(header, body))


def built(name: str) -> etree._Element:
    return tree(*DOCUMENTS[name])


def values(root: etree._Element, path: str) -> list[str]:
    found = root.xpath(path, namespaces=NS)
    assert isinstance(found, list)
    return [str(item) for item in found]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_built_passes_the_check_of_built_documents(name: str) -> None:
    document = build_document(*DOCUMENTS[name])
    assert built_document_problems(document) == []
    assert document == build_document(*DOCUMENTS[name])


@pytest.mark.parametrize("kind", [*N1_KINDS, "BIL_AUTO"])
def test_label_and_system_of_the_type_are_those_of_the_value_set(kind: str) -> None:
    root = tree(replace(N1_HEADER, kind=kind), FILES["pdf"])
    known = concept("document_type", kind)
    for place in ("c:code", f"{EVENT}/c:code"):
        assert values(root, f"{place}/@code") == [kind]
        assert values(root, f"{place}/@displayName") == [known.label]
        assert values(root, f"{place}/@codeSystem") == [known.system]
        assert values(root, f"{place}/@codeSystemName") == ([] if kind == "BIL_AUTO" else ["LOINC"])


@pytest.mark.parametrize(
    ("header", "body", "own"),
    [
        (N1_HEADER, FILES["pdf"], [("1.3.6.1.4.1.19376.1.2.20", None)]),
        (HEADER, NOTE, [("1.3.6.1.4.1.19376.1.5.3.1.1.18.1.2", None), ("1.2.250.1.213.1.1.1.46", "2023.01")]),
        (TROD_HEADER, trod(), [("1.3.6.1.4.1.19376.1.5.3.1.1.1", None), ("1.2.250.1.213.1.1.1.59", "2024.01")]),
    ],
)
def test_the_templates_come_from_the_body(
    header: DocumentHeader, body: Body, own: list[tuple[str, str | None]]
) -> None:
    root = tree(header, body)
    found = [(node.get("root"), node.get("extension")) for node in root.findall("c:templateId", NS)]
    assert found == [("2.16.840.1.113883.2.8.2.1", None), ("1.2.250.1.213.1.1.1.1", None), *own]


@pytest.mark.parametrize(("media", "content"), [("pdf", PDF), ("text", TEXT), ("pdf", PDF + b"\x00\xff" * 300_000)])
def test_a_file_comes_out_as_it_went_in(media: str, content: bytes) -> None:
    body = replace(FILES[media], content=content)  # type: ignore[type-var]
    root = tree(N1_HEADER, body)
    text = root.find("c:component/c:nonXMLBody/c:text", NS)
    assert text is not None
    assert text.get("representation") == "B64"
    assert text.get("mediaType") == body.media_type  # type: ignore[union-attr]
    assert "\n" not in (text.text or "")
    assert b64decode(text.text or "", validate=True) == content


def test_a_file_in_another_language_says_so() -> None:
    assert values(built("n1_english"), "//c:nonXMLBody/c:languageCode/@code") == ["en-GB"]
    assert values(built("n1_french"), "//c:nonXMLBody/c:languageCode/@code") == []
    assert values(built("n1_english"), "c:languageCode/@code") == ["fr-FR"]


def people(root: etree._Element, where: str) -> list[str]:
    return values(root, f"{where}//c:id[@root='1.2.250.1.71.4.2.1']/@extension")


@pytest.mark.parametrize("prefix", ["n1", "vac", "trod"])
def test_who_answers_for_a_delegate_signs_and_is_the_performer(prefix: str) -> None:
    root = built(f"{prefix}_preparateur")
    assert people(root, "c:author[1]") == [PREPARATEUR.professional.id]
    assert values(root, "c:author[1]/c:assignedAuthor/c:code/@codeSystem") == ["1.2.250.1.213.1.6.1.107"]
    assert people(root, "c:legalAuthenticator") == [PHARMACIST.id]
    assert set(people(root, EVENT)) == {PHARMACIST.id}
    secretary = built(f"{prefix}_secretary")
    assert values(secretary, "c:author[1]/c:assignedAuthor/c:code/@codeSystem") == ["1.2.250.1.213.1.1.4.6"]
    assert people(secretary, "c:dataEnterer") == [SECRETARY.professional.id]
    assert people(secretary, "c:legalAuthenticator") == [NURSE.id]


def test_the_performer_is_who_answers_when_nobody_else_is_told() -> None:
    header = replace(N1_HEADER, authors=(SECRETARY,), responsible=BY_NURSE, performer=None)
    root = tree(header, FILES["pdf"])
    assert people(root, EVENT) == people(root, "c:legalAuthenticator") == [NURSE.id]
    structure = "//c:id[@root='1.2.250.1.71.4.2.2']/@extension"
    assert values(root, f"c:custodian{structure}") == values(root, f"c:componentOf{structure}") == ["333000000100012"]


def test_who_validated_a_vaccination_is_the_author_of_its_entry() -> None:
    root = built("vac_preparateur")
    assert people(root, "//c:substanceAdministration/c:author") == [PHARMACIST.id]


def test_a_device_is_an_author_without_a_name() -> None:
    author = "c:author[1]/c:assignedAuthor"
    root = built("n1_device")
    assert values(root, f"{author}/c:assignedAuthoringDevice/c:manufacturerModelName/text()") == [DEVICE.device.model]
    assert values(root, f"{author}/c:assignedAuthoringDevice/c:softwareName/text()") == [DEVICE.device.software]
    assert values(root, f"{author}/c:code/@code") == ["DISPOSITIF"]
    assert values(root, f"{author}/c:assignedPerson") == []
    assert values(root, f"{author}/c:representedOrganization/c:standardIndustryClassCode/@code") == ["AMBULATOIRE"]


def test_each_author_has_a_time_and_a_function_of_their_own() -> None:
    root = built("trod_several")
    assert values(root, "c:author/c:time/@value") == [
        "20261123100500+0100", "20261123100000+0100", "20261123103000+0100",
    ]  # fmt: skip
    assert values(root, "c:author/c:functionCode/@code") == ["353", "CORRE"]
    assert values(root, "c:author[1]/c:functionCode/@displayName") == ["Membre de l'équipe de soins"]


def test_a_minor_has_guardians() -> None:
    root = built("n1_minor")
    guardian = "c:recordTarget/c:patientRole/c:patient/c:guardian"
    assert values(root, f"{guardian}/c:guardianPerson/c:name/c:family/text()") == ["NESSI", "D'ARC"]
    assert values(root, f"{guardian}/c:guardianPerson/c:name/c:prefix/text()") == ["MME"]
    assert values(root, f"{guardian}/c:code/@displayName") == ["Mère"]
    assert values(root, f"{guardian}[1]/c:telecom/@value") == ["tel:0600000001"]
    assert values(root, f"{guardian}[2]/c:telecom/@nullFlavor") == ["UNK"]
    assert values(root, "c:informant/c:relatedEntity/@classCode") == ["NOK"]


def test_names_follow_rniv() -> None:
    name = "c:recordTarget/c:patientRole/c:patient/c:name"
    root = built("n1_long_and_accented")
    assert values(root, f"{name}/c:family[@qualifier='BR']/text()") == ["D'ŒUVRÉ-LE GOFF--NGUYEN"]
    assert values(root, f"{name}/c:given[not(@qualifier)]/text()") == ["ZOÉ-AÏCHA MARIE-LOUISE ANNE"]
    assert values(root, f"{name}/c:given[@qualifier='BR']/text()") == ["ZOÉ-AÏCHA"]
    assert values(root, f"{name}/c:family[@qualifier='CL']/text()") == ["L'HÉRITIER ]]>"]
    assert values(root, f"{name}/c:*/@qualifier") == ["BR", "BR", "CL", "CL"]
    assert values(built("n1_pharmacist"), f"{name}/c:*/@qualifier") == ["BR", "BR"]


@pytest.mark.parametrize(
    ("variant", "county", "city"),
    [("corsican", "2A004", ["AJACCIO"]), ("born_abroad", "99351", []), ("pharmacist", "51215", [])],
)
def test_the_place_of_birth_is_a_code_and_perhaps_a_name(variant: str, county: str, city: list[str]) -> None:
    place = "//c:birthplace/c:place/c:addr"
    root = built(f"n1_{variant}")
    assert values(root, f"{place}/c:county/text()") == [county]
    assert values(root, f"{place}/c:city/text()") == city


@pytest.mark.parametrize("prefix", ["n1", "vac", "trod"])
def test_a_replacement_names_the_version_before(prefix: str) -> None:
    root = built(f"{prefix}_replacement")
    assert values(root, "c:relatedDocument/@typeCode") == ["RPLC"]
    assert values(root, "c:relatedDocument/c:parentDocument/c:id/@root") == ["2.25.98"]
    assert values(root, "c:relatedDocument/c:parentDocument/c:versionNumber/@value") == ["2"]
    assert values(root, "c:versionNumber/@value") == ["3"]
    assert values(root, "c:setId/@root") == [HEADER.set_id]


def test_recipients_participants_orders_and_consents_are_written() -> None:
    root = built("n1_recipients")
    names = "c:informationRecipient/c:intendedRecipient/c:informationRecipient/c:name/c:family/text()"
    assert values(root, names) == ["TESTTRAITANT", "TESTPRESCRIPTEUR"]
    received = values(root, "c:informationRecipient//c:receivedOrganization/c:name/text()")
    assert received == ["CABINET D'INFIRMIÈRES DE TEST"]
    assert values(root, "c:participant/@typeCode") == ["INF", "REF"]
    assert values(root, "c:participant/c:functionCode/@code") == ["PCP"]
    assert values(root, "c:participant/c:time/c:low/@value") == ["20261123100000+0100"] * 2
    assert values(root, "c:inFulfillmentOf/c:order/c:id/@extension") == ["ORD<77>", "2"]
    full = built("n1_all_optional")
    assert values(full, "c:authorization/c:consent/c:code/@code") == ["GEN-366"]
    assert values(full, "c:componentOf/c:encompassingEncounter/c:code/@code") == ["HH"]
    assert (
        values(built("n1_bare"), "c:authorization | c:informationRecipient | c:participant | c:inFulfillmentOf") == []
    )


def test_masks_are_not_for_the_document() -> None:
    root = built("trod_masked")
    assert values(root, "c:confidentialityCode/@code") == ["R"]
    assert b"INVISIBLE" not in build_document(*DOCUMENTS["trod_masked"])


def test_a_vaccination_has_its_reactions_antigens_and_prescription() -> None:
    root = tree(HEADER, FULL_NOTE)
    caused = "//c:entryRelationship[@typeCode='CAUS']/c:observation"
    assert values(root, f"{caused}/c:value/@code") == ["R50.2", "T88.1"]
    assert values(root, f"{caused}/c:effectiveTime/c:low/@value") == ["20261123"]
    assert values(root, f"{caused}/c:effectiveTime/c:low/@nullFlavor") == ["UNK"]
    assert len(set(values(root, f"{caused}/c:id/@root"))) == 2
    antigen = "//c:entryRelationship[@typeCode='COMP']/c:substanceAdministration"
    assert values(root, f"{antigen}/c:doseQuantity/@value") == ["40"]
    assert values(root, f"{antigen}//c:manufacturedMaterial/c:name/text()") == ["Anatoxine tétanique"]
    supply = "//c:entryRelationship[@typeCode='REFR']/c:supply"
    assert values(root, f"{supply}/c:id/@extension") == ["ORD-77"]
    assert values(root, f"{supply}/c:author//c:family/text()") == ["TESTPRESCRIPTEUR"]
    assert values(root, "//c:content[@ID='vac-1-comment']/text()")[:2] == ["Motif : Voyage", "Bien supporté."]


def test_a_reaction_never_stands_alone_in_the_entry() -> None:
    """The official rule refuses that: the reaction's words are then the comment."""
    root = built("vac_reaction_alone")
    assert values(root, "//c:entryRelationship/@typeCode") == ["CAUS", "CAUS", "SUBJ"]
    assert "Fièvre due à des médicaments" in values(root, "//c:content[@ID='vac-1-comment']/text()")[0]


@pytest.mark.parametrize(
    ("result", "code"), [("positif", "10828004"), ("negatif", "260385009"), ("ininterpretable", "373068000")]
)
@pytest.mark.parametrize("test", sorted(TROD_TESTS))
def test_a_rapid_test_tells_what_was_looked_for_and_found(test: str, result: str, code: str) -> None:
    root = built(f"trod_{test}_{result}")
    known = TROD_TESTS[test]
    assert values(root, f"{EVENT}/c:code/@code") == list(known.conditions)
    assert values(root, f"{RESULT}/c:code/@code") == list(known.exams)
    assert values(root, f"{RESULT}/c:value/@code") == [code] * len(known.exams)
    assert values(root, f"{RESULT}/c:effectiveTime/@value") == ["20261123100000+0100"] * len(known.exams)
    settings = values(root, f"{EVENT}/c:performer//c:standardIndustryClassCode/@code")
    assert settings == ["DEPISTAGE"] * len(known.conditions)
    assert values(root, "c:author//c:standardIndustryClassCode/@code") == ["AMBULATOIRE"]


def test_a_rapid_test_names_its_kit_and_what_follows() -> None:
    root = tree(TROD_HEADER, trod())
    assert values(root, "//c:participant[@typeCode='DEV']/c:participantRole/c:id/@extension") == [KIT.udi]
    assert values(root, "//c:content[@ID='dispositif']/text()") == [
        "AAZ-LMB | 80-202 | lot CYST987654 | péremption 30/06/2027"
    ]
    assert values(root, "//c:content[@ID='commentaire']/text()") == [
        "Motif : Odynophagie, score de Mac Isaac 3",
        "Suite donnée : Orientation ]]> médecin",
    ]
    bare = built("trod_nothing_optional")
    assert values(bare, "//c:content[@ID='commentaire']") == []
    assert values(bare, "//c:participant[@typeCode='DEV']/c:participantRole/c:id") == []


def test_different_results_of_one_test_stay_apart() -> None:
    results = (TrodResult("94558-4", "negatif"), TrodResult("80383-3", "positif"))
    root = tree(TROD_HEADER, trod("covid_grippe", results=results, sampled_at=START + timedelta(minutes=3)))
    assert values(root, f"{RESULT}/c:code/@code") == ["94558-4", "80383-3"]
    assert values(root, f"{RESULT}/c:value/@displayName") == ["négatif", "positif"]
    assert values(root, "//c:content[@ID='resultat-1']/text()") == ["positif"]


def test_what_the_rules_should_have_refused_is_not_built() -> None:
    with pytest.raises(UnknownCode):
        build_document(replace(N1_HEADER, kind="x"), FILES["pdf"])
    with pytest.raises(KeyError):
        build_document(N1_HEADER, UnstructuredBody(PDF, "image/jpeg"))
    with pytest.raises(KeyError):
        build_document(TROD_HEADER, replace(trod(), test="x"))


FILE = build_document(N1_HEADER, FILES["pdf"])
TROD = build_document(TROD_HEADER, trod())


@pytest.mark.parametrize(
    ("document", "old", "new", "code"),
    [
        (FILE, b'"B64"', b'"TXT"', "BUILT_BODY"),
        (FILE, b'"application/pdf"', b'"image/png"', "BUILT_BODY"),
        (FILE, b"JVBERi0", b"%PDF-1.4", "BUILT_BODY"),
        (FILE, FILE[FILE.index(b"JVBER") : FILE.index(b"</text>")], b"", "BUILT_BODY"),
        (FILE, b"1.3.6.1.4.1.19376.1.2.20", b"1.3.6.1.4.1.19376.1.2.24", "BUILT_TEMPLATES"),
        (FILE, b'<patientRole><id root="1.2.250.1.213.1.4.10"', b'<patientRole><id root="1.2.3"', "BUILT_INS_FIRST"),
        (TROD, b'<templateId root="1.2.250.1.213.1.1.1.59" extension="2024.01"/>', b"", "BUILT_TEMPLATES"),
        (TROD, b'"#resultat-0"', b'"#resultat-9"', "BUILT_REFERENCE"),
        (TROD, b'ID="resultat-0"', b'ID="examen-0"', "BUILT_ANCHOR"),
        (TROD, b"<text>", b"<txt>", "BUILT_UNREADABLE"),
        (
            TROD,
            b'<templateId root="1.3.6.1.4.1.19376.1.3.3.2.1"/><templateId root="1.2.250.1.213.1.1.2.70"/>',
            b"",
            "BUILT_BODY",
        ),
    ],
)
def test_a_built_document_that_was_spoilt_is_seen(document: bytes, old: bytes, new: bytes, code: str) -> None:
    assert old in document
    assert code in built_document_problems(document.replace(old, new, 1))


def test_every_variant_is_told_apart_by_its_bytes() -> None:
    """No variant of the samples is the same document as another, but the plain one."""
    documents = {name: build_document(header, FILES["pdf"]) for name, header in variants(N1_HEADER).items()}
    assert len(set(documents.values())) == len(documents)

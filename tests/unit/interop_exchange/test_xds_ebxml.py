"""The model and its ebXML: exact form of what we write, and writing then reading gives the model back."""

from __future__ import annotations

import pytest
from exchange_samples import DOC_ID, MATRICULE, SET_ID, make_entry, make_set
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hub_interop.soap.errors import MessageUnreadable
from hub_interop.soap.safe_xml import parse_xml
from hub_interop.xds import codes
from hub_interop.xds.composites import Cx, Xcn, Xon, escape, unescape
from hub_interop.xds.ebxml import association_xml, document_entry_xml, submission_set_xml
from hub_interop.xds.ebxml_reader import RegistryObjects, read_registry_objects
from hub_interop.xds.metadata import Association, Author, CodedValue, DocumentEntry, SubmissionSet

RIM = f"{{{codes.RIM}}}"


def _list(*objects: str) -> etree._Element:
    xml = f'<RegistryObjectList xmlns="{codes.RIM}">{"".join(objects)}</RegistryObjectList>'
    return parse_xml(xml.encode(), where="test").getroot()


def _read(*objects: str) -> RegistryObjects:
    return read_registry_objects(_list(*objects))


text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]) | st.sampled_from("^&|~\\<>\"'\t\n\r"),
    min_size=1,
    max_size=30,
)
oid = st.lists(st.integers(0, 10**12), min_size=1, max_size=6).map(lambda arcs: ".".join(["1", *map(str, arcs)]))
entry_id = st.uuids().map(lambda value: f"urn:uuid:{value}")
coded = st.builds(CodedValue, code=text, scheme=text, label=text)
specialty = st.builds(CodedValue, code=text, scheme=text, label=text)
xcn = st.builds(Xcn, id=text, family=text, given=text, authority=oid, name_type=text, id_type=text)
xon = st.builds(Xon, name=text, id=text, authority=oid, id_type=text)
cx = st.builds(Cx, id=text, authority=oid, id_type=text)


def some(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


author = st.builds(
    Author, person=xcn | st.none(), institutions=some(xon), specialties=some(specialty), roles=some(text)
)
optional = text | st.none()
document = st.builds(
    DocumentEntry,
    entry_id=entry_id,
    unique_id=text,
    patient_id=cx,
    mime_type=text,
    authors=some(author),
    class_code=coded | st.none(),
    type_code=coded | st.none(),
    format_code=coded | st.none(),
    confidentiality=some(coded),
    facility_type=coded | st.none(),
    practice_setting=coded | st.none(),
    event_codes=some(coded),
    creation_time=optional,
    language=optional,
    legal_authenticator=xcn | st.none(),
    service_start=optional,
    service_stop=optional,
    source_patient_id=cx | st.none(),
    source_patient_info=some(text),
    hash=optional,
    size=st.integers(0, 10**12) | st.none(),
    title=optional,
    comments=optional,
    reference_ids=some(text),
    repository_unique_id=optional,
    logical_id=optional,
    version=optional,
    availability_status=optional,
)
submission_set = st.builds(
    SubmissionSet,
    entry_id=entry_id,
    unique_id=text,
    source_id=text,
    patient_id=cx,
    submission_time=text,
    content_type=coded | st.none(),
    authors=some(author),
    title=optional,
    comments=optional,
    availability_status=optional,
)
association = st.builds(
    Association, entry_id=entry_id, type=text, source=text, target=text, submission_set_status=optional
)


@settings(max_examples=60, deadline=None)
@given(document, submission_set, association)
def test_what_is_written_is_read_back(entry: DocumentEntry, package: SubmissionSet, link: Association) -> None:
    found = _read(submission_set_xml(package), document_entry_xml(entry), association_xml(link))
    assert found == RegistryObjects((package,), (entry,), (link,), ())


@given(text)
def test_components_are_escaped(value: str) -> None:
    assert unescape(escape(value)) == value
    assert not set("^&|~") & set(escape(value))


def test_the_composites_of_the_reference() -> None:
    person = Xcn("810001234567", "DURAND", "ALICE", "1.2.250.1.71.4.2.1")
    assert person.format() == "810001234567^DURAND^ALICE^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
    assert Xcn.parse(person.format()) == person
    place = Xon("PHARMACIE DU CENTRE", "10B0123456", "1.2.250.1.71.4.2.2")
    assert place.format() == "PHARMACIE DU CENTRE^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^10B0123456"
    patient = Cx("PAT-42", "1.2.3.2", "PI")
    assert patient.format() == "PAT-42^^^&1.2.3.2&ISO^PI"


def test_poor_composites_of_others_are_still_read() -> None:
    assert Xcn.parse("^DUPONT") == Xcn("", "DUPONT", "", "", "", "")
    assert Xon.parse("HOPITAL") == Xon("HOPITAL", "", "", "")
    assert Cx.parse("1^^^AUTH") == Cx("1", "", "")


def test_the_form_of_a_document_entry() -> None:
    root = _list(document_entry_xml(make_entry()))
    entry = root.find(f"{RIM}ExtrinsicObject")
    assert entry is not None
    assert entry.get("objectType") == "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
    order = [etree.QName(child).localname for child in entry]
    ranks = ["Slot", "Name", "Description", "VersionInfo", "Classification", "ExternalIdentifier"]
    assert order == sorted(order, key=ranks.index)
    with_id = entry.findall(f"{RIM}Classification") + entry.findall(f"{RIM}ExternalIdentifier")
    ids = [child.get("id", "") for child in with_id]
    assert len(ids) == 9
    assert all(found.startswith("urn:uuid:") for found in ids)
    assert len(set(ids)) == len(ids)
    assert {child.get("classifiedObject") for child in entry.findall(f"{RIM}Classification")} == {DOC_ID}
    slots = {
        slot.get("name"): [value.text for value in slot.iter(f"{RIM}Value")] for slot in entry.findall(f"{RIM}Slot")
    }
    assert list(slots) == [
        "creationTime",
        "hash",
        "size",
        "languageCode",
        "legalAuthenticator",
        "serviceStartTime",
        "serviceStopTime",
        "sourcePatientId",
        "sourcePatientInfo",
    ]
    assert len(slots["sourcePatientInfo"]) == 5
    by_scheme = {found.get("classificationScheme"): found for found in entry.findall(f"{RIM}Classification")}
    type_code = by_scheme["urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"]
    assert type_code.get("nodeRepresentation") == "87273-9"
    assert type_code.findtext(f"{RIM}Slot/{RIM}ValueList/{RIM}Value") == "2.16.840.1.113883.6.1"
    author = by_scheme["urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"]
    assert author.get("nodeRepresentation") == ""
    values = [value.text for value in author.iter(f"{RIM}Value")]
    assert values == [
        "801234567897^DURAND^ALICE^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
        "PHARMACIE DUPONT \\T\\ FILS^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^10B0123456",
        "G15_21/A^Pharmacien titulaire d'officine^1.2.250.1.213.1.1.4.5",
    ]
    identifiers = {
        found.get("identificationScheme"): (found.get("value"), found.get("registryObject"))
        for found in entry.findall(f"{RIM}ExternalIdentifier")
    }
    assert identifiers["urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"] == (
        f"{MATRICULE}^^^&1.2.250.1.213.1.4.10&ISO^NH",
        DOC_ID,
    )


def test_the_form_of_a_submission_set() -> None:
    package = _list(submission_set_xml(make_set())).find(f"{RIM}RegistryPackage")
    assert package is not None
    assert package.get("id") == SET_ID
    nodes = [found.get("classificationNode") for found in package.findall(f"{RIM}Classification")]
    assert nodes[0] == "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
    assert package.findtext(f"{RIM}Slot/{RIM}ValueList/{RIM}Value") == "20260805081500"
    names = [
        found.find(f"{RIM}Name/{RIM}LocalizedString").get("value")  # type: ignore[union-attr]
        for found in package.findall(f"{RIM}ExternalIdentifier")
    ]
    assert names == ["XDSSubmissionSet.patientId", "XDSSubmissionSet.sourceId", "XDSSubmissionSet.uniqueId"]


def test_empty_slots_are_left_out() -> None:
    xml = document_entry_xml(make_entry(source_patient_info=(), comments=None))
    assert "sourcePatientInfo" not in xml
    assert "<ValueList></ValueList>" not in xml
    assert "Description" not in xml


def test_object_references_and_incomplete_objects() -> None:
    assert _read('<ObjectRef id="urn:uuid:a"/>', '<ObjectRef id="urn:uuid:b"/>').object_refs == (
        "urn:uuid:a",
        "urn:uuid:b",
    )
    with pytest.raises(MessageUnreadable, match="XDS_OBJECT"):
        _read('<ExtrinsicObject id="urn:uuid:a"/>')
    with pytest.raises(MessageUnreadable, match="XDS_OBJECT"):
        _read('<RegistryPackage id="urn:uuid:a"/>')

"""Good messages are accepted, and what the simulator answers and keeps is right."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from simulator_messages import FixedClock, Sender
from simulator_parts import INS, NOW, OTHER_INS, Document, Mutation, next_version, replacing, swap

from hub_simulators.clock import OffsetClock
from hub_simulators.dmp import DmpSettings
from hub_simulators.dmp.cda import read_cda
from hub_simulators.dmp.cda_rules import CdaSchema, check_cda
from hub_simulators.dmp.engine import DmpEngine
from hub_simulators.dmp.refusals import Findings
from hub_simulators.dmp.vaccination import Vaccination, check_note

V3 = "{urn:hl7-org:v3}"


def reason(outcome):
    return outcome.name, outcome.check, outcome.codes, outcome.answer.body.decode()


def test_td02_of_an_unknown_patient_finds_an_active_dmp(exchange, sender: Sender) -> None:
    outcome = exchange(sender.td02())
    assert outcome.name == "success", reason(outcome)
    root = etree.fromstring(outcome.answer.body)
    assert root.find(f".//{V3}acknowledgement").get("typeCode") == "AA"
    assert root.find(f".//{V3}queryResponseCode").get("code") == "OK"
    assert root.find(f".//{V3}patient/{V3}statusCode").get("code") == "active"
    codes = {e.find(f"{V3}keyWordText").get("code"): e.find(f"{V3}value") for e in root.iter(f"{V3}attentionLine")}
    assert codes["AUTORISATION"].get("code") == "NON_EXISTE"
    assert codes["STATUT_MT"].get("value") == "false"


@pytest.mark.parametrize(
    ("state", "code", "status"),
    [({"dmp": "none"}, "NF", None), ({"dmp": "terminated"}, "OK", "terminated")],
)
def test_td02_tells_the_state_of_the_dmp(exchange, engine: DmpEngine, sender: Sender, state, code, status) -> None:
    engine.patients.set(INS, **state)
    root = etree.fromstring(exchange(sender.td02()).answer.body)
    assert root.find(f".//{V3}acknowledgement").get("typeCode") == "AA"
    assert root.find(f".//{V3}queryResponseCode").get("code") == code
    found = root.find(f".//{V3}patient/{V3}statusCode")
    assert (found.get("code") if found is not None else None) == status


def test_td02_tells_that_the_professional_is_blocked(exchange, engine: DmpEngine, sender: Sender) -> None:
    engine.patients.set(INS, authorisation="INTERDIT")
    assert b'code="INTERDIT"' in exchange(sender.td02()).answer.body


def test_td21_stores_the_document_and_the_signature(exchange, engine: DmpEngine, sender: Sender) -> None:
    document = Document()
    outcome = exchange(sender.td21(document))
    assert outcome.name == "success", reason(outcome)
    assert b"ResponseStatusType:Success" in outcome.answer.body
    kept = engine.store.listing(0, 10, kind=None, ins=INS)
    assert [entry.kind for entry in kept] == ["document", "signature"]
    assert kept[0].unique_id == document.unique_id
    assert kept[0].vaccination_id == document.vaccination_id
    assert engine.store.by_unique_id(document.unique_id).content.startswith(b"<?xml")


def test_td21_respects_the_official_schema(sender: Sender, xsd_settings: DmpSettings) -> None:
    engine = DmpEngine(xsd_settings, OffsetClock(FixedClock()))
    good, bad = sender.td21(), sender.td21(mutation=Mutation(cda=swap("<title>", "<titre/><title>")))
    for wire, check in ((good, ""), (bad, "cda.xsd")):
        incoming = engine.read("POST", wire.path, wire.content_type, wire.body)
        outcome = engine.handle(incoming, sender.structure)
        assert outcome.check == check, reason(outcome)
    engine.close()


def test_several_notes_in_one_lot(exchange, engine: DmpEngine, sender: Sender) -> None:
    documents = [Document(cis="68747507"), Document(cis="68747508"), Document(cis="68747509")]
    outcome = exchange(sender.td21_lot(documents))
    assert outcome.name == "success", reason(outcome)
    assert engine.store.count() == 3


def test_td31b_gives_the_entry_uuid_and_nothing_when_unknown(exchange, engine: DmpEngine, sender: Sender) -> None:
    document = Document()
    empty = exchange(sender.td31(document.unique_id))
    assert empty.name == "success"
    assert b"ObjectRef" not in empty.answer.body
    exchange(sender.td21(document))
    found = exchange(sender.td31(document.unique_id))
    assert engine.store.by_unique_id(document.unique_id).entry_uuid.encode() in found.answer.body
    other = exchange(sender.td31(document.unique_id, ins=OTHER_INS))
    assert b"ObjectRef" not in other.answer.body


def test_td31b_leaf_class_tells_hash_and_size(exchange, sender: Sender) -> None:
    document = Document()
    exchange(sender.td21(document))
    outcome = exchange(sender.td31(document.unique_id, Mutation(query=swap("ObjectRef", "LeafClass"))))
    root = etree.fromstring(outcome.answer.body)
    assert len(root.findall(".//{*}ExtrinsicObject")) == 1
    assert {s.get("name") for s in root.iter("{*}Slot")} == {"hash", "size"}


def test_replacement_deprecates_the_old_version(exchange, engine: DmpEngine, sender: Sender) -> None:
    first = Document()
    exchange(sender.td21(first))
    old = engine.store.by_unique_id(first.unique_id)
    second = next_version(first, vaccination_id=first.vaccination_id)
    outcome = exchange(sender.td21(second, replacing(old.entry_uuid)))
    assert outcome.name == "success", reason(outcome)
    assert engine.store.by_unique_id(first.unique_id).status.endswith("Deprecated")
    assert engine.store.by_unique_id(second.unique_id).version == 2


def test_the_store_survives_a_restart(settings: DmpSettings, sender: Sender, tmp_path: Path) -> None:
    document = Document()
    for expected in ("success", "registry_failure"):
        engine = DmpEngine(replace(settings, directory=tmp_path), OffsetClock(FixedClock()))
        wire = sender.td21(document)
        incoming = engine.read("POST", wire.path, wire.content_type, wire.body)
        outcome = engine.commit(engine.handle(incoming, sender.structure), incoming)
        assert outcome.name == expected
        engine.close()
    assert outcome.codes == ("XDSDuplicateUniqueIdInRegistry",)


def test_a_lot_is_stored_whole_or_not_at_all(exchange, engine: DmpEngine, sender: Sender) -> None:
    exchange(sender.td21())
    kept = engine.store.listing(0, 10, kind=None, ins=None)
    fresh = replace(kept[0], unique_id="1.2.3", entry_uuid="urn:uuid:x")
    with pytest.raises(sqlite3.IntegrityError):
        engine.store.add_lot("1.2.4", [fresh, kept[1]])
    assert engine.store.by_unique_id("1.2.3") is None
    assert not engine.store.submission_set_known("1.2.4")


def test_signxml_signature_is_accepted(exchange, sender: Sender) -> None:
    """A third implementation signs the VIHF: verification isn't the mirror of this test's own signer."""
    signxml = pytest.importorskip("signxml")
    root = etree.fromstring(sender.unsigned_vihf().encode())
    placeholder = etree.SubElement(root, "{http://www.w3.org/2000/09/xmldsig#}Signature", Id="placeholder")
    root.remove(placeholder)
    root.insert(1, placeholder)
    signer = signxml.XMLSigner(c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#")
    certificate = sender.certificates.sign.certificate.read_text().split("-----END CERTIFICATE-----")[0]
    signed = signer.sign(
        root,
        key=sender.certificates.sign.key.read_bytes(),
        cert=certificate + "-----END CERTIFICATE-----\n",
        reference_uri=root.get("ID"),
        id_attribute="ID",
    )
    text = etree.tostring(signed).decode()
    outcome = exchange(sender.td02(Mutation(vihf_after=lambda _old: text)))
    assert outcome.name == "success", reason(outcome)


def test_the_reference_note_passes_the_cda_rules(xsd_settings: DmpSettings) -> None:
    """A note built by somebody else, clean under the official schematrons, raises nothing here."""
    sample = Path(__file__).parents[3] / ".." / "shared" / "reference" / "minimal_vac_note.xml"
    if not sample.exists():
        pytest.skip("the reference note is not there")
    cda, findings = read_cda(sample.read_bytes()), Findings()
    check_cda(cda, "x", findings, CdaSchema(xsd_settings.rules_dir), check_key=True)
    vaccination = check_note(cda, "x", findings, NOW)
    assert findings.errors == []
    assert vaccination == Vaccination("CFA91B36-8C90-460E-873F-C26F5A863012", "68747507|20261123")

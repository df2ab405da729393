"""Each check of TD2.1 refuses its mutant with the DMP's code."""

from __future__ import annotations

import pytest
from simulator_messages import Sender
from simulator_parts import INS, OTHER_INS, Document, Mutation, association, code, next_version, replacing, slot, swap

from hub_simulators.dmp.engine import DmpEngine

REGISTRY = "XDSRegistryMetadataError"
REPOSITORY = "XDSRepositoryMetadataError"
NO_AUTHOR = "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF"


def drop_slot(name: str):
    """Remove the first slot of that name, whatever its values."""

    def edit(text: str) -> str:
        start = text.index(f'<Slot name="{name}">')
        return text[:start] + text[text.index("</Slot>", start) + 7 :]

    return edit


def drop_classification(scheme: str):
    """Remove the first Classification of a scheme."""

    def edit(text: str) -> str:
        start = text.rindex("<Classification ", 0, text.index(f'classificationScheme="{scheme}"'))
        return text[:start] + text[text.index("</Classification>", start) + 17 :]

    return edit


def in_document(old: str, new: str):
    """Replace inside the document's entry (not in the submission set that stands before it)."""

    def edit(text: str) -> str:
        start = text.index('<ExtrinsicObject id="@DOC0@"')
        assert old in text[start:]
        return text[:start] + text[start:].replace(old, new, 1)

    return edit


def in_signature(old: str, new: str, count: int = 1):
    """Replace inside the signature's entry."""

    def edit(text: str) -> str:
        start = text.index('<ExtrinsicObject id="@SIG@"')
        assert old in text[start:]
        return text[:start] + text[start:].replace(old, new, count)

    return edit


MASK = code("DOC0", "confidentiality", "MASQUE_PS", "1.2.250.1.213.1.1.4.13", "Masqué aux professionnels de santé")
TYPE = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
INSTITUTION = "ISO^IDNST^^^1330000001"
XCN_END = '^CAMILLE^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS</Value></ValueList></Slot><Slot name="authorInst'
METADATA = {
    "no submissionTime": (drop_slot("submissionTime"), "slot.submissionTime"),
    "submissionTime format": (swap("<Value>20261123093100<", "<Value>2026-11-23<"), "slot.submissionTime"),
    "set unique id": (swap("XDSSubmissionSet.uniqueId", "XDSSubmissionSet.autre"), "identifier.uniqueId"),
    "set source foreign": (swap('value="1.2.250.1.999.1.42"', 'value="1.2.250.1.999.9"'), "set.sourceid"),
    "set author is not the user": (swap("801234567897^", "899700000005^"), "set.author"),
    "set node": (swap("a54d6aa5", "a54d6aa6"), "ebrim.set"),
    "no creationTime": (drop_slot("creationTime"), "slot.creationTime"),
    "no hash": (drop_slot("hash"), "slot.hash"),
    "no size": (drop_slot("size"), "slot.size"),
    "no languageCode": (drop_slot("languageCode"), "slot.languageCode"),
    "no legalAuthenticator": (drop_slot("legalAuthenticator"), "slot.legalAuthenticator"),
    "no serviceStartTime": (drop_slot("serviceStartTime"), "slot.serviceStartTime"),
    "no sourcePatientId": (drop_slot("sourcePatientId"), "slot.sourcePatientId"),
    "sourcePatientId format": (swap("ISO^PI", "ISO^XX"), "slot.sourcePatientId"),
    "hash format": (swap('name="hash"><ValueList><Value>', 'name="hash"><ValueList><Value>zz'), "slot.hash"),
    "size format": (swap('name="size"><ValueList><Value>', 'name="size"><ValueList><Value>-'), "slot.size"),
    "language": (swap(">fr-FR<", ">fr<"), "slot.languageCode"),
    "legal authenticator format": (
        in_document('legalAuthenticator"><ValueList><Value>8', 'legalAuthenticator"><ValueList><Value>7'),
        "slot.legalAuthenticator",
    ),
    "stop before start": (in_document("20261123092500", "20261123085900"), "slot.serviceStopTime"),
    "unknown slot": (in_document("<Name>", slot("autre", "x") + "<Name>"), "slot.unknown"),
    "empty slot": (in_document("<Value>fr-FR</Value>", ""), "ebrim.slot"),
    "slot after name": (
        in_document("</Name><Class", "</Name>" + slot("URI", "x") + "<Class"),
        "ebrim.order",
    ),
    "title absent": (in_document('value="Note de vaccination"', 'value=""'), "title"),
    "title too long": (in_document('value="Note de vaccination"', f'value="{"x" * 129}"'), "title"),
    "no id on classification": (
        lambda t: t.replace(t[t.index("<Classification id=") : t.index(" classifiedObject")], "<Classification"),
        "ebrim.id",
    ),
    "classifiedObject": (in_document('classifiedObject="@DOC0@"', 'classifiedObject="@SS@"'), "ebrim.classifiedobject"),
    "registryObject": (in_document('registryObject="@DOC0@"', 'registryObject="@SS@"'), "ebrim.registryobject"),
    "objectType": (in_document("7edca82f", "7edca82e"), "ebrim.objecttype"),
    "mime type": (in_document('mimeType="text/xml"', 'mimeType="application/pdf"'), "mimetype"),
    "no typeCode": (drop_classification(TYPE), "code.typeCode"),
    "no author": (drop_classification("urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"), "author.absent"),
    "no class": (drop_classification("urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"), "code.classCode"),
    "two classes": (
        in_document(
            "<ExternalIdentifier", code("DOC0", "class", "52", "1.2.250.1.213.1.1.4.1", "x") + "<ExternalIdentifier"
        ),
        "code.classCode",
    ),
    "code without label": (in_document('value="Ambulatoire"', 'value=""'), "code.practiceSettingCode"),
    "unknown scheme": (in_document("2c6b8cb7", "2c6b8cb8"), "classification.unknown"),
    "class of another type": (
        in_document('nodeRepresentation="52"', 'nodeRepresentation="10"'),
        "code.association",
    ),
    "class label": (in_document("Certificat, déclaration", "Certificat"), "code.label"),
    "setting": (in_document('"AMBULATOIRE"', '"ETABLISSEMENT"'), "code.setting"),
    "no confidentiality": (
        drop_classification("urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"),
        "confidentiality",
    ),
    "masked vaccination": (
        in_document("<ExternalIdentifier", MASK + "<ExternalIdentifier"),
        "confidentiality.vaccination",
    ),
    "patient id of the entry": (
        in_document(f'value="{INS}^^^&amp;1', f'value="{INS}^^&amp;1'),
        "patientid",
    ),
    "unique id name": (swap("XDSDocumentEntry.uniqueId", "XDSDocumentEntry.autre"), "identifier.uniqueId"),
    "unique id with extension": (
        lambda t: t.replace(
            '"><Name><LocalizedString value="XDSDocumentEntry.uniqueId"',
            '^1"><Name><LocalizedString value="XDSDocumentEntry.uniqueId"',
            1,
        ),
        "identifier.uniqueId",
    ),
    "author person": (
        in_document('authorPerson"><ValueList><Value>8', 'authorPerson"><ValueList><Value>7'),
        "author.person",
    ),
    "author name": (
        in_document(
            f"^TESTOFFICINE{XCN_END}",
            f"^{XCN_END}",
        ),
        "author.person",
    ),
    "author specialty": (in_document("G15_21/A^Pharm", "G15_21/A^^Pharm"), "author.specialty.format"),
    "PID-7 absent": (swap("<Value>PID-7|19790328</Value>", ""), "sourcepatientinfo"),
    "PID-8 wrong": (swap("PID-8|F", "PID-8|Z"), "sourcepatientinfo"),
    "no member": (lambda t: t.replace(association_of(t, "HasMember"), "", 1), "association.member"),
    "member status": (swap("<Value>Original<", "<Value>Reference<"), "association.member"),
    "signs reversed": (
        swap('sourceObject="@SIG@"', 'sourceObject="@DOC0@"'),
        "association.signs",
    ),
    "unknown association": (
        swap("</RegistryObjectList>", association("APND", "DOC0", "SIG") + "</RegistryObjectList>"),
        "association.type",
    ),
    "replacement of an unknown entry": (
        swap(
            "</RegistryObjectList>",
            association("RPLC", "DOC0", "urn:uuid:5e1c0b7e-6f0d-4d3c-9a52-2d7a5f0c1a11") + "</RegistryObjectList>",
        ),
        "association.replace",
    ),
    "signature language": (in_signature(">art<", ">fr-FR<"), "signature.entry"),
    "signature masks": (in_signature("MASQUE_PS", "INVISIBLE_REPRESENTANTS_LEGAUX"), "signature.entry"),
    "signature class": (in_signature("1.3.6.1.4.1.19376.1.2.1.1.1", "1.2"), "signature.entry"),
    "signature event": (
        in_signature('nodeRepresentation="1.2.840.10065.1.12.1.14"', 'nodeRepresentation="x"'),
        "signature.entry",
    ),
    "signature author": (in_signature("^TESTOFFICINE^CAMILLE^", "^TESTAUTRE^CAMILLE^", 2), "signature.author"),
    "signature patient": (
        in_signature(f'sourcePatientId"><ValueList><Value>{INS}', f'sourcePatientId"><ValueList><Value>{OTHER_INS}'),
        "signature.patient",
    ),
    "signature title": (in_signature('value="Source"', 'value="Autre"'), "signature.entry"),
    "no signature": (in_signature('nodeRepresentation="E1762"', 'nodeRepresentation="87273-9"'), "signature.entry"),
}


def association_of(text: str, kind: str) -> str:
    start = text.rindex("<Association ", 0, text.index(f"AssociationType:{kind}"))
    return text[start : text.index("</Association>", start) + 14]


@pytest.mark.parametrize("name", METADATA)
def test_wrong_metadata_are_refused(exchange, engine: DmpEngine, sender: Sender, name: str) -> None:
    edit, check = METADATA[name]
    outcome = exchange(sender.td21(mutation=Mutation(metadata=edit)))
    assert outcome.name == "registry_failure", (outcome.check, outcome.answer.body.decode())
    assert REGISTRY in outcome.codes
    assert check in {error.check for error in outcome.errors}
    assert engine.store.count() == 0


FAULTS = {
    "set institution": (swap(INSTITUTION, "ISO^IDNST^^^1330000002"), NO_AUTHOR),
    "entry institution": (in_document(INSTITUTION, "ISO^IDNST^^^1330000002"), NO_AUTHOR),
    "DOCPAT03": (
        in_document('nodeRepresentation="87273-9"', 'nodeRepresentation="DOCPAT03"'),
        "Le code 'DOCPAT03' ne fait pas partie du domaine d'affinité",
    ),
    "REMB": (in_document('nodeRepresentation="87273-9"', 'nodeRepresentation="REMB"'), "Le code 'REMB'"),
    "class 90": (in_document('nodeRepresentation="87273-9"', 'nodeRepresentation="EXPPAT_3"'), "Le code 'EXPPAT_3'"),
    "history": (in_document('nodeRepresentation="87273-9"', 'nodeRepresentation="11369-6"'), "Le code '11369-6'"),
    "unknown type": (in_document('nodeRepresentation="87273-9"', 'nodeRepresentation="96163-9"'), "Le code '96163-9'"),
    "type scheme": (in_document("2.16.840.1.113883.6.1", "1.2.250.1.213.1.1.4.12"), "Le code '87273-9'"),
    "format": (in_document("vac-note:2021", "vac-note:2019"), "Le code 'urn:asip:ci-sis:vac-note:2019'"),
    "facility": (in_document('"SA33"', '"SA99"'), "Le code 'SA99'"),
    "practice": (in_document('"AMBULATOIRE"', '"VILLE"'), "Le code 'VILLE'"),
    "confidentiality": (in_document('nodeRepresentation="N"', 'nodeRepresentation="L"'), "Le code 'L'"),
    "specialty": (in_document("G15_21/A^", "G15_99^"), "Le code 'G15_99'"),
    "content type": (swap('nodeRepresentation="SA33"', 'nodeRepresentation="ZZ"'), "Le code 'ZZ'"),
    "no PID-5": (
        swap("<Value>PID-5|PAT-TROIS^DOMINIQUE^DOMINIQUE MARIE-LOUISE^^^^L</Value>", ""),
        "Le champ 'sourcePatientInfo PID5' est obligatoire",
    ),
    "no patient info": (drop_slot("sourcePatientInfo"), "Le champ 'sourcePatientInfo PID5' est obligatoire"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_refusals_that_the_dmp_sends_as_faults(exchange, engine: DmpEngine, sender: Sender, name: str) -> None:
    edit, text = FAULTS[name]
    outcome = exchange(sender.td21(mutation=Mutation(metadata=edit)))
    assert (outcome.name, outcome.answer.status) == ("fault", 500), outcome.answer.body.decode()
    assert text in outcome.answer.body.decode()
    assert engine.store.count() == 0


SIGNATURE = {
    "id": swap(' Id="1.2.250', ' Id="1.3.250'),
    "manifest altered": swap("<DigestValue>AA==", "<DigestValue>AAA="),
    "digest of the document": lambda t: t.replace('sha256"/><DigestValue>', 'sha256"/><DigestValue>AAAA', 4),
    "purpose": swap(">1.2.840.10065.1.12.1.14<", ">1.2.840.10065.1.12.1.5<"),
    "purpose target": swap('"purposeOfSignature" Target="#', '"purposeOfSignature" Target="#x'),
    "properties target": swap('v1.1.1#" Target="#', 'v1.1.1#" Target="#x'),
    "signing time": swap("<SigningTime>2026-11-23T", "<SigningTime>"),
    "policy": swap("<SignaturePolicyImplied/>", ""),
    "serial": swap(
        'X509SerialNumber xmlns="http://www.w3.org/2000/09/xmldsig#">',
        'X509SerialNumber xmlns="http://www.w3.org/2000/09/xmldsig#">1',
    ),
    "issuer": swap("CN=TEST AC IGC", "CN=TEST AC"),
    "manifest of another lot": swap(
        '<Reference URI="urn:oid:1.2.250.1.999.1.42.7.', '<Reference URI="urn:oid:1.2.250.1.999.1.42.8.'
    ),
    "reference types": swap('Type="http://www.w3.org/2000/09/xmldsig#Manifest"', 'Type="x"'),
    "canonicalisation": swap("REC-xml-c14n-20010315#WithComments", "REC-xml-c14n-20060315"),
    "v1.3.2": lambda t: t.replace("01903/v1.1.1#", "01903/v1.3.2#"),
}
AFTER = {
    "value": swap("<SignatureValue>", "<SignatureValue>AAAA"),
    "manifest": swap('Id="IHEManifest">', 'Id="IHEManifest"> '),
    "properties": swap("<SignedDataObjectProperties/>", ""),
    "not XML": swap("</Signature>", ""),
}


@pytest.mark.parametrize("name", [*SIGNATURE, *(f"after: {name}" for name in AFTER)])
def test_a_wrong_signature_of_the_lot_is_refused(exchange, engine: DmpEngine, sender: Sender, name: str) -> None:
    after = AFTER.get(name.removeprefix("after: ")) if name.startswith("after: ") else None
    mutation = Mutation(signature_after=after) if after else Mutation(signature=SIGNATURE[name])
    outcome = exchange(sender.td21(mutation=mutation))
    assert (outcome.name, outcome.check, outcome.codes) == ("registry_failure", "lot.signature", (REPOSITORY,))
    assert "Signature du lot invalide" in outcome.answer.body.decode()
    assert engine.store.count() == 0


MTOM = {
    "not multipart": Mutation(content_type=lambda _t: "application/soap+xml"),
    "type": Mutation(content_type=swap("application/xop+xml", "text/xml")),
    "start-info": Mutation(content_type=swap("application/soap+xml", "text/xml")),
    "start": Mutation(content_type=swap("<root@hub>", "<autre@hub>")),
    "boundary": Mutation(content_type=swap("boundary", "borne")),
    "action": Mutation(content_type=swap("-b", "-c")),
    "cut": Mutation(mime=lambda b: b[:-200]),
    "root type": Mutation(mime=lambda b: b.replace(b"application/xop+xml", b"text/xml", 1)),
    "encoding": Mutation(mime=lambda b: b.replace(b"Encoding: binary", b"Encoding: base64", 1)),
    "no content id": Mutation(mime=lambda b: b.replace(b"Content-ID: <doc0", b"Content-XX: <doc0", 1)),
}


@pytest.mark.parametrize("name", MTOM)
def test_a_wrong_mtom_is_refused(exchange, sender: Sender, name: str) -> None:
    outcome = exchange(sender.td21(mutation=MTOM[name]))
    assert (outcome.name, outcome.check, outcome.answer.status) == ("fault", "mtom", 500)


XOP = {
    "inline": (lambda t: t.replace(t[t.index("<xop:Include") : t.index("</xds:Document>")], "AAAA", 1), "xop.include"),
    "unknown cid": (swap("cid:doc0%40hub", "cid:doc9%40hub"), "xop.include"),
    "not a cid": (swap("cid:doc0%40hub", "http://doc0"), "xop.include"),
    "other id": (swap('<xds:Document id="@DOC0@"', '<xds:Document id="urn:uuid:x"'), "xop.documents"),
    "hash": (
        swap('name="hash"><ValueList><Value>', 'name="hash"><ValueList><Value>' + "0" * 40 + "</Value><Value>"),
        "hash",
    ),
    "size": (swap('name="size"><ValueList><Value>', 'name="size"><ValueList><Value>1'), "size"),
}


@pytest.mark.parametrize("name", XOP)
def test_bytes_and_metadata_must_agree(exchange, sender: Sender, name: str) -> None:
    edit, check = XOP[name]
    outcome = exchange(sender.td21(mutation=Mutation(metadata=edit)))
    assert outcome.name == "registry_failure"
    assert REPOSITORY in outcome.codes
    assert check in {error.check for error in outcome.errors}


def test_duplicates(exchange, sender: Sender) -> None:
    document = Document()
    assert exchange(sender.td21(document)).name == "success"
    again = exchange(sender.td21(document))
    assert (again.name, again.codes) == ("registry_failure", ("XDSDuplicateUniqueIdInRegistry",))
    other = exchange(sender.td21(document, Mutation(cda=swap("LOTTEST01", "LOTTEST02"))))
    assert (other.name, other.codes) == ("registry_failure", ("XDSNonIdenticalHash",))


def test_the_carnet_holds_a_product_and_a_date_once(exchange, engine: DmpEngine, sender: Sender) -> None:
    first = Document()
    assert exchange(sender.td21(first)).name == "success"
    outcome = exchange(sender.td21(Document()))
    assert (outcome.name, outcome.codes) == ("registry_failure", ("DMPFragmentCVAError",))
    assert exchange(sender.td21(Document(vaccination_id=first.vaccination_id))).name == "success"
    assert exchange(sender.td21(Document(date="20261122"))).name == "success"
    assert exchange(sender.td21(Document(), ins=OTHER_INS)).name == "success"
    assert exchange(sender.td21_lot([Document(cis="60000001"), Document(cis="60000001")])).codes == (
        "DMPFragmentCVAError",
    )


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"dmp": "none"}, "XDSUnknownPatientId"),
        ({"dmp": "terminated"}, "DMPClosed"),
        ({"authorisation": "INTERDIT"}, "DMPAccessForbidden"),
    ],
)
def test_no_document_for_a_dmp_that_is_absent_closed_or_forbidden(exchange, engine, sender, state, code) -> None:
    engine.patients.set(INS, **state)
    assert exchange(sender.td21()).codes == (code,)


def test_metadata_about_another_patient_than_the_vihf(exchange, sender: Sender) -> None:
    outcome = exchange(sender.td21(mutation=Mutation(metadata=in_document(f'value="{INS}^', f'value="{OTHER_INS}^'))))
    assert "XDSPatientIdDoesNotMatch" in outcome.codes


def test_the_lot_is_signed_by_the_structure(exchange, pki, sender: Sender) -> None:
    other = Sender(pki.issue_structure("1330000008", "PHARMACIE VOISINE"))

    class Mixed(Sender):
        def lot_signature(self, *arguments):
            return other.lot_signature(*arguments)

    outcome = exchange(Mixed(sender.certificates).td21())
    assert outcome.check == "lot.signature"
    assert "autre structure" in outcome.answer.body.decode()


def test_only_the_author_replaces(exchange, engine: DmpEngine, pki, sender: Sender) -> None:
    first = Document()
    exchange(sender.td21(first))
    old = engine.store.by_unique_id(first.unique_id)
    neighbour = Sender(pki.issue_structure("1330000007", "PHARMACIE VOISINE"), structure="1330000007")
    second = next_version(first, vaccination_id=first.vaccination_id)
    outcome = exchange(neighbour.td21(second, replacing(old.entry_uuid)), "1330000007")
    assert outcome.check == "association.replace"

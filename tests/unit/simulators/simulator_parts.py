"""The parts of hand-written DMP messages: the CDA and the metadata, and how a test alters them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from simulator_kinds import CLASSES, NOTE, SPECIALTY, TROD, Author, Kind, pdf, trod_body, unstructured

NOW = datetime(2026, 11, 23, 9, 31, 0, tzinfo=UTC)
INS = "279035121518989"
OTHER_INS = "277076322082910"
OID_INS = "1.2.250.1.213.1.4.10"
STRUCTURE = "1330000001"
PROFESSIONAL = "801234567897"
BASE = "/si-dmp-server/v2/services"
LPS_OID = "1.2.250.1.999.1.42"
Edit = Callable[[str], str]


def swap(old: str, new: str, count: int = 1) -> Edit:
    """Return an edit that replaces `old`, and fails when it isn't there."""

    def edit(text: str) -> str:
        assert old in text, f"{old!r} not in the message"
        return text.replace(old, new, count)

    return edit


def same(text: str) -> str:
    """Leave the text alone."""
    return text


def oid() -> str:
    """Return a fresh OID."""
    return f"{LPS_OID}.7.{uuid.uuid4().int >> 70}"


@dataclass(frozen=True)
class Mutation:
    """Alterations of one message."""

    vihf: Edit = same
    vihf_after: Edit = same
    td02: Edit = same
    metadata: Edit = same
    cda: Edit = same
    signature: Edit = same
    signature_after: Edit = same
    query: Edit = same
    envelope: Edit = same
    mime: Callable[[bytes], bytes] = lambda data: data
    content_type: Edit = same


@dataclass(frozen=True)
class Document:
    """One document, a note de vaccination unless told; `authors` come after the sender, `masks` after N.

    `replaced` is the uniqueId of the document that this version replaces; `content` is an unstructured body.
    """

    unique_id: str = field(default_factory=oid)
    set_id: str = field(default_factory=oid)
    vaccination_id: str = field(default_factory=lambda: str(uuid.uuid4()).upper())
    cis: str = "68747507"
    date: str = "20261123"
    kind: Kind = NOTE
    version: int = 1
    authors: tuple[Author, ...] = ()
    masks: tuple[str, ...] = ()
    replaced: str = ""
    content: bytes = field(default_factory=pdf, repr=False)
    media_type: str = "application/pdf"


class Who(Protocol):
    """Who sends."""

    structure: str
    professional: str
    now: datetime


def _person(document: Document, sender: Who) -> str:
    (specialty, label), (practice, practice_label) = document.kind.profession, document.kind.practice
    return (
        f'<id root="1.2.250.1.71.4.2.1" extension="{sender.professional}"/>'
        f'<code code="{specialty}" displayName="{label}" codeSystem="{SPECIALTY}"/>'
        "<assignedPerson><name><given>Camille</given><family>TESTOFFICINE</family></name></assignedPerson>"
        f'<representedOrganization><id root="1.2.250.1.71.4.2.2" extension="{sender.structure}"/>'
        "<name>PHARMACIE DE TEST</name>"
        f'<standardIndustryClassCode code="{practice}" displayName="{practice_label}" '
        'codeSystem="1.2.250.1.213.1.1.4.9"/></representedOrganization>'
    )


def cda(document: Document, sender: Who, ins: str = INS) -> str:
    """Return the document: its header, then the body of its kind."""
    who, kind = _person(document, sender), document.kind
    event = f'<code code="{kind.event}" displayName="Acte" codeSystem="{kind.scheme}"/>' if kind.event else ""
    templates = "".join(
        f'<templateId root="{root}"' + (f' extension="{version}"/>' if version else "/>")
        for root, version in kind.templates
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- note d\'essai --><ClinicalDocument xmlns="urn:hl7-org:v3" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><realmCode code="FR"/>'
        '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>'
        '<templateId root="2.16.840.1.113883.2.8.2.1"/><templateId root="1.2.250.1.213.1.1.1.1"/>'
        f'{templates}<id root="{document.unique_id}"/>'
        f'<code code="{kind.code}" displayName="{kind.label}" codeSystem="{kind.scheme}"/>'
        f'<title>{kind.label}</title><effectiveTime value="20261123103000+0100"/>'
        '<confidentialityCode code="N" displayName="Normal" codeSystem="2.16.840.1.113883.5.25"/>'
        f'<languageCode code="fr-FR"/><setId root="{document.set_id}"/><versionNumber value="{document.version}"/>'
        f'<recordTarget><patientRole><id root="{OID_INS}" extension="{ins}"/>'
        f'<id root="{LPS_OID}.2" extension="PAT-42"/><patient><name><family qualifier="BR">PAT-TROIS</family>'
        '<given>DOMINIQUE MARIE-LOUISE</given><given qualifier="BR">DOMINIQUE</given></name>'
        '<administrativeGenderCode code="F" displayName="Féminin" codeSystem="2.16.840.1.113883.5.1"/>'
        '<birthTime value="19790328"/><birthplace><place><addr><county>51215</county></addr></place></birthplace>'
        "</patient></patientRole></recordTarget>"
        f'<author><time value="20261123103000+0100"/><assignedAuthor>{who}</assignedAuthor></author>'
        + "".join(author.cda() for author in document.authors)
        + "<custodian><assignedCustodian><representedCustodianOrganization>"
        f'<id root="1.2.250.1.71.4.2.2" extension="{sender.structure}"/><name>PHARMACIE DE TEST</name>'
        "</representedCustodianOrganization></assignedCustodian></custodian>"
        '<legalAuthenticator><time value="20261123103000+0100"/><signatureCode code="S"/>'
        f"<assignedEntity>{who}</assignedEntity></legalAuthenticator>"
        f'<documentationOf><serviceEvent>{event}<effectiveTime><low value="20261123100000+0100"/>'
        '<high value="20261123102500+0100"/></effectiveTime><performer typeCode="PRF">'
        f"<assignedEntity>{who}</assignedEntity></performer></serviceEvent>"
        + (replaces(document.replaced) if document.replaced else "</documentationOf>")
        + '<componentOf><encompassingEncounter><effectiveTime nullFlavor="UNK"/><location><healthCareFacility>'
        f'<code code="{kind.facility[0]}" displayName="{kind.facility[1]}" codeSystem="1.2.250.1.71.4.2.4"/>'
        "</healthCareFacility></location></encompassingEncounter></componentOf>"
        + _body(document, who)
        + "</ClinicalDocument>"
    )


def _body(document: Document, who: str) -> str:
    if document.kind == NOTE:
        return _vaccination(document, who)
    return trod_body() if document.kind == TROD else unstructured(document.content, document.media_type)


def _vaccination(document: Document, who: str) -> str:
    return (
        "<component><structuredBody><component><section>"
        '<templateId root="1.2.250.1.213.1.1.2.147"/><code code="11369-6" codeSystem="2.16.840.1.113883.6.1"/>'
        '<title>Note de vaccination</title><text><content ID="vac-1">VACCIN DE TEST</content></text><entry>'
        '<substanceAdministration classCode="SBADM" moodCode="EVN" negationInd="false">'
        f'<templateId root="1.2.250.1.213.1.1.3.45"/><id root="{document.vaccination_id}"/>'
        '<code code="BOOSTER" displayName="Rappel de vaccin" codeSystem="2.16.840.1.113883.5.4"/>'
        '<text><reference value="#vac-1"/></text><statusCode code="completed"/>'
        f'<effectiveTime value="{document.date}"/>'
        '<routeCode code="20035000" displayName="Voie intramusculaire" codeSystem="0.4.0.127.0.16.1.1.2.1"/>'
        '<approachSiteCode code="16217701000119102" displayName="deltoïde gauche" codeSystem="2.16.840.1.113883.6.96"/>'
        '<consumable typeCode="CSM"><manufacturedProduct><manufacturedMaterial>'
        f'<code code="{document.cis}" displayName="VACCIN DE TEST" codeSystem="1.2.250.1.213.2.3.1">'
        '<translation code="J07AM" displayName="vaccins tétaniques" codeSystem="2.16.840.1.113883.6.73"/></code>'
        "<name>VACCIN DE TEST</name><lotNumberText>LOTTEST01</lotNumberText></manufacturedMaterial>"
        "</manufacturedProduct></consumable>"
        f'<performer typeCode="PRF"><assignedEntity>{who}</assignedEntity></performer>'
        f'<author typeCode="AUT"><time value="20261123103000+0100"/><assignedAuthor>{who}</assignedAuthor></author>'
        "</substanceAdministration></entry></section></component></structuredBody></component>"
    )


_RIM_NAMES = {
    "author": "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d",
    "class": "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a",
    "type": "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983",
    "format": "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d",
    "confidentiality": "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f",
    "facility": "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1",
    "practice": "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead",
    "event": "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4",
}


def slot(name: str, *values: str) -> str:
    """Return a Slot."""
    content = "".join(f"<Value>{value}</Value>" for value in values)
    return f'<Slot name="{name}"><ValueList>{content}</ValueList></Slot>'


def code(owner: str, scheme: str, value: str, coding: str, label: str) -> str:
    """Return a coded Classification."""
    scheme = _RIM_NAMES.get(scheme, scheme)
    return (
        f'<Classification id="urn:uuid:{uuid.uuid4()}" classifiedObject="@{owner}@" classificationScheme="{scheme}" '
        f'nodeRepresentation="{value}">{slot("codingScheme", coding)}<Name><LocalizedString xml:lang="FR" '
        f'charset="UTF-8" value="{label}"/></Name></Classification>'
    )


def author(owner: str, scheme: str, sender: Who, profession: tuple[str, str] = NOTE.profession) -> str:
    """Return the author Classification of the sender."""
    number = f"PHARMACIE DE TEST^^^^^&amp;1.2.250.1.71.4.2.2&amp;ISO^IDNST^^^{sender.structure}"
    specialty = "^".join((*profession, SPECIALTY))
    return _author(
        owner, scheme, [("authorPerson", xcn(sender)), ("authorInstitution", number), ("authorSpecialty", specialty)]
    )


def _author(owner: str, scheme: str, slots: list[tuple[str, str]]) -> str:
    return (
        f'<Classification id="urn:uuid:{uuid.uuid4()}" classifiedObject="@{owner}@" '
        f'classificationScheme="{_RIM_NAMES.get(scheme, scheme)}" nodeRepresentation="">'
        + "".join(slot(name, value) for name, value in slots)
        + "</Classification>"
    )


def xcn(sender: Who) -> str:
    """Return the professional as XCN, escaped."""
    return f"{sender.professional}^TESTOFFICINE^CAMILLE^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS"


def identifier(owner: str, scheme: str, name: str, value: str) -> str:
    """Return an ExternalIdentifier."""
    return (
        f'<ExternalIdentifier id="urn:uuid:{uuid.uuid4()}" registryObject="@{owner}@" identificationScheme="{scheme}" '
        f'value="{value}"><Name><LocalizedString value="{name}"/></Name></ExternalIdentifier>'
    )


def association(kind: str, source: str, target: str) -> str:
    """Return an Association."""
    prefix = (
        "urn:oasis:names:tc:ebxml-regrep:AssociationType:"
        if kind == "HasMember"
        else "urn:ihe:iti:2007:AssociationType:"
    )
    original = slot("SubmissionSetStatus", "Original") if kind == "HasMember" else ""
    target_object = target if target.startswith("urn:") else f"@{target}@"
    return (
        f'<Association id="urn:uuid:{uuid.uuid4()}" associationType="{prefix}{kind}" sourceObject="@{source}@" '
        'objectType="urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association" '
        f'targetObject="{target_object}">{original}</Association>'
    )


def submission_set(set_id: str, sender: Who, ins: str) -> str:
    """Return the RegistryPackage."""
    return (
        '<RegistryPackage id="@SS@">'
        + slot("submissionTime", f"{sender.now:%Y%m%d%H%M%S}")
        + f'<Classification id="urn:uuid:{uuid.uuid4()}" classifiedObject="@SS@" '
        'classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"/>'
        + author("SS", "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d", sender)
        + code(
            "SS", "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500", "SA33", "1.2.250.1.71.4.2.4", "Pharmacie d'officine"
        )
        + identifier(
            "SS",
            "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446",
            "XDSSubmissionSet.patientId",
            f"{ins}^^^&amp;{OID_INS}&amp;ISO^NH",
        )
        + identifier("SS", "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832", "XDSSubmissionSet.sourceId", LPS_OID)
        + identifier("SS", "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8", "XDSSubmissionSet.uniqueId", set_id)
        + "</RegistryPackage>"
    )


def _identity(name: str, unique_id: str, ins: str) -> str:
    return identifier(
        name,
        "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427",
        "XDSDocumentEntry.patientId",
        f"{ins}^^^&amp;{OID_INS}&amp;ISO^NH",
    ) + identifier(name, "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab", "XDSDocumentEntry.uniqueId", unique_id)


def entry(name: str, document: Document, content: bytes, sender: Who, ins: str) -> str:
    """Return the ExtrinsicObject of a document."""
    kind = document.kind
    return (
        f'<ExtrinsicObject id="@{name}@" mimeType="text/xml" '
        'objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">'
        + slot("creationTime", "20261123093000")
        + slot("hash", hashlib.sha1(content).hexdigest())
        + slot("size", str(len(content)))
        + slot("languageCode", "fr-FR")
        + slot("legalAuthenticator", xcn(sender))
        + slot("serviceStartTime", "20261123090000")
        + slot("serviceStopTime", "20261123092500")
        + slot("sourcePatientId", f"PAT-42^^^&amp;{LPS_OID}.2&amp;ISO^PI")
        + slot(
            "sourcePatientInfo",
            "PID-5|PAT-TROIS^DOMINIQUE^DOMINIQUE MARIE-LOUISE^^^^L",
            "PID-7|19790328",
            "PID-8|F",
        )
        + f'<Name><LocalizedString xml:lang="FR" charset="UTF-8" value="{kind.label}"/></Name>'
        + author(name, "author", sender, kind.profession)
        + "".join(_author(name, "author", other.slots()) for other in document.authors)
        + code(name, "class", kind.group, "1.2.250.1.213.1.1.4.1", CLASSES[kind.group])
        + code(name, "type", kind.code, kind.scheme, kind.label)
        + code(name, "format", *kind.form)
        + code(name, "confidentiality", "N", "2.16.840.1.113883.5.25", "Normal")
        + "".join(
            code(name, "confidentiality", mask, "1.2.250.1.213.1.1.4.13", mask.lower()) for mask in document.masks
        )
        + _setting(name, kind)
        + _identity(name, document.unique_id, ins)
        + "</ExtrinsicObject>"
    )


def _setting(name: str, kind: Kind) -> str:
    facility, facility_label = kind.facility
    practice, practice_label = kind.practice
    return code(name, "facility", facility, "1.2.250.1.71.4.2.4", facility_label) + code(
        name, "practice", practice, "1.2.250.1.213.1.1.4.9", practice_label
    )


def signature_entry(unique_id: str, content: bytes, sender: Who, ins: str, kind: Kind) -> str:
    """Return the ExtrinsicObject of the signature of a lot whose first document is of this kind."""
    masks = "1.2.250.1.213.1.1.4.13"
    return (
        '<ExtrinsicObject id="@SIG@" mimeType="text/xml" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">'
        + slot("creationTime", f"{sender.now:%Y%m%d%H%M%S}")
        + slot("hash", hashlib.sha1(content).hexdigest())
        + slot("size", str(len(content)))
        + slot("languageCode", "art")
        + slot("legalAuthenticator", xcn(sender))
        + slot("serviceStartTime", f"{sender.now:%Y%m%d%H%M%S}")
        + slot("serviceStopTime", f"{sender.now:%Y%m%d%H%M%S}")
        + slot("sourcePatientId", f"{ins}^^^&amp;{OID_INS}&amp;ISO^NH")
        + '<Name><LocalizedString xml:lang="FR" value="Source"/></Name>'
        + author("SIG", "author", sender)
        + code("SIG", "class", "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN", "Digital Signature")
        + code("SIG", "type", "E1762", "ASTM", "Full Document")
        + code("SIG", "format", "http://www.w3.org/2000/09/xmldsig#", "URN", "Default Signature Style")
        + code("SIG", "event", "1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12", "Source")
        + code("SIG", "confidentiality", "N", "2.16.840.1.113883.5.25", "Normal")
        + code("SIG", "confidentiality", "MASQUE_PS", masks, "Masqué aux professionnels de santé")
        + code("SIG", "confidentiality", "INVISIBLE_PATIENT", masks, "Non visible par le patient")
        + _setting("SIG", kind)
        + _identity("SIG", unique_id, ins)
        + "</ExtrinsicObject>"
    )


def replaces(unique_id: str) -> str:
    """Return the relatedDocument of a replacement, after documentationOf."""
    return (
        f'</documentationOf><relatedDocument typeCode="RPLC"><parentDocument><id root="{unique_id}"/>'
        "</parentDocument></relatedDocument>"
    )


def next_version(old: Document, **changes: object) -> Document:
    """Return the document that replaces `old`: same setId, next number, fresh identifiers."""
    fresh = {
        "unique_id": oid(),
        "vaccination_id": str(uuid.uuid4()).upper(),
        "version": old.version + 1,
        "replaced": old.unique_id,
    }
    return replace(old, **(fresh | changes))  # type: ignore[arg-type]


def replacing(entry_uuid: str) -> Mutation:
    """Return the edit that adds the RPLC association of the first document."""
    added = association("RPLC", "DOC0", entry_uuid) + "</RegistryObjectList>"
    return Mutation(metadata=swap("</RegistryObjectList>", added))

"""Rules of the header that the official schematron holds, and those of the people around the patient (CDA §3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lxml import etree

from hub_simulators.dmp.cda import Cda
from hub_simulators.dmp.formats import OID, OID_PS, OID_STRUCTURE, UUID, professional_ok, structure_ok
from hub_simulators.dmp.names import HL7, q
from hub_simulators.dmp.refusals import Findings
from hub_simulators.dmp.xmltools import elements, text

_PREFIXES = frozenset({"M", "MME"})
_SUFFIXES = frozenset({"DR", "MC", "MG", "PC", "PG", "PR"})
_NULL_FLAVORS = frozenset({None, "UNK", "NASK", "ASKU", "NAV", "MSK"})
_NOT_APPLICABLE = frozenset({q(HL7, "functionCode"), q(HL7, "time")})
_TELECOM = re.compile(r"(tel|fax|mailto|http|ftp|mllp):.+")
_PARTICIPATIONS = frozenset({"REF", "REFB", "INF", "RESP", "PRF", "CON", "VRF"})
_PATIENT = f"{q(HL7, 'recordTarget')}/{q(HL7, 'patientRole')}/{q(HL7, 'patient')}"


def check_header(cda: Cda, where: str, findings: Findings, *, check_key: bool) -> None:
    """Check identifiers, names, contacts, absences, the guardian, the recipients and the encounter."""
    for element in _header(cda.root):
        absent = element.get("nullFlavor")
        if absent not in _NULL_FLAVORS and not (absent == "NA" and element.tag in _NOT_APPLICABLE):
            findings.repository("cda.nullflavor", "CDA : nullFlavor hors de la structuration minimale", where)
        check = _CHECKS.get(element.tag)
        if check is not None and not check[0](element):
            findings.repository(check[1], check[2], where)
    _check_patient_names(cda.root, where, findings)
    _check_guardians(cda.root, where, findings)
    _check_recipients(cda.root, where, findings, check_key=check_key)
    _check_participants(cda.root, where, findings)
    _check_event(cda.root, where, findings)
    _check_encounter(cda.root, where, findings)


def _header(root: etree._Element) -> Iterator[etree._Element]:
    for child in elements(root):
        if child.tag != q(HL7, "component"):
            yield from child.iter(etree.Element)


def _identifier_ok(element: etree._Element) -> bool:
    root = element.get("root") or ""
    return bool(OID.fullmatch(root) or UUID.fullmatch(root) or element.get("nullFlavor"))


def _telecom_ok(element: etree._Element) -> bool:
    return element.get("nullFlavor") is not None or _TELECOM.fullmatch(element.get("value") or "") is not None


def _address_ok(element: etree._Element) -> bool:
    lines = [child.tag == q(HL7, "streetAddressLine") for child in elements(element)]
    return all(lines) or not any(lines)


_ROOT = (_identifier_ok, "cda.root", "CDA : @root OID ou UUID en majuscules attendu")
_CHECKS: dict[str, tuple[Callable[[etree._Element], bool], str, str]] = {
    q(HL7, "id"): _ROOT,
    q(HL7, "setId"): _ROOT,
    q(HL7, "templateId"): _ROOT,
    q(HL7, "prefix"): (lambda e: text(e) in _PREFIXES, "cda.prefix", "CDA : civilité hors du jeu de valeurs (M, MME)"),
    q(HL7, "suffix"): (lambda e: text(e) in _SUFFIXES, "cda.suffix", "CDA : titre hors du jeu de valeurs"),
    q(HL7, "telecom"): (_telecom_ok, "cda.telecom", "CDA : telecom sans protocole connu"),
    q(HL7, "addr"): (_address_ok, "cda.addr", "CDA : adresse en lignes ou en composants, pas les deux"),
}


def _check_patient_names(root: etree._Element, where: str, findings: Findings) -> None:
    for name in root.findall(f"{_PATIENT}/{q(HL7, 'name')}"):
        families = {family.get("qualifier") for family in name.findall(q(HL7, "family"))}
        givens = {given.get("qualifier") for given in name.findall(q(HL7, "given"))}
        if not families <= {"BR", "CL"} or not givens <= {None, "BR", "CL"}:
            findings.repository("cda.patient.name", "CDA : noms du patient qualifiés BR ou CL", where)


def _check_guardians(root: etree._Element, where: str, findings: Findings) -> None:
    for guardian in root.findall(f"{_PATIENT}/{q(HL7, 'guardian')}"):
        people = guardian.findall(q(HL7, "guardianPerson"))
        organisations = guardian.findall(q(HL7, "guardianOrganization"))
        families = [text(person.find(f"{q(HL7, 'name')}/{q(HL7, 'family')}")) for person in people]
        names = families + [text(organisation.find(q(HL7, "name"))) for organisation in organisations]
        if len(names) != 1 or not names[0]:
            findings.repository("cda.guardian", "CDA : représentant du patient sans nom", where)


def _check_recipients(root: etree._Element, where: str, findings: Findings, *, check_key: bool) -> None:
    for recipient in root.findall(q(HL7, "informationRecipient")):
        intended = recipient.findall(q(HL7, "intendedRecipient"))
        if len(intended) != 1 or not _recipient_ok(intended[0], check_key=check_key):
            findings.repository("cda.recipient", "CDA : destinataire sans nom, ou d'identifiant incorrect", where)


def _recipient_ok(intended: etree._Element, *, check_key: bool) -> bool:
    for identifier in intended.findall(q(HL7, "id")):
        known = identifier.get("root") == OID_PS
        known = known and professional_ok(identifier.get("extension") or "", check_key=check_key)
        if not known and identifier.get("nullFlavor") is None:
            return False
    organisation = intended.find(q(HL7, "receivedOrganization"))
    structures = organisation.findall(q(HL7, "id")) if organisation is not None else []
    for structure in structures:
        if structure.get("root") != OID_STRUCTURE or not structure_ok(structure.get("extension") or ""):
            return False
    person = intended.find(f"{q(HL7, 'informationRecipient')}/{q(HL7, 'name')}/{q(HL7, 'family')}")
    return bool(text(person) or (organisation is not None and text(organisation.find(q(HL7, "name")))))


def _check_participants(root: etree._Element, where: str, findings: Findings) -> None:
    for participant in root.findall(q(HL7, "participant")):
        entity = participant.find(q(HL7, "associatedEntity"))
        known = participant.get("typeCode") in _PARTICIPATIONS and participant.find(q(HL7, "time")) is not None
        if not known or entity is None or entity.get("classCode") not in {"PROV", "AGNT"}:
            findings.repository("cda.participant", "CDA : participant sans date, ou de rôle inconnu", where)
    for identifier in root.iterfind(f"{q(HL7, 'authenticator')}/{q(HL7, 'assignedEntity')}/{q(HL7, 'id')}"):
        if identifier.get("root") != OID_PS:
            findings.repository("cda.participant", "CDA : attestateur sans identifiant national", where)
    if any(related.get("typeCode") != "RPLC" for related in root.findall(q(HL7, "relatedDocument"))):
        findings.repository("cda.related", "CDA : relatedDocument RPLC seulement", where)


def _check_event(root: etree._Element, where: str, findings: Findings) -> None:
    """The main act is the first; it has one performer, who has a practice setting."""
    events = root.findall(f"{q(HL7, 'documentationOf')}/{q(HL7, 'serviceEvent')}")
    performers = [performer.get("typeCode") for performer in events[0].findall(q(HL7, "performer"))] if events else []
    if performers != ["PRF"]:
        findings.repository("cda.performer", "CDA : un seul exécutant (PRF) de l'acte principal attendu", where)


def _check_encounter(root: etree._Element, where: str, findings: Findings) -> None:
    path = f"{q(HL7, 'componentOf')}/{q(HL7, 'encompassingEncounter')}/{q(HL7, 'effectiveTime')}"
    period = root.find(path)
    bounds = [period.find(q(HL7, name)) for name in ("low", "high")] if period is not None else []
    values = [bound.get("value") for bound in bounds if bound is not None]
    if len(values) == 2 and values[0] == values[1] is not None:
        findings.repository("cda.encounter", "CDA : prise en charge qui finit quand elle commence", where)

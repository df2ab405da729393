"""The header of a CDA R2 document read into a plain object, with this simulator's own paths (CDA reference §3)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lxml import etree

from hub_simulators.dmp.names import HL7, q
from hub_simulators.dmp.xmltools import XmlProblem, parse, text


@dataclass(frozen=True, slots=True)
class Identifier:
    """An II."""

    root: str
    extension: str


@dataclass(frozen=True, slots=True)
class Code:
    """A CE."""

    code: str
    scheme: str
    label: str


@dataclass(frozen=True, slots=True)
class Person:
    """An author, a performer or the legal authenticator; `device` when a system holds the role, `role` of an author.

    `wholes`: the organisations that `structure` is part of (a legal entity and its establishment).
    """

    id: Identifier
    family: str
    given: str
    structure: Identifier | None
    specialty: Code | None
    device: bool = False
    role: str = ""
    wholes: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class CdaPatient:
    """recordTarget: identifiers in order, and the traits."""

    ids: list[Identifier]
    birth_family: str
    birth_given: str
    all_given: str
    used_family: str
    used_given: str
    gender: str
    birth_time: str
    birthplace: str


@dataclass(frozen=True, slots=True, repr=False)
class Cda:
    """What the checks read of a document."""

    root: etree._Element
    realm: str
    type_id: Identifier
    templates: list[Identifier]
    id: Identifier
    id_count: int
    code: Code
    title: str
    effective_time: str
    confidentiality: Code
    language: str
    set_id: Identifier
    version: str
    patient: CdaPatient
    authors: list[Person]
    custodian: Identifier
    authenticator: Person | None
    signature_code: str
    service_low: str
    service_high: str
    performers: list[Person]
    events: list[Code]
    practice: Code
    facility: Code
    replaced: list[Identifier]
    replaced_versions: list[str]
    media_type: str


def read_cda(data: bytes) -> Cda:
    """Read a ClinicalDocument. Raises XmlProblem when the bytes are not one."""
    root = parse(data)
    if root.tag != q(HL7, "ClinicalDocument"):
        raise XmlProblem("ClinicalDocument attendu")
    event = _find(root, "documentationOf", "serviceEvent")
    performer = _find(event, "performer", "assignedEntity")
    authenticator = _find(root, "legalAuthenticator", "assignedEntity")
    ids = root.findall(q(HL7, "id"))
    return Cda(
        root=root,
        realm=_attr(_find(root, "realmCode"), "code"),
        type_id=_identifier(_find(root, "typeId")),
        templates=[_identifier(element) for element in root.findall(q(HL7, "templateId"))],
        id=_identifier(ids[0] if ids else None),
        id_count=len(ids),
        code=_code(_find(root, "code")),
        title=text(_find(root, "title")),
        effective_time=_attr(_find(root, "effectiveTime"), "value"),
        confidentiality=_code(_find(root, "confidentialityCode")),
        language=_attr(_find(root, "languageCode"), "code"),
        set_id=_identifier(_find(root, "setId")),
        version=_attr(_find(root, "versionNumber"), "value"),
        patient=_patient(_find(root, "recordTarget", "patientRole")),
        authors=[_author(element) for element in root.findall(q(HL7, "author"))],
        custodian=_identifier(_find(root, "custodian", "assignedCustodian", "representedCustodianOrganization", "id")),
        authenticator=person_of(authenticator) if authenticator is not None else None,
        signature_code=_attr(_find(root, "legalAuthenticator", "signatureCode"), "code"),
        service_low=_attr(_find(event, "effectiveTime", "low"), "value"),
        service_high=_attr(_find(event, "effectiveTime", "high"), "value"),
        performers=[
            person_of(_find(p, "assignedEntity")) for p in _all(root, "documentationOf/serviceEvent/performer")
        ],
        events=[_code(element) for element in _all(root, "documentationOf/serviceEvent/code")],
        practice=_code(_find(performer, "representedOrganization", "standardIndustryClassCode")),
        facility=_code(_find(root, "componentOf", "encompassingEncounter", "location", "healthCareFacility", "code")),
        replaced=[_identifier(element) for element in _replaced(root, "id")],
        replaced_versions=[_attr(element, "value") for element in _replaced(root, "versionNumber")],
        media_type=_attr(_find(root, "component", "nonXMLBody", "text"), "mediaType"),
    )


def _find(element: etree._Element | None, *path: str) -> etree._Element | None:
    for name in path:
        if element is None:
            return None
        element = element.find(q(HL7, name))
    return element


def _all(element: etree._Element | None, path: str) -> list[etree._Element]:
    if element is None:
        return []
    return list(element.findall("/".join(q(HL7, name) for name in path.split("/"))))


def _replaced(root: etree._Element, name: str) -> list[etree._Element]:
    related = [element for element in root.findall(q(HL7, "relatedDocument")) if element.get("typeCode") == "RPLC"]
    return [found for element in related for found in _all(element, f"parentDocument/{name}")]


def _attr(element: etree._Element | None, name: str) -> str:
    return (element.get(name) or "") if element is not None else ""


def _identifier(element: etree._Element | None) -> Identifier:
    return Identifier(_attr(element, "root"), _attr(element, "extension"))


def _code(element: etree._Element | None) -> Code:
    return Code(_attr(element, "code"), _attr(element, "codeSystem"), _attr(element, "displayName"))


def person_of(element: etree._Element | None) -> Person:
    """Read an assignedAuthor or an assignedEntity."""
    name = _find(element, "assignedPerson", "name")
    device = _find(element, "assignedAuthoringDevice")
    family, given = text(_find(name, "family")), text(_find(name, "given"))
    if name is None and device is not None:
        family, given = text(_find(device, "softwareName")), text(_find(device, "manufacturerModelName"))
    organisation = _find(element, "representedOrganization", "id")
    code = _find(element, "code")
    return Person(
        id=_identifier(_find(element, "id")),
        family=family,
        given=given,
        structure=_identifier(organisation) if organisation is not None else None,
        specialty=_code(code) if code is not None else None,
        device=device is not None,
        wholes=tuple(
            _identifier(whole)
            for whole in _all(element, "representedOrganization/asOrganizationPartOf/wholeOrganization/id")
        ),
    )


def _author(element: etree._Element) -> Person:
    return replace(
        person_of(_find(element, "assignedAuthor")), role=_attr(_find(element, "functionCode"), "displayName")
    )


def _patient(role: etree._Element | None) -> CdaPatient:
    ids = role.findall(q(HL7, "id")) if role is not None else []
    patient = _find(role, "patient")
    name = _find(patient, "name")
    families = name.findall(q(HL7, "family")) if name is not None else []
    givens = name.findall(q(HL7, "given")) if name is not None else []
    return CdaPatient(
        ids=[_identifier(element) for element in ids],
        birth_family=_qualified(families, "BR"),
        birth_given=_qualified(givens, "BR"),
        all_given=_qualified(givens, None),
        used_family=_qualified(families, "CL"),
        used_given=_qualified(givens, "CL"),
        gender=_attr(_find(patient, "administrativeGenderCode"), "code"),
        birth_time=_attr(_find(patient, "birthTime"), "value"),
        birthplace=text(_find(patient, "birthplace", "place", "addr", "county")),
    )


def _qualified(elements: list[etree._Element], qualifier: str | None) -> str:
    return next((text(element) for element in elements if element.get("qualifier") == qualifier), "")

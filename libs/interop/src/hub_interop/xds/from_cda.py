"""XDS metadata from the very model that the document is built from (volet Transmission HL7v2, CDA to XDS mapping).

`entry_facts` says in plain fields what the metadata need, so that it can travel apart from the document;
`document_entry_of` turns it into the registry's object. `document_entry` does both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hub_interop.cda.bodies import Body
from hub_interop.cda.header.identification import LANGUAGE
from hub_interop.cda.model import AnyAuthor, Author, DeviceAuthor, DocumentHeader, PatientIdentity, used_names
from hub_interop.cda.shape import shape_of
from hub_interop.ins.traits import corrected_birth_date
from hub_interop.terminologies import Concept, class_of_type, concept
from hub_interop.xds import metadata
from hub_interop.xds.codes import PS_ID_SYSTEM, STRUCTURE_ID_SYSTEM
from hub_interop.xds.composites import Cx, Xcn, Xon

MIME_TYPE = "text/xml"
_SEXES = {"F": "F", "M": "M"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """An author or who answers. A device has its software as `family_name`, its model as `given_name`.

    `specialty` is a code of JDV_J56, `role` a code of JDV_J47; `structure_id` is a Struct_IdNat.
    """

    id: str
    family_name: str
    given_name: str
    device: bool
    specialty: str
    role: str | None
    structure_id: str
    structure_name: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatientFacts:
    """What the metadata say of the patient: INS, local number, traits. `birth_date` is AAAA-MM-JJ as declared."""

    matricule: str
    oid: str
    local_id: str
    local_oid: str
    birth_name: str
    first_birth_given_name: str
    birth_given_names: str
    used_name: str | None
    used_given_name: str | None
    sex: str
    birth_date: str
    birth_place_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """All that the metadata of a document need beside its bytes and the ids of the submission.

    `type` (JDV_J66), `format` (JDV_J60), `facility` (JDV_J61), `practice_setting` (JDV_J62) and `confidentiality`
    (JDV_J58: the level first, then the masks) are codes; times are aware; `unique_id` is the document's.
    """

    unique_id: str
    type: str
    format: str
    title: str = field(repr=False)
    language: str
    authors: tuple[PersonFacts, ...] = field(repr=False)
    legal_authenticator: PersonFacts = field(repr=False)
    created_at: datetime
    service_start: datetime
    service_stop: datetime | None
    confidentiality: tuple[str, ...]
    facility: str
    practice_setting: str
    patient: PatientFacts = field(repr=False)


def entry_facts(header: DocumentHeader, body: Body) -> EntryFacts:
    """The facts of a document that passed `check_document`; raises as `build_document` does when it has not."""
    shape = shape_of(header.kind, body)
    legal = header.legal_authenticator
    return EntryFacts(
        unique_id=header.unique_id,
        type=header.kind,
        format=shape.format,
        title=header.title,
        language=LANGUAGE,
        authors=tuple(_facts(author) for author in header.authors),
        legal_authenticator=_facts(legal),
        created_at=header.created_at,
        service_start=header.service_start,
        service_stop=header.service_stop,
        confidentiality=(header.confidentiality, *header.masks),
        facility=legal.organisation.sector,
        practice_setting=shape.practice_setting or header.performed_by.organisation.practice_setting,
        patient=_patient(header.patient),
    )


def document_entry_of(facts: EntryFacts, entry_id: str) -> metadata.DocumentEntry:
    """The registry's object without hash and size, which `describing` adds. `entry_id` is `urn:uuid:…`.

    Raises UnknownCode for a code that is in no value set, MessageUnwritable for what cannot be written.
    """
    return metadata.DocumentEntry(
        entry_id=entry_id,
        unique_id=facts.unique_id,
        patient_id=Cx(facts.patient.matricule, facts.patient.oid),
        mime_type=MIME_TYPE,
        authors=tuple(_author(person) for person in facts.authors),
        class_code=_coded(class_of_type(facts.type, facts.created_at.date())),
        type_code=_code("document_type", facts.type),
        format_code=_code("document_format", facts.format),
        confidentiality=tuple(_code("confidentiality", code) for code in facts.confidentiality),
        facility_type=_code("sector", facts.facility),
        practice_setting=_code("practice_setting", facts.practice_setting),
        creation_time=metadata.registry_time(facts.created_at),
        language=facts.language,
        legal_authenticator=_person(facts.legal_authenticator),
        service_start=metadata.registry_time(facts.service_start),
        service_stop=None if facts.service_stop is None else metadata.registry_time(facts.service_stop),
        source_patient_id=Cx(facts.patient.local_id, facts.patient.local_oid, "PI"),
        source_patient_info=_traits(facts.patient),
        title=facts.title,
    )


def document_entry(header: DocumentHeader, body: Body, entry_id: str) -> metadata.DocumentEntry:
    """The metadata of a document that passed `check_document`. Raises as the two functions above."""
    return document_entry_of(entry_facts(header, body), entry_id)


def _facts(author: AnyAuthor) -> PersonFacts:
    organisation = author.organisation
    if isinstance(author, DeviceAuthor):
        device = author.device
        names = (device.id, device.software, device.model, device.specialty)
    else:
        professional = author.professional
        names = (professional.id, professional.family_name, professional.given_name, professional.specialty)
    return PersonFacts(
        id=names[0],
        family_name=names[1],
        given_name=names[2],
        device=isinstance(author, DeviceAuthor),
        specialty=names[3],
        role=author.function if isinstance(author, Author) else None,
        structure_id=organisation.id,
        structure_name=organisation.name,
    )


def _patient(patient: PatientIdentity) -> PatientFacts:
    return PatientFacts(
        matricule=patient.matricule,
        oid=patient.oid,
        local_id=patient.local_id,
        local_oid=patient.local_oid,
        birth_name=patient.birth_name,
        first_birth_given_name=patient.first_birth_given_name,
        birth_given_names=patient.birth_given_names,
        used_name=patient.used_name,
        used_given_name=patient.used_given_name,
        sex=patient.sex,
        birth_date=patient.birth_date,
        birth_place_code=patient.birth_place_code,
    )


def _person(person: PersonFacts) -> Xcn:
    """IDNPS for a national number, EI for a number of the structure (it has a slash), RI and U for a device."""
    if person.device:
        return Xcn(person.id, person.family_name, person.given_name, PS_ID_SYSTEM, "U", "RI")
    kind = "EI" if "/" in person.id else "IDNPS"
    return Xcn(person.id, person.family_name, person.given_name, PS_ID_SYSTEM, "D", kind)


def _author(person: PersonFacts) -> metadata.Author:
    return metadata.Author(
        person=_person(person),
        institutions=(Xon(person.structure_name, person.structure_id, STRUCTURE_ID_SYSTEM),),
        specialties=(_code("author_specialty", person.specialty),),
        roles=(concept("participation_function", person.role).label,) if person.role else (),
    )


def _traits(patient: PatientFacts) -> tuple[str, ...]:
    return metadata.source_patient_info(
        birth_name=patient.birth_name,
        birth_given_names=_given_names(patient.first_birth_given_name, patient.birth_given_names),
        birth_date=corrected_birth_date(patient.birth_date).strftime("%Y%m%d"),  # the day that the CDA says
        sex=_SEXES.get(patient.sex, "U"),
        used=used_names(patient.birth_name, patient.first_birth_given_name, patient.used_name, patient.used_given_name),
        birthplace=patient.birth_place_code or None,
    )


def _given_names(first: str, every: str) -> tuple[str, ...]:
    """The first name, which may be of several words, then the others."""
    rest = every.removeprefix(first).split() if every.startswith(first) else [n for n in every.split() if n != first]
    return (first, *rest) if first else tuple(rest)


def _code(value_set: str, code: str) -> metadata.CodedValue:
    return _coded(concept(value_set, code))


def _coded(found: Concept) -> metadata.CodedValue:
    return metadata.CodedValue(found.code, found.system, found.label)

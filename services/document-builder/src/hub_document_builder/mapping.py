"""From the LGO's act, the qualified identity and the annuaire to what a note de vaccination is built from. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from hub_contracts.acts import Act, Visibility
from hub_contracts.acts import Patient as DeclaredPatient
from hub_contracts.events.directory import ProfessionalPublished, StructurePublished
from hub_contracts.sealed import QualifiedIdentity, SealedEntry
from hub_interop.cda import (
    Address,
    Author,
    DocumentHeader,
    Dose,
    Organisation,
    PatientIdentity,
    Professional,
    VaccinationNote,
    Vaccine,
)
from hub_kit.ids import oid_from_uuid

DEFAULT_TITLE = "Note de vaccination"


@dataclass(frozen=True, slots=True)
class Sources:
    """All that a document is made of. `performer` is the author unless the act names somebody else."""

    act: Act
    identity: QualifiedIdentity
    structure: StructurePublished
    author: ProfessionalPublished
    performer: ProfessionalPublished


@dataclass(frozen=True, slots=True)
class DocumentIds:
    """Identifiers of a document: always the same for the same version of an act."""

    content_id: UUID
    unique_id: str
    set_id: str
    section_id: UUID
    vaccination_id: UUID


def ids_of(act_id: UUID, version: int, vaccination_id: UUID | None) -> DocumentIds:
    """uniqueId of the version, setId of the act, both `2.25.<integer>`; the vaccination's id for life."""
    document = uuid5(act_id, f"document/{version}")
    return DocumentIds(
        content_id=uuid5(document, "content"),
        unique_id=oid_from_uuid(document),
        set_id=oid_from_uuid(uuid5(act_id, "set")),
        section_id=uuid5(document, "section"),
        vaccination_id=vaccination_id or uuid5(act_id, "vaccination"),
    )


def header_of(sources: Sources, ids: DocumentIds, now: datetime) -> DocumentHeader:
    """The header. Times are in the local offset that the act gives (R.: "AAAAMMJJhhmmss+zzzz")."""
    act = sources.act
    organisation = _organisation(sources.structure, act.occurred_at)
    author = Author(_professional(sources.author), organisation)
    performer = Author(_professional(sources.performer), organisation)
    return DocumentHeader(
        unique_id=ids.unique_id,
        set_id=ids.set_id,
        version=1,
        title=act.title or DEFAULT_TITLE,
        created_at=now.astimezone(act.occurred_at.tzinfo).replace(microsecond=0),
        patient=_patient(sources.identity, act.patient, sources.structure.structure_id),
        authors=(author,) if performer == author else (author, performer),  # the vaccinator is one of the authors
        performer=performer,
        service_start=act.occurred_at,
        service_stop=act.ended_at,
        masks=_masks(act.visibility),
    )


def note_of(act: Act, ids: DocumentIds) -> VaccinationNote:
    """The vaccination."""
    content = act.content
    vaccine = content.vaccine
    return VaccinationNote(
        vaccination_id=ids.vaccination_id,
        section_id=ids.section_id,
        date=content.date,
        act_code=content.act_code,
        vaccine=Vaccine(
            name=vaccine.name,
            cis=vaccine.cis,
            atc=vaccine.atc,
            atc_label=vaccine.atc_label,
            lot_number=vaccine.lot_number,
            cip=vaccine.cip,
        ),
        dose=None if content.dose is None else Dose(content.dose.value, content.dose.unit),
        rank=content.rank,
        route=content.route,
        site=content.site,
        comment=content.comment,
    )


def entry_of(sources: Sources, header: DocumentHeader, ids: DocumentIds) -> SealedEntry:
    """What the DMP's metadata need of this document."""
    author_ids = tuple(author.professional.id for author in header.authors)
    return SealedEntry(
        identity=sources.identity,
        local_oid=header.patient.local_oid,
        title=header.title,
        creation_time=header.created_at,
        service_start=header.service_start,
        service_stop=header.service_stop,
        author_ids=author_ids,
        legal_authenticator_id=author_ids[0],
        confidentiality=(header.confidentiality, *header.masks),
        vaccination_id=str(ids.vaccination_id).upper(),
    )


def _patient(identity: QualifiedIdentity, declared: DeclaredPatient, structure_id: UUID) -> PatientIdentity:
    address = declared.address
    return PatientIdentity(
        matricule=identity.matricule,
        oid=identity.oid,
        birth_name=identity.birth_name,
        first_birth_given_name=identity.first_birth_given_name,
        birth_given_names=identity.birth_given_names,
        sex=identity.sex,
        birth_date=identity.birth_date,
        birth_place_code=identity.birth_place_code,
        local_id=identity.local_id,
        local_oid=oid_from_uuid(structure_id),
        used_name=identity.used_name,
        used_given_name=identity.used_given_name,
        address=None if address is None else Address(address.lines, address.postal_code or "", address.city or ""),
        phone=declared.phone,
    )


def _professional(person: ProfessionalPublished) -> Professional:
    specialty = f"G15_{person.profession}" + (f"/{person.subsection}" if person.subsection else "")
    return Professional(
        id=person.professional_id,
        family_name=person.family_name,
        given_name=person.given_name,
        specialty=specialty,
        civility=person.civility,
        title=person.title,
    )


def _organisation(structure: StructurePublished, moment: datetime) -> Organisation:
    """The structure under the national identifier it wore at that moment; an empty one is a problem of the rules."""
    address = structure.address
    return Organisation(
        id=structure.identifier_at(moment) or "",
        name=structure.name,
        sector=structure.sector,
        practice_setting=structure.practice_setting,
        address=Address(address.lines, address.postal_code, address.city),
        phone=structure.phone,
    )


def _masks(visibility: Visibility) -> tuple[str, ...]:
    flags = {
        "MASQUE_PS": visibility.masked_from_professionals,
        "INVISIBLE_PATIENT": visibility.hidden_from_patient,
        "INVISIBLE_REPRESENTANTS_LEGAUX": visibility.hidden_from_legal_representatives,
    }
    return tuple(code for code, wanted in flags.items() if wanted)

"""The header of the document that an act becomes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from hub_contracts.acts import Act, Trod, Visibility
from hub_contracts.acts import Address as DeclaredAddress
from hub_contracts.acts import Patient as DeclaredPatient
from hub_contracts.events.directory import ProfessionalPublished
from hub_contracts.sealed import QualifiedIdentity
from hub_document_builder.drafting.ids import DocumentIds
from hub_document_builder.drafting.sources import Sources, performer_of
from hub_interop.cda import (
    TROD_TESTS,
    Address,
    AnyAuthor,
    Author,
    Contact,
    Device,
    DeviceAuthor,
    DocumentHeader,
    Organisation,
    Participant,
    PatientIdentity,
    Professional,
    Representative,
    internal_number,
    trod_title,
)
from hub_interop.terminologies import value_set
from hub_kit.ids import oid_from_uuid


def header_of(sources: Sources, ids: DocumentIds, now: datetime) -> DocumentHeader:
    """The header. Times are in the local offset that the act gives (`AAAAMMJJhhmmss+zzzz`)."""
    act = sources.act
    organisation = _organisation(sources)
    performer = _person(sources, performer_of(act), organisation, "/content/performer")
    answers = act.responsible
    responsible = None if answers is None else _person(sources, answers.id, organisation, "/responsible")
    return DocumentHeader(
        unique_id=ids.unique_id,
        set_id=ids.set_id,
        version=ids.version,
        replaces=ids.replaces,
        kind=sources.kind.type,
        title=title_of(sources),
        created_at=now.astimezone(act.occurred_at.tzinfo).replace(microsecond=0),
        patient=_patient(sources.identity, act.patient, sources.structure.structure_id),
        authors=_authors(sources, organisation, performer, responsible),
        performer=performer,
        responsible=responsible,
        recipients=tuple(Contact(r.id, r.family_name, r.given_name) for r in act.recipients),
        participants=tuple(
            Participant(
                Contact(r.id, r.family_name, r.given_name), "INF", "PCP", act.occurred_at, origin=f"/recipients/{index}"
            )
            for index, r in enumerate(act.recipients)
            if r.attending
        ),
        service_start=act.occurred_at,
        service_stop=_stop(act),
        masks=masks_of(act.visibility),
    )


def title_of(sources: Sources) -> str:
    """The act's own title, else the one of the test or of the type, else the label of its code."""
    content, known = sources.act.content, value_set("document_type").get(sources.kind.type)
    of_test = trod_title(content.test) if isinstance(content, Trod) and content.test in TROD_TESTS else ""
    return sources.act.title or of_test or sources.kind.title or (known.label if known else sources.kind.type)


def masks_of(visibility: Visibility) -> tuple[str, ...]:
    """Codes of JDV_J58 (EX_2.1-1050)."""
    flags = {
        "MASQUE_PS": visibility.masked_from_professionals,
        "INVISIBLE_PATIENT": visibility.hidden_from_patient,
        "INVISIBLE_REPRESENTANTS_LEGAUX": visibility.hidden_from_legal_representatives,
    }
    return tuple(code for code, wanted in flags.items() if wanted)


def _stop(act: Act) -> datetime | None:
    """The end of the act; none when it is written as the start is, to the second."""
    stop, start = act.ended_at, act.occurred_at
    return None if stop is not None and stop.replace(microsecond=0) == start.replace(microsecond=0) else stop


def _authors(
    sources: Sources, organisation: Organisation, performer: Author, responsible: Author | None
) -> tuple[AnyAuthor, ...]:
    """Who wrote first, then the others; who did a vaccination or a test, and who answers for it, are of them; a
    device last."""
    act = sources.act
    people = [_person(sources, act.author.id, organisation, "/author")]
    people += [
        _person(sources, who.id, organisation, f"/co_authors/{index}") for index, who in enumerate(act.co_authors)
    ]
    if act.content.kind in ("vaccination", "trod"):
        people += [performer, *((responsible,) if responsible is not None else ())]
    once: dict[str, AnyAuthor] = {}
    for author in people:
        once.setdefault(author.professional.id, author)
    authors = list(once.values())
    if act.device is not None:
        number = internal_number(organisation.id, act.device.number)
        device = Device(number, act.device.model, act.device.software)
        authors.append(DeviceAuthor(device, organisation, origin="/device"))
    return tuple(authors)


def _person(sources: Sources, professional_id: str, organisation: Organisation, origin: str) -> Author:
    return Author(professional_of(sources.people[professional_id]), organisation, origin=origin)


def professional_of(person: ProfessionalPublished) -> Professional:
    """As the annuaire has them. Two digits are a profession (TRE_G15), else a role (`317`, `SECRETARIAT_MEDICAL`)."""
    profession = person.profession
    is_profession = len(profession) == 2 and profession.isdigit()
    specialty = f"G15_{profession}" + (f"/{person.subsection}" if person.subsection else "")
    return Professional(
        id=person.professional_id,
        family_name=person.family_name,
        given_name=person.given_name,
        specialty=specialty if is_profession else profession,
        civility=person.civility,
        title=person.title,
    )


def _organisation(sources: Sources) -> Organisation:
    """The structure under the identifier it wore at that moment; an empty one is a problem of the rules."""
    structure, moment = sources.structure, sources.act.occurred_at
    address = structure.address
    return Organisation(
        id=structure.identifier_at(moment) or "",
        name=structure.name,
        sector=structure.sector,
        practice_setting=structure.practice_setting,
        address=Address(address.lines, address.postal_code, address.city),
        phone=structure.phone,
    )


def _patient(identity: QualifiedIdentity, declared: DeclaredPatient, structure_id: UUID) -> PatientIdentity:
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
        address=_address(declared.address),
        phone=declared.phone,
        birth_place_city=declared.birth_place,
        representatives=tuple(
            Representative(r.family_name, r.given_name, relation=r.relation, address=_address(r.address), phone=r.phone)
            for r in declared.representatives
        ),
    )


def _address(address: DeclaredAddress | None) -> Address | None:
    return None if address is None else Address(address.lines, address.postal_code or "", address.city or "")

"""Rules of those who have to do with the document without writing it, of orders and consents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hub_interop.cda.model import Contact, DocumentHeader, Informant, Representative
from hub_interop.cda.moments import is_after
from hub_interop.cda.problems import CdaProblem, problem
from hub_interop.cda.rules_patient import address_problems
from hub_interop.cda.rules_people import is_civil, is_professional_id, organisation_problems
from hub_interop.cda.texts import is_oid, is_phone, text_problem
from hub_interop.terminologies import value_set

_INFORMANT_ROLES = frozenset({"NOK", "ECON", "CON", "CAREGIVER"})


def involved_problems(header: DocumentHeader, now: datetime) -> Iterator[CdaProblem]:
    """Everything wrong with representatives, informants, recipients, participants, orders and consents."""
    for number, representative in enumerate(header.patient.representatives):
        yield from _relative(representative, f"/patient/representatives/{number}")
        if not is_civil(representative.civility):
            yield problem("PERSON_CIVILITY_UNKNOWN", f"/patient/representatives/{number}/civility")
    for number, informant in enumerate(header.informants):
        yield from _relative(informant, f"/informants/{number}")
        if informant.role not in _INFORMANT_ROLES:
            yield problem("PERSON_ROLE_UNKNOWN", f"/informants/{number}/role")
    for number, recipient in enumerate(header.recipients):
        yield from contact_problems(recipient, f"/recipients/{number}", header.created_at)
    yield from _participants(header, now)
    yield from _orders_and_consents(header)


def contact_problems(contact: Contact, base: str, moment: datetime) -> Iterator[CdaProblem]:
    """Everything wrong with a professional known by number and name."""
    if not is_professional_id(contact.id):
        yield problem("CONTACT_ID_INVALID", f"{base}/id")
    yield from _named(contact.family_name, contact.given_name, base)
    if not is_civil(contact.civility, contact.title):
        yield problem("PERSON_CIVILITY_UNKNOWN", f"{base}/civility")
    if contact.specialty is not None and value_set("author_specialty").get(contact.specialty) is None:
        yield problem("CONTACT_SPECIALTY_UNKNOWN", f"{base}/specialty")
    if contact.phone and not is_phone(contact.phone):
        yield problem("PERSON_PHONE_INVALID", f"{base}/phone")
    yield from address_problems(contact.address, f"{base}/address")
    if contact.organisation is not None:
        yield from organisation_problems(contact.organisation, f"{base}/organisation", moment)


def _relative(person: Representative | Informant, base: str) -> Iterator[CdaProblem]:
    yield from _named(person.family_name, person.given_name, base)
    if person.relation is not None and value_set("patient_relation").get(person.relation) is None:
        yield problem("PERSON_RELATION_UNKNOWN", f"{base}/relation")
    if person.phone and not is_phone(person.phone):
        yield problem("PERSON_PHONE_INVALID", f"{base}/phone")
    yield from address_problems(person.address, f"{base}/address")


def _named(family: str, given: str, base: str) -> Iterator[CdaProblem]:
    for name, text in (("family_name", family), ("given_name", given)):
        if not text.strip():
            yield problem("PERSON_NAME_MISSING", f"{base}/{name}")
        yield from text_problem(text, f"{base}/{name}")


def _participants(header: DocumentHeader, now: datetime) -> Iterator[CdaProblem]:
    for number, participant in enumerate(header.participants):
        base = participant.origin or f"/participants/{number}"
        yield from contact_problems(participant.contact, base, header.created_at)
        if value_set("participation_type").get(participant.type) is None:
            yield problem("PARTICIPANT_TYPE_UNKNOWN", f"{base}/type")
        function = participant.function
        if function is not None and value_set("participation_function").get(function) is None:
            yield problem("PARTICIPANT_FUNCTION_UNKNOWN", f"{base}/function")
        if participant.since is not None and participant.since.utcoffset() is None:
            yield problem("DOC_TIME_WITHOUT_ZONE", f"{base}/since")
        elif participant.since is not None and is_after(participant.since, now):
            yield problem("PARTICIPANT_SINCE_IN_FUTURE", f"{base}/since")


def _orders_and_consents(header: DocumentHeader) -> Iterator[CdaProblem]:
    for number, order in enumerate(header.orders):
        if not is_oid(order.root) or not order.extension.strip():
            yield problem("ORDER_ID_INVALID", f"/orders/{number}")
        yield from text_problem(order.extension, f"/orders/{number}")
    for number, code in enumerate(header.consents):
        if value_set("consent").get(code) is None:
            yield problem("CONSENT_UNKNOWN", f"/consents/{number}")

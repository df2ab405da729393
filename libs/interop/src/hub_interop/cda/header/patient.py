"""recordTarget: the INS first, then the local number (RNIV)."""

from __future__ import annotations

from hub_interop.cda.elements import Element, add, add_address, add_code, add_name, add_phone, birth_time
from hub_interop.cda.model import PatientIdentity, Representative
from hub_interop.terminologies import concept


def add_patient(root: Element, patient: PatientIdentity) -> None:
    """The patient with the traits, the representatives and the place of birth."""
    role = add(add(root, "recordTarget"), "patientRole")
    add(role, "id", root=patient.oid, extension=patient.matricule)
    add(role, "id", root=patient.local_oid, extension=patient.local_id)
    add_address(role, patient.address, use="H")
    add_phone(role, patient.phone, use="MC")
    person = add(role, "patient", classCode="PSN")
    _add_names(person, patient)
    add_code(person, "administrativeGenderCode", concept("sex", patient.sex))
    add(person, "birthTime", value=birth_time(patient.birth_date))
    for representative in patient.representatives:
        _add_guardian(person, representative)
    place = add(add(add(person, "birthplace"), "place"), "addr")
    add(place, "county", patient.birth_place_code)
    if patient.birth_place_city:
        add(place, "city", patient.birth_place_city)


def _add_names(person: Element, patient: PatientIdentity) -> None:
    """BR: name and first name of birth; all given names in one `given`; CL: both names that are used."""
    name = add(person, "name")
    add(name, "family", patient.birth_name, qualifier="BR")
    add(name, "given", patient.birth_given_names)
    add(name, "given", patient.first_birth_given_name, qualifier="BR")
    if used := patient.used_names:
        add(name, "family", used[0], qualifier="CL")
        add(name, "given", used[1], qualifier="CL")


def _add_guardian(person: Element, representative: Representative) -> None:
    guardian = add(person, "guardian")
    if representative.relation:
        add_code(guardian, "code", concept("patient_relation", representative.relation))
    add_address(guardian, representative.address, use="H")
    add_phone(guardian, representative.phone, use="MC")
    who = add(guardian, "guardianPerson")
    add_name(who, representative.family_name, representative.given_name, representative.civility)

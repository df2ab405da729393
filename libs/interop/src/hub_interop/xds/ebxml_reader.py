"""Registry objects as the model: reading what a registry returns (or what we wrote ourselves)."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from hub_interop.soap.errors import MessageUnreadable
from hub_interop.xds import codes
from hub_interop.xds.composites import Cx, Xcn, Xon, unescape
from hub_interop.xds.metadata import Association, Author, CodedValue, DocumentEntry, SubmissionSet

_RIM = f"{{{codes.RIM}}}"


@dataclass(frozen=True, slots=True)
class RegistryObjects:
    """What a RegistryObjectList holds, by kind and in order. `object_refs` are bare ids (returnType ObjectRef)."""

    submission_sets: tuple[SubmissionSet, ...]
    documents: tuple[DocumentEntry, ...]
    associations: tuple[Association, ...]
    object_refs: tuple[str, ...]


def read_registry_objects(objects: etree._Element) -> RegistryObjects:
    """The objects under a RegistryObjectList.

    Raises `MessageUnreadable`: `XDS_OBJECT` (an object without an identifier it must have).
    """
    return RegistryObjects(
        submission_sets=tuple(_submission_set(found) for found in objects.iterfind(f"{_RIM}RegistryPackage")),
        documents=tuple(_document(found) for found in objects.iterfind(f"{_RIM}ExtrinsicObject")),
        associations=tuple(_association(found) for found in objects.iterfind(f"{_RIM}Association")),
        object_refs=tuple(found.get("id", "") for found in objects.iterfind(f"{_RIM}ObjectRef")),
    )


class _Reader:
    """One registry object with its slots, classifications and external identifiers indexed."""

    def __init__(self, element: etree._Element) -> None:
        self.element = element
        self.slots = _slots(element)
        self.classifications: dict[str, list[etree._Element]] = {}
        for found in element.iterfind(f"{_RIM}Classification"):
            self.classifications.setdefault(found.get("classificationScheme", ""), []).append(found)
        self.identifiers = {
            found.get("identificationScheme", ""): found.get("value", "")
            for found in element.iterfind(f"{_RIM}ExternalIdentifier")
        }

    def slot(self, name: str) -> str | None:
        values = self.slots.get(name, ())
        return values[0] if values else None

    def coded(self, scheme: str) -> tuple[CodedValue, ...]:
        return tuple(_coded(found) for found in self.classifications.get(scheme, ()))

    def one_code(self, scheme: str) -> CodedValue | None:
        found = self.coded(scheme)
        return found[0] if found else None

    def authors(self, scheme: str) -> tuple[Author, ...]:
        return tuple(_author(found) for found in self.classifications.get(scheme, ()))

    def required(self, scheme: str, name: str) -> str:
        value = self.identifiers.get(scheme)
        if not value:
            raise MessageUnreadable("XDS_OBJECT", name, "the registry object lacks a compulsory identifier")
        return value


def _submission_set(element: etree._Element) -> SubmissionSet:
    reader = _Reader(element)
    return SubmissionSet(
        entry_id=element.get("id", ""),
        unique_id=reader.required(codes.SUBMISSION_SET_UNIQUE_ID, "XDSSubmissionSet.uniqueId"),
        source_id=reader.identifiers.get(codes.SUBMISSION_SET_SOURCE_ID, ""),
        patient_id=Cx.parse(reader.required(codes.SUBMISSION_SET_PATIENT_ID, "XDSSubmissionSet.patientId")),
        submission_time=reader.slot("submissionTime") or "",
        content_type=reader.one_code(codes.SUBMISSION_SET_CONTENT_TYPE),
        authors=reader.authors(codes.SUBMISSION_SET_AUTHOR),
        title=_localized(element, "Name"),
        comments=_localized(element, "Description"),
        availability_status=element.get("status"),
    )


def _document(element: etree._Element) -> DocumentEntry:
    reader = _Reader(element)
    authenticator, source = reader.slot("legalAuthenticator"), reader.slot("sourcePatientId")
    size, version = reader.slot("size"), element.find(f"{_RIM}VersionInfo")
    return DocumentEntry(
        entry_id=element.get("id", ""),
        unique_id=reader.required(codes.DOCUMENT_UNIQUE_ID, "XDSDocumentEntry.uniqueId"),
        patient_id=Cx.parse(reader.required(codes.DOCUMENT_PATIENT_ID, "XDSDocumentEntry.patientId")),
        mime_type=element.get("mimeType", ""),
        authors=reader.authors(codes.DOCUMENT_AUTHOR),
        class_code=reader.one_code(codes.DOCUMENT_CLASS_CODE),
        type_code=reader.one_code(codes.DOCUMENT_TYPE_CODE),
        format_code=reader.one_code(codes.DOCUMENT_FORMAT_CODE),
        confidentiality=reader.coded(codes.DOCUMENT_CONFIDENTIALITY),
        facility_type=reader.one_code(codes.DOCUMENT_FACILITY),
        practice_setting=reader.one_code(codes.DOCUMENT_PRACTICE_SETTING),
        event_codes=reader.coded(codes.DOCUMENT_EVENT_CODE),
        creation_time=reader.slot("creationTime"),
        language=reader.slot("languageCode"),
        legal_authenticator=Xcn.parse(authenticator) if authenticator else None,
        service_start=reader.slot("serviceStartTime"),
        service_stop=reader.slot("serviceStopTime"),
        source_patient_id=Cx.parse(source) if source else None,
        source_patient_info=reader.slots.get("sourcePatientInfo", ()),
        hash=reader.slot("hash"),
        size=int(size) if size and size.isascii() and size.isdigit() else None,
        title=_localized(element, "Name"),
        comments=_localized(element, "Description"),
        reference_ids=reader.slots.get(codes.REFERENCE_ID_SLOT, ()),
        repository_unique_id=reader.slot("repositoryUniqueId"),
        logical_id=element.get("lid"),
        version=version.get("versionName") if version is not None else None,
        availability_status=element.get("status"),
    )


def _association(element: etree._Element) -> Association:
    status = _slots(element).get("SubmissionSetStatus", ())
    return Association(
        entry_id=element.get("id", ""),
        type=element.get("associationType", ""),
        source=element.get("sourceObject", ""),
        target=element.get("targetObject", ""),
        submission_set_status=status[0] if status else None,
    )


def _slots(element: etree._Element) -> dict[str, tuple[str, ...]]:
    """Slot name to its values, empty ones left out."""
    slots: dict[str, tuple[str, ...]] = {}
    for slot in element.iterfind(f"{_RIM}Slot"):
        values = (value.text for value in slot.iterfind(f"{_RIM}ValueList/{_RIM}Value"))
        slots[slot.get("name", "")] = tuple(value for value in values if value)
    return slots


def _localized(element: etree._Element, name: str) -> str | None:
    found = element.find(f"{_RIM}{name}/{_RIM}LocalizedString")
    return found.get("value") if found is not None else None


def _coded(classification: etree._Element) -> CodedValue:
    scheme = _slots(classification).get("codingScheme", ())
    return CodedValue(
        code=classification.get("nodeRepresentation", ""),
        scheme=scheme[0] if scheme else "",
        label=_localized(classification, "Name") or "",
    )


def _author(classification: etree._Element) -> Author:
    slots = _slots(classification)
    persons = slots.get("authorPerson", ())
    return Author(
        person=Xcn.parse(persons[0]) if persons else None,
        institutions=tuple(Xon.parse(value) for value in slots.get("authorInstitution", ())),
        specialties=tuple(_specialty(value) for value in slots.get("authorSpecialty", ())),
        roles=slots.get("authorRole", ()),
    )


def _specialty(value: str) -> CodedValue:
    code, label, scheme = ([unescape(part) for part in value.split("^")] + ["", "", ""])[:3]
    return CodedValue(code, scheme, label)

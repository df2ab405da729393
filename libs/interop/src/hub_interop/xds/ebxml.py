"""The model as ebXML registry objects: writing what we submit.

Children follow ebRIM's order (slots, Name, Description, classifications, external identifiers); every Classification
and ExternalIdentifier carries an `id`, which rim.xsd wants and which follows from its owner.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator

from hub_interop.soap.escaping import attribute, text
from hub_interop.xds import codes
from hub_interop.xds.composites import escape
from hub_interop.xds.metadata import Association, Author, CodedValue, DocumentEntry, SubmissionSet


def submission_set_xml(submission_set: SubmissionSet) -> str:
    """The RegistryPackage (default namespace: rim, declared by the parent)."""
    owner = submission_set.entry_id
    ids = _ids(owner)
    identifiers = (
        (codes.SUBMISSION_SET_PATIENT_ID, "XDSSubmissionSet.patientId", submission_set.patient_id.format()),
        (codes.SUBMISSION_SET_SOURCE_ID, "XDSSubmissionSet.sourceId", submission_set.source_id),
        (codes.SUBMISSION_SET_UNIQUE_ID, "XDSSubmissionSet.uniqueId", submission_set.unique_id),
    )
    content_type = submission_set.content_type
    return "".join(
        (
            f'<RegistryPackage id="{attribute(owner)}"{_status(submission_set.availability_status)}>',
            _slot("submissionTime", submission_set.submission_time),
            _name_and_description(submission_set.title, submission_set.comments),
            f'<Classification id="{next(ids)}" classifiedObject="{attribute(owner)}" '
            f'classificationNode="{codes.SUBMISSION_SET_NODE}"/>',
            *(_author(next(ids), owner, codes.SUBMISSION_SET_AUTHOR, author) for author in submission_set.authors),
            _coded(next(ids), owner, codes.SUBMISSION_SET_CONTENT_TYPE, content_type) if content_type else "",
            *(_identifier(next(ids), owner, *identifier) for identifier in identifiers),
            "</RegistryPackage>",
        )
    )


def document_entry_xml(entry: DocumentEntry) -> str:
    """The ExtrinsicObject (default namespace: rim, declared by the parent)."""
    owner = entry.entry_id
    ids = _ids(owner)
    logical = f' lid="{attribute(entry.logical_id)}"' if entry.logical_id else ""
    version = f'<VersionInfo versionName="{attribute(entry.version)}"/>' if entry.version else ""
    return "".join(
        (
            f'<ExtrinsicObject id="{attribute(owner)}"{logical} mimeType="{attribute(entry.mime_type)}" '
            f'objectType="{codes.DOCUMENT_ENTRY_TYPE}"{_status(entry.availability_status)}>',
            *_document_slots(entry),
            _name_and_description(entry.title, entry.comments),
            version,
            *(_author(next(ids), owner, codes.DOCUMENT_AUTHOR, author) for author in entry.authors),
            *(_coded(next(ids), owner, scheme, value) for scheme, value in _document_codes(entry)),
            _identifier(
                next(ids), owner, codes.DOCUMENT_PATIENT_ID, "XDSDocumentEntry.patientId", entry.patient_id.format()
            ),
            _identifier(next(ids), owner, codes.DOCUMENT_UNIQUE_ID, "XDSDocumentEntry.uniqueId", entry.unique_id),
            "</ExtrinsicObject>",
        )
    )


def association_xml(association: Association) -> str:
    """The Association (default namespace: rim, declared by the parent)."""
    status = association.submission_set_status
    return (
        f'<Association id="{attribute(association.entry_id)}" associationType="{attribute(association.type)}" '
        f'objectType="{codes.ASSOCIATION_OBJECT}" sourceObject="{attribute(association.source)}" '
        f'targetObject="{attribute(association.target)}">{_slot("SubmissionSetStatus", status)}</Association>'
    )


def _ids(owner: str) -> Iterator[str]:
    """`urn:uuid:` identifiers that follow from the owner's, in order."""
    namespace = uuid.UUID(owner.removeprefix("urn:uuid:")) if owner.startswith("urn:uuid:") else uuid.NAMESPACE_OID
    number = 0
    while True:
        yield f"urn:uuid:{uuid.uuid5(namespace, f'{owner}#{number}')}"
        number += 1


def _status(status: str | None) -> str:
    return f' status="{attribute(status)}"' if status else ""


def _slot(name: str, *values: str | None) -> str:
    """A slot, or nothing when no value is given: the DMP refuses empty value lists."""
    content = "".join(f"<Value>{text(value)}</Value>" for value in values if value)
    return f'<Slot name="{name}"><ValueList>{content}</ValueList></Slot>' if content else ""


def _localized(element: str, value: str | None) -> str:
    if not value:
        return ""
    return f'<{element}><LocalizedString xml:lang="FR" charset="UTF-8" value="{attribute(value)}"/></{element}>'


def _name_and_description(title: str | None, comments: str | None) -> str:
    return _localized("Name", title) + _localized("Description", comments)


def _document_slots(entry: DocumentEntry) -> Iterable[str]:
    authenticator = entry.legal_authenticator.format() if entry.legal_authenticator else None
    source = entry.source_patient_id.format() if entry.source_patient_id else None
    return (
        _slot("creationTime", entry.creation_time),
        _slot("hash", entry.hash),
        _slot("size", str(entry.size) if entry.size is not None else None),
        _slot("languageCode", entry.language),
        _slot("legalAuthenticator", authenticator),
        _slot("serviceStartTime", entry.service_start),
        _slot("serviceStopTime", entry.service_stop),
        _slot("sourcePatientId", source),
        _slot("sourcePatientInfo", *entry.source_patient_info),
        _slot(codes.REFERENCE_ID_SLOT, *entry.reference_ids),
        _slot("repositoryUniqueId", entry.repository_unique_id),
    )


def _document_codes(entry: DocumentEntry) -> Iterator[tuple[str, CodedValue]]:
    single = (
        (codes.DOCUMENT_CLASS_CODE, entry.class_code),
        (codes.DOCUMENT_TYPE_CODE, entry.type_code),
        (codes.DOCUMENT_FORMAT_CODE, entry.format_code),
    )
    place = (
        (codes.DOCUMENT_FACILITY, entry.facility_type),
        (codes.DOCUMENT_PRACTICE_SETTING, entry.practice_setting),
    )
    yield from ((scheme, value) for scheme, value in single if value)
    yield from ((codes.DOCUMENT_CONFIDENTIALITY, value) for value in entry.confidentiality)
    yield from ((scheme, value) for scheme, value in place if value)
    yield from ((codes.DOCUMENT_EVENT_CODE, value) for value in entry.event_codes)


def _classification(identifier: str, owner: str, scheme: str, node: str, content: str) -> str:
    return (
        f'<Classification id="{identifier}" classifiedObject="{attribute(owner)}" classificationScheme="{scheme}" '
        f'nodeRepresentation="{attribute(node)}">{content}</Classification>'
    )


def _coded(identifier: str, owner: str, scheme: str, value: CodedValue) -> str:
    content = _slot("codingScheme", value.scheme) + _localized("Name", value.label)
    return _classification(identifier, owner, scheme, value.code, content)


def _author(identifier: str, owner: str, scheme: str, author: Author) -> str:
    specialties = (f"{escape(value.code)}^{escape(value.label)}^{escape(value.scheme)}" for value in author.specialties)
    content = (
        _slot("authorPerson", author.person.format() if author.person else None)
        + _slot("authorInstitution", *(institution.format() for institution in author.institutions))
        + _slot("authorRole", *author.roles)
        + _slot("authorSpecialty", *specialties)
    )
    return _classification(identifier, owner, scheme, "", content)


def _identifier(identifier: str, owner: str, scheme: str, name: str, value: str) -> str:
    return (
        f'<ExternalIdentifier id="{identifier}" registryObject="{attribute(owner)}" identificationScheme="{scheme}" '
        f'value="{attribute(value)}"><Name><LocalizedString value="{name}"/></Name></ExternalIdentifier>'
    )

"""What a submission must satisfy before it leaves: cardinalities, agreements between fields, who sends.

The formats of single values are in `formats.py`. Every rule yields violations; none raises, so that all are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub_interop.xds import codes
from hub_interop.xds.errors import MetadataInvalid, Violation
from hub_interop.xds.formats import (
    CODED_FIELDS,
    FieldRule,
    author_problems,
    is_code,
    is_entry_id,
    is_hash,
    is_instant,
    is_matricule,
    is_oid,
    is_reference_id,
    is_time,
    person_problems,
    source_patient_info_problems,
)
from hub_interop.xds.metadata import Author, DocumentEntry, SubmissionSet


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionRules:
    """What depends on the DMP's parameters and on the caller.

    `allow_mask_cumul` is the parameter `cumul-invisible_patient-masque_ps`. `secret_connection`: the VIHF asks for
    it. `vihf_user_id` and `vihf_structure_id`, when given, must be an author (EX_2.1-1140). `production` refuses the
    test matricules.
    """

    allow_mask_cumul: bool = False
    secret_connection: bool = False
    vihf_user_id: str | None = None
    vihf_structure_id: str | None = None
    production: bool = False


DEFAULT_RULES = SubmissionRules()


def ensure_valid(
    submission_set: SubmissionSet, documents: Sequence[DocumentEntry], rules: SubmissionRules = DEFAULT_RULES
) -> None:
    """Raises `MetadataInvalid` with every violation of `check_submission`."""
    violations = tuple(check_submission(submission_set, documents, rules))
    if violations:
        raise MetadataInvalid(violations)


def check_submission(
    submission_set: SubmissionSet, documents: Sequence[DocumentEntry], rules: SubmissionRules = DEFAULT_RULES
) -> Iterator[Violation]:
    """Every broken rule of a set and its documents (the signature document is ours and not among them)."""
    yield from _check_set(submission_set, rules)
    if not documents:
        yield Violation("XDS_DOCUMENTS", "documents", "ITI-41", "send at least one document")
    for number, entry in enumerate(documents):
        where = f"documents[{number}]"
        if entry.patient_id != submission_set.patient_id:
            yield Violation("XDS_PATIENT", f"{where}.patientId", "ITI-41", "one patient for the whole submission")
        yield from check_document(entry, where, rules)
    yield from _check_unique(submission_set, documents)


def check_document(
    entry: DocumentEntry, where: str = "document", rules: SubmissionRules = DEFAULT_RULES
) -> Iterator[Violation]:
    """Every broken rule of one document."""
    yield from _check_identifiers(entry, where, rules)
    yield from _check_people(entry, where, rules)
    yield from _check_codes(entry, where)
    yield from _check_confidentiality(entry, where, rules)
    yield from _check_vaccination(entry, where, rules)
    yield from _check_times(entry, where)
    yield from _check_content(entry, where)


def _check_set(submission_set: SubmissionSet, rules: SubmissionRules) -> Iterator[Violation]:
    where = "submissionSet"
    if not is_entry_id(submission_set.entry_id):
        yield Violation("XDS_ENTRY_ID", where, "ebRIM", "give urn:uuid: and a lower-case UUID")
    for name, value in (("uniqueId", submission_set.unique_id), ("sourceId", submission_set.source_id)):
        if not is_oid(value):
            yield Violation("XDS_OID", f"{where}.{name}", "EX_2.1-1130", "give a plain OID of 128 characters at most")
    yield from _check_patient(submission_set.patient_id.authority, submission_set.patient_id.id, where, rules)
    if not is_instant(submission_set.submission_time):
        yield Violation("XDS_TIME", f"{where}.submissionTime", "ITI-41", "give UTC yyyyMMddHHmmss")
    content_type = submission_set.content_type
    if not content_type or not is_code(content_type) or content_type.scheme not in codes.CONTENT_TYPE_SYSTEMS:
        yield Violation("XDS_CONTENT_TYPE", f"{where}.contentTypeCode", "JDV_J59", "give a code of JDV_J59")
    if not submission_set.authors:
        yield Violation("XDS_AUTHOR", f"{where}.author", "ITI-41", "the sender is the author of the set")
    for number, author in enumerate(submission_set.authors):
        yield from author_problems(author, f"{where}.author[{number}]")
    yield from _check_sender(submission_set.authors, where, rules, with_user=True)
    if submission_set.title is not None and not 1 <= len(submission_set.title) <= 128:
        yield Violation("XDS_TITLE", f"{where}.title", "EX_2.1-1070", "give 1 to 128 characters or none")


def _check_sender(
    authors: Sequence[Author], where: str, rules: SubmissionRules, *, with_user: bool
) -> Iterator[Violation]:
    structures = {institution.id for author in authors for institution in author.institutions}
    if rules.vihf_structure_id is not None and rules.vihf_structure_id not in structures:
        yield Violation("XDS_VIHF_STRUCTURE", f"{where}.author", "EX_2.1-1140", "no authorInstitution is the VIHF's")
    users = {author.person.id for author in authors if author.person}
    if with_user and rules.vihf_user_id is not None and rules.vihf_user_id not in users:
        yield Violation("XDS_VIHF_USER", f"{where}.author", "EX_2.1-1140", "the set's author is the VIHF's user")


def _check_patient(system: str, matricule: str, where: str, rules: SubmissionRules) -> Iterator[Violation]:
    if not is_matricule(matricule) or system not in codes.INS_SYSTEMS:
        yield Violation("XDS_PATIENT", f"{where}.patientId", "EX_GEN-1530", "give an INS-NIR with its key")
    elif rules.production and system != "1.2.250.1.213.1.4.8":
        yield Violation("XDS_PATIENT_TEST", f"{where}.patientId", "EX_GEN-1530", "a test INS never goes to production")


def _check_identifiers(entry: DocumentEntry, where: str, rules: SubmissionRules) -> Iterator[Violation]:
    if not is_entry_id(entry.entry_id):
        yield Violation("XDS_ENTRY_ID", where, "ebRIM", "give urn:uuid: and a lower-case UUID")
    if not is_oid(entry.unique_id):
        yield Violation("XDS_OID", f"{where}.uniqueId", "EX_2.1-1130", "give a plain OID, without extension")
    yield from _check_patient(entry.patient_id.authority, entry.patient_id.id, where, rules)
    source = entry.source_patient_id
    if not source or not source.id or not is_oid(source.authority) or source.id_type not in ("NH", "PI"):
        yield Violation("XDS_SOURCE_PATIENT_ID", f"{where}.sourcePatientId", "CX", "give the IPP (PI) or the INS (NH)")
    yield from source_patient_info_problems(entry.source_patient_info, f"{where}.sourcePatientInfo")
    if not all(is_reference_id(value) for value in entry.reference_ids):
        yield Violation("XDS_REFERENCE_ID", f"{where}.referenceIdList", "CXi", "give id^^^&OID&ISO^urn:ihe:iti:xds:…")


def _check_people(entry: DocumentEntry, where: str, rules: SubmissionRules) -> Iterator[Violation]:
    if not entry.authors:
        yield Violation("XDS_AUTHOR", f"{where}.author", "ITI-41", "as many authors as in the CDA header, one at least")
    for number, author in enumerate(entry.authors):
        yield from author_problems(author, f"{where}.author[{number}]")
    yield from _check_sender(entry.authors, where, rules, with_user=False)
    if entry.legal_authenticator is None:
        yield Violation("XDS_LEGAL_AUTHENTICATOR", f"{where}.legalAuthenticator", "ITI-41", "compulsory")
    else:
        yield from person_problems(entry.legal_authenticator, f"{where}.legalAuthenticator")


def _check_codes(entry: DocumentEntry, where: str) -> Iterator[Violation]:
    values = {
        "classCode": entry.class_code,
        "typeCode": entry.type_code,
        "formatCode": entry.format_code,
        "healthcareFacilityTypeCode": entry.facility_type,
        "practiceSettingCode": entry.practice_setting,
    }
    for name, value in values.items():
        rule: FieldRule = CODED_FIELDS[name]
        if value is None or not is_code(value) or not rule.accepts(value):
            yield Violation(rule.violation, f"{where}.{name}", rule.source, f"give a code of {rule.source}")
    if not all(is_code(event) for event in entry.event_codes):
        yield Violation("XDS_EVENT_CODE", f"{where}.eventCodeList", "ITI-41", "give code, system and label")
    type_code = entry.type_code.code if entry.type_code else ""
    class_code = entry.class_code.code if entry.class_code else ""
    if (
        class_code in codes.CLASSES_NOT_WRITABLE
        or type_code in codes.TYPES_NOT_WRITABLE
        or type_code.startswith(codes.TYPE_PREFIX_NOT_WRITABLE)
    ):
        yield Violation("XDS_NOT_WRITABLE", f"{where}.typeCode", "EX_2.1-1010", "a professional can't create this type")
    facility, setting = entry.facility_type, entry.practice_setting
    if (
        facility is not None
        and setting is not None
        and facility.code in codes.AMBULATORY_SECTORS
        and setting.code not in codes.AMBULATORY_SETTINGS
    ):
        yield Violation(
            "XDS_SECTOR", f"{where}.practiceSettingCode", "EX_GEN-1377", "give AMBULATOIRE, SAD or DEPISTAGE"
        )


def _check_confidentiality(entry: DocumentEntry, where: str, rules: SubmissionRules) -> Iterator[Violation]:
    field = f"{where}.confidentialityCode"
    values = entry.confidentiality
    source = "EX_2.1-1050"
    if not 1 <= len(values) <= 4 or len({value.code for value in values}) != len(values):
        yield Violation("XDS_CONFIDENTIALITY", field, source, "give one level, then each mask once")
        return
    level, masks = values[0], values[1:]
    if level.code not in codes.CONFIDENTIALITY_LEVELS or level.scheme != codes.CONFIDENTIALITY_SYSTEM:
        yield Violation("XDS_CONFIDENTIALITY", field, source, "the first code is N, R or V")
    if any(mask.code not in codes.MASKS or mask.scheme != codes.MASK_SYSTEM for mask in masks):
        yield Violation("XDS_CONFIDENTIALITY", field, source, "the other codes are masks")
    if not all(is_code(value) for value in values):
        yield Violation("XDS_CONFIDENTIALITY", field, source, "each code has its label")
    found = {mask.code for mask in masks}
    if {"MASQUE_PS", "INVISIBLE_PATIENT"} <= found and not rules.allow_mask_cumul:
        yield Violation("XDS_MASK_CUMUL", field, source, "MASQUE_PS and INVISIBLE_PATIENT don't go together")
    if rules.secret_connection and found != {"INVISIBLE_REPRESENTANTS_LEGAUX"}:
        yield Violation(
            "XDS_SECRET", field, "EX_0.1-1100", "a secret connection sends only what legal guardians can't see"
        )


def _check_vaccination(entry: DocumentEntry, where: str, rules: SubmissionRules) -> Iterator[Violation]:
    if entry.type_code is None or entry.type_code.code != codes.VACCINATION_NOTE_TYPE:
        return
    if tuple(value.code for value in entry.confidentiality) != ("N",) or rules.secret_connection:
        yield Violation(
            "XDS_VACCINATION_VISIBLE", f"{where}.confidentialityCode", "EX_2.1-2005", "N only, no secret connection"
        )
    format_code = entry.format_code.code if entry.format_code else ""
    class_code = entry.class_code.code if entry.class_code else ""
    if (format_code, class_code) != (codes.VACCINATION_NOTE_FORMAT, codes.VACCINATION_NOTE_CLASS):
        yield Violation("XDS_VACCINATION_FORMAT", f"{where}.formatCode", "JDV_J60", "give vac-note:2021 and class 52")


def _check_times(entry: DocumentEntry, where: str) -> Iterator[Violation]:
    if entry.creation_time is None or not is_instant(entry.creation_time):
        yield Violation("XDS_TIME", f"{where}.creationTime", "ITI-41", "give UTC yyyyMMddHHmmss")
    start, stop = entry.service_start, entry.service_stop
    if start is None or not is_time(start):
        yield Violation("XDS_TIME", f"{where}.serviceStartTime", "ITI-41", "give UTC yyyy[MM[dd[HH[mm[ss]]]]]")
    if stop is None:
        return
    if not is_time(stop):
        yield Violation("XDS_TIME", f"{where}.serviceStopTime", "ITI-41", "give UTC yyyy[MM[dd[HH[mm[ss]]]]] or none")
    elif start is not None and not _after(start, stop):
        yield Violation("XDS_SERVICE_STOP", f"{where}.serviceStopTime", "ITI-41", "end after the start, or give none")


def _after(start: str, stop: str) -> bool:
    """Whether `stop` can be after `start`, at the precision both have."""
    shared = min(len(start), len(stop))
    if start[:shared] == stop[:shared]:
        return len(start) != len(stop)
    return stop[:shared] > start[:shared]


def _check_content(entry: DocumentEntry, where: str) -> Iterator[Violation]:
    if entry.mime_type not in codes.MIME_TYPES:
        yield Violation("XDS_MIME_TYPE", f"{where}.mimeType", "§3.4", "give text/xml, application/xslt+xml or dicom")
    if entry.language is None or not (len(entry.language) == 5 and entry.language[2] == "-"):
        yield Violation("XDS_LANGUAGE", f"{where}.languageCode", "ITI-41", "give fr-FR")
    if entry.title is None or not 1 <= len(entry.title.strip()) <= len(entry.title) <= 128:
        yield Violation("XDS_TITLE", f"{where}.title", "EX_2.1-1070", "give 1 to 128 characters, not truncated")
    if entry.hash is None or not is_hash(entry.hash):
        yield Violation(
            "XDS_HASH", f"{where}.hash", "ITI-41", "give the SHA-1 of the bytes sent, 40 hexadecimal digits"
        )
    if entry.repository_unique_id or entry.logical_id or entry.version or entry.availability_status:
        yield Violation("XDS_SERVER_FIELD", where, "§3.2", "leave what the server sets out of a submission")
    if entry.size is None or entry.size < 1:
        yield Violation("XDS_SIZE", f"{where}.size", "ITI-41", "give the size of the bytes sent")


def _check_unique(submission_set: SubmissionSet, documents: Sequence[DocumentEntry]) -> Iterator[Violation]:
    entry_ids = [submission_set.entry_id, *(entry.entry_id for entry in documents)]
    unique_ids = [submission_set.unique_id, *(entry.unique_id for entry in documents)]
    if len(set(entry_ids)) != len(entry_ids) or len(set(unique_ids)) != len(unique_ids):
        yield Violation("XDS_DUPLICATE", "submission", "ITI-41", "each object has its own entryUUID and uniqueId")

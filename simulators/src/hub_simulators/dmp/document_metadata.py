"""Rules on the metadata of a document entry, and on those of the signature's entry (§3.2, §3.4, §3.5, §3.7)."""

from __future__ import annotations

import re

from hub_simulators.dmp import schemes, valuesets
from hub_simulators.dmp.formats import utc_digits
from hub_simulators.dmp.parameters import Parameters
from hub_simulators.dmp.refusals import Findings, SoapFault, affinity_fault
from hub_simulators.dmp.registry_objects import Classified, RegistryObject
from hub_simulators.dmp.vihf import Vihf

_PID5_BIRTH = re.compile(r"PID-5\|[^\^|]+\^[^\^|]+\^[^\^|]*\^{4}L")
_PID = re.compile(
    r"PID-5\|[^\^|]+\^[^\^|]*\^[^\^|]*\^{4}[LD]|PID-7\|\d{8}|PID-8\|(F|M|U|UN)|PID-11\|.*\^\^\^\^\^\^BDL\^\^[0-9AB]{5}"
)


def is_signature(entry: RegistryObject) -> bool:
    """Tell whether an entry is the submission set's signature (by its typeCode or its formatCode)."""
    kind, form = entry.code(schemes.TYPE), entry.code(schemes.FORMAT)
    by_type = kind is not None and kind.code == schemes.SIGNATURE_TYPE[0]
    return by_type or (form is not None and form.code == schemes.SIGNATURE_FORMAT[0])


def check_document(entry: RegistryObject, parameters: Parameters, vihf: Vihf, findings: Findings) -> None:
    """Check codes, confidentiality, times and patient information of a document. Raises SoapFault."""
    if entry.mime_type != "text/xml":
        findings.metadata("mimetype", "mimeType text/xml attendu", entry.id)
    if not re.fullmatch(r"[a-z]{2}-[A-Z]{2}", entry.slot("languageCode") or ""):
        findings.metadata("slot.languageCode", "languageCode mal formé", entry.id)
    _check_type(entry, parameters, findings)
    _check_format(entry, findings)
    _check_confidentiality(entry, parameters, vihf, findings)
    _check_service_times(entry, findings)
    _check_patient_info(entry, findings)


def _check_type(entry: RegistryObject, parameters: Parameters, findings: Findings) -> None:
    kind, group = entry.code(schemes.TYPE), entry.code(schemes.CLASS)
    if kind is None or group is None:
        return
    classes = valuesets.creatable_classes(kind.code, parameters.value_sets)
    if not classes:
        raise affinity_fault("code.typeCode", kind.code)
    if kind.scheme != valuesets.type_scheme(kind.code):
        raise affinity_fault("code.typeCode", kind.code)
    if group.scheme != valuesets.OID_CLASS or group.code not in valuesets.CLASS_LABELS:
        raise affinity_fault("code.classCode", group.code)
    if group.code not in classes:
        findings.metadata("code.association", "classCode sans rapport avec le typeCode (ASS_X16)", entry.id)
    if group.label != valuesets.CLASS_LABELS[group.code]:
        findings.metadata("code.label", "libellé de classCode incorrect", entry.id)


def _check_format(entry: RegistryObject, findings: Findings) -> None:
    form = entry.code(schemes.FORMAT)
    if form is None:
        return
    if valuesets.FORMATS.get(form.code) != form.scheme:
        raise affinity_fault("code.formatCode", form.code)
    if form.label != valuesets.FORMAT_LABELS.get(form.code, form.label):
        findings.metadata("code.label", "libellé de formatCode incorrect", entry.id)


def _check_confidentiality(entry: RegistryObject, parameters: Parameters, vihf: Vihf, findings: Findings) -> None:
    codes = entry.classified.get(schemes.CONFIDENTIALITY, [])
    if not 1 <= len(codes) <= 4:
        findings.metadata("confidentiality", "confidentialityCode : 1 à 4 occurrences", entry.id)
        return
    _check_confidentiality_codes(codes)
    masks = [code.code for code in codes[1:]]
    if codes[0].code not in valuesets.CONFIDENTIALITY or len(set(masks)) != len(masks):
        findings.metadata("confidentiality", "N, R ou V attendu en premier, masques sans répétition", entry.id)
    if any(code not in valuesets.MASKS for code in masks):
        findings.metadata("confidentiality", "un seul code N, R ou V attendu", entry.id)
    if {"MASQUE_PS", "INVISIBLE_PATIENT"} <= set(masks) and not parameters.allow_invisible_and_masked:
        findings.metadata("confidentiality", "cumul INVISIBLE_PATIENT et MASQUE_PS interdit", entry.id)
    if vihf.secret and "INVISIBLE_REPRESENTANTS_LEGAUX" not in masks:
        context = "connexion secrète : documents non visibles par les représentants légaux seulement"
        findings.metadata("confidentiality.secret", context, entry.id)
    kind = entry.code(schemes.TYPE)
    if kind and kind.code == valuesets.VACCINATION_NOTE and [code.code for code in codes] != ["N"]:
        findings.metadata("confidentiality.vaccination", "note de vaccination : N seulement (EX_2.1-2005)", entry.id)


def _check_confidentiality_codes(codes: list[Classified]) -> None:
    for code in codes:
        scheme = valuesets.OID_MASKS if code.code in valuesets.MASKS else valuesets.OID_CONFIDENTIALITY
        known = code.code in valuesets.MASKS or code.code in valuesets.CONFIDENTIALITY
        if not known or code.scheme != scheme or not code.label:
            raise affinity_fault("code.confidentialityCode", code.code)


def _check_service_times(entry: RegistryObject, findings: Findings) -> None:
    start = utc_digits(entry.slot("serviceStartTime") or "", reduced=True)
    stop = utc_digits(entry.slot("serviceStopTime") or "", reduced=True)
    if start and stop and stop <= start:
        findings.metadata("slot.serviceStopTime", "serviceStopTime doit suivre serviceStartTime", entry.id)


def _check_patient_info(entry: RegistryObject, findings: Findings) -> None:
    values = entry.slots.get("sourcePatientInfo", [])
    births = [value for value in values if value.startswith("PID-5|") and value.endswith("^L")]
    if len(births) != 1 or not _PID5_BIRTH.fullmatch(births[0]):
        raise SoapFault("sourcepatientinfo.pid5", "Le champ 'sourcePatientInfo PID5' est obligatoire")
    if any(not _PID.fullmatch(value) for value in values):
        findings.metadata("sourcepatientinfo", "sourcePatientInfo : valeur mal formée", entry.id)
    for name in ("PID-7|", "PID-8|"):
        if sum(value.startswith(name) for value in values) != 1:
            findings.metadata("sourcepatientinfo", f"sourcePatientInfo {name[:-1]} absent ou répété", entry.id)


def check_signature_entry(
    entry: RegistryObject, documents: list[RegistryObject], submission_set: RegistryObject, findings: Findings
) -> None:
    """Check the signature's metadata: fixed codes, `art`, three confidentiality codes, the lot's author and setting."""
    if entry.mime_type != "text/xml" or entry.slot("languageCode") != "art":
        findings.metadata("signature.entry", "signature : text/xml et languageCode art attendus", entry.id)
    fixed = {
        schemes.CLASS: schemes.SIGNATURE_CLASS,
        schemes.TYPE: schemes.SIGNATURE_TYPE,
        schemes.FORMAT: schemes.SIGNATURE_FORMAT,
        schemes.EVENT: schemes.SIGNATURE_EVENT,
    }
    for scheme, expected in fixed.items():
        codes = entry.classified.get(scheme, [])
        if [(code.code, code.scheme) for code in codes] != [expected]:
            findings.metadata("signature.entry", f"signature : code {expected[0]} attendu", entry.id)
    masks = sorted(code.code for code in entry.classified.get(schemes.CONFIDENTIALITY, []))
    if masks != ["INVISIBLE_PATIENT", "MASQUE_PS", "N"]:
        findings.metadata("signature.entry", "signature : N, MASQUE_PS et INVISIBLE_PATIENT attendus", entry.id)
    else:
        _check_confidentiality_codes(entry.classified[schemes.CONFIDENTIALITY])
    authors, senders = entry.classified.get(schemes.AUTHOR, []), submission_set.classified.get(schemes.SET_AUTHOR, [])
    if [author.slots for author in authors] != [sender.slots for sender in senders]:
        findings.metadata("signature.author", "signature : auteurs du lot attendus", entry.id)
    if entry.slot("sourcePatientId") != entry.identifier(schemes.PATIENT):
        findings.metadata("signature.patient", "signature : matricule INS attendu en sourcePatientId", entry.id)
    if entry.title != "Source":
        findings.metadata("signature.entry", "signature : titre Source attendu", entry.id)
    settings = {(_code(d, schemes.FACILITY), _code(d, schemes.PRACTICE)) for d in documents}
    if (_code(entry, schemes.FACILITY), _code(entry, schemes.PRACTICE)) not in settings:
        findings.metadata("signature.entry", "signature : secteur et cadre d'exercice du document attendus", entry.id)


def _code(entry: RegistryObject, scheme: str) -> str:
    found = entry.code(scheme)
    return found.code if found else ""

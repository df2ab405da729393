"""The CDA itself, and the CDA against the metadata that describe it (CDA reference §3, §5.1; EX_2.1-1090)."""

from __future__ import annotations

import re
from datetime import UTC
from pathlib import Path

from lxml import etree

from hub_simulators.dmp import schemes, valuesets
from hub_simulators.dmp.cda import Cda, Identifier
from hub_simulators.dmp.cda_header import check_header
from hub_simulators.dmp.cda_people import check_people, compare_people
from hub_simulators.dmp.formats import OID_STRUCTURE, cda_time, cx, matricule_ok, oid_ok, unescape
from hub_simulators.dmp.n1_body import check_body
from hub_simulators.dmp.refusals import Findings
from hub_simulators.dmp.registry_objects import RegistryObject

_FRENCH_TEMPLATES = {"2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1"}
_TYPE_ID = Identifier("2.16.840.1.113883.1.3", "POCD_HD000040")
_INS_OIDS = frozenset(f"1.2.250.1.213.1.4.{n}" for n in (8, 9, 10, 11))
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


class CdaSchema:
    """The official XSD, loaded once from the operator's copy of the rules."""

    def __init__(self, rules_dir: Path) -> None:
        self._schema = etree.XMLSchema(etree.parse(str(rules_dir / "xsd" / "CDA_extended.xsd")))

    def valid(self, cda: Cda) -> bool:
        """Tell whether the document respects CDA_extended.xsd."""
        return bool(self._schema.validate(cda.root.getroottree()))


def check_cda(cda: Cda, where: str, findings: Findings, schema: CdaSchema | None, *, check_key: bool) -> None:
    """Check the document on its own."""
    if schema is not None and not schema.valid(cda):
        findings.repository("cda.xsd", "CDA non conforme au schéma XSD", where)
    _check_identification(cda, where, findings)
    _check_patient(cda, where, findings)
    check_header(cda, where, findings, check_key=check_key)
    check_people(cda, where, findings, check_key=check_key)
    check_body(cda, where, findings)
    if cda.custodian.root != OID_STRUCTURE or not cda.custodian.extension:
        findings.repository("cda.custodian", "CDA : custodian sans identifiant national de structure", where)


def _check_identification(cda: Cda, where: str, findings: Findings) -> None:
    roots = {template.root for template in cda.templates}
    if cda.type_id != _TYPE_ID:
        findings.repository("cda.typeid", "CDA : typeId POCD_HD000040 attendu", where)
    if cda.realm != "FR" or not roots >= _FRENCH_TEMPLATES or len(cda.templates) < 3:
        findings.repository("cda.templates", "CDA : realmCode ou templateId de la structuration minimale absent", where)
    if cda.id_count != 1 or cda.id.extension or not oid_ok(cda.id.root):
        findings.repository("cda.id", "CDA : id/@root OID sans extension attendu (EX_2.1-1130)", where)
    if not cda.set_id.root or cda.set_id == cda.id:
        findings.repository("cda.setid", "CDA : setId absent ou égal à id", where)
    if not _VERSION.fullmatch(cda.version):
        findings.repository("cda.version", "CDA : versionNumber entier supérieur ou égal à 1 attendu", where)
    if cda_time(cda.effective_time) is None:
        findings.repository("cda.effectivetime", "CDA : effectiveTime AAAAMMJJhhmmss+zzzz attendu", where)
    code = cda.code
    if code.scheme != valuesets.type_scheme(code.code) or not code.label:
        findings.repository("cda.code", "CDA : système ou libellé du type de document incorrect", where)
    confidentiality = cda.confidentiality
    known = confidentiality.code in valuesets.CONFIDENTIALITY
    if not known or confidentiality.scheme != valuesets.OID_CONFIDENTIALITY:
        findings.repository("cda.confidentiality", "CDA : confidentialityCode N, R ou V attendu", where)


def _check_patient(cda: Cda, where: str, findings: Findings) -> None:
    patient = cda.patient
    first = patient.ids[0] if patient.ids else Identifier("", "")
    if first.root not in _INS_OIDS or not matricule_ok(first.extension):
        findings.repository("cda.patient.ins", "CDA : matricule INS attendu en premier identifiant", where)
    traits = (patient.birth_family, patient.birth_given, patient.all_given, patient.birth_time, patient.gender)
    if not all(traits) or len(patient.birthplace) != 5 or patient.gender not in {"F", "M", "UN"}:
        findings.repository("cda.patient.traits", "CDA : traits stricts de l'INS incomplets", where)


def check_against_metadata(cda: Cda, entry: RegistryObject, findings: Findings, *, check_key: bool) -> None:
    """Check that the metadata say what the document says."""
    pairs = {
        "uniqueId": (entry.identifier(schemes.UNIQUE_ID), cda.id.root),
        "title": (entry.title, cda.title),
        "languageCode": (entry.slot("languageCode"), cda.language),
        "typeCode": (_coded(entry, schemes.TYPE), (cda.code.code, cda.code.scheme)),
        "healthcareFacilityTypeCode": (_coded(entry, schemes.FACILITY), (cda.facility.code, cda.facility.scheme)),
        "practiceSettingCode": (_coded(entry, schemes.PRACTICE), (cda.practice.code, cda.practice.scheme)),
        "confidentialityCode": (
            _coded(entry, schemes.CONFIDENTIALITY),
            (cda.confidentiality.code, cda.confidentiality.scheme),
        ),
    }
    for name, (metadata, document) in pairs.items():
        if metadata != document:
            findings.repository(f"cda.xds.{name}", f"{name} différent de celui du CDA", entry.id)
    _check_times(cda, entry, findings)
    _check_patient_metadata(cda, entry, findings)
    _check_events(cda, entry, findings)
    compare_people(cda, entry, findings, check_key=check_key)
    form = entry.code(schemes.FORMAT)
    if form is not None and form.code != _expected_format(cda):
        findings.repository("cda.xds.formatCode", "formatCode différent de celui du modèle du CDA", entry.id)


def _coded(entry: RegistryObject, scheme: str) -> tuple[str, str]:
    found = entry.code(scheme)
    return (found.code, found.scheme) if found else ("", "")


def _expected_format(cda: Cda) -> str:
    for template in cda.templates:
        if template.root in valuesets.FORMAT_OF_TEMPLATE:
            return valuesets.FORMAT_OF_TEMPLATE[template.root]
    if any(template.root == valuesets.XDS_SD_TEMPLATE for template in cda.templates):
        return valuesets.FORMAT_OF_MEDIA.get(cda.media_type, "")
    return "urn:asipSante:modelesHorsProfils:2011"


def _check_times(cda: Cda, entry: RegistryObject, findings: Findings) -> None:
    created = cda_time(cda.effective_time)
    if created is not None and entry.slot("creationTime") != f"{created.astimezone(UTC):%Y%m%d%H%M%S}":
        findings.repository("cda.xds.creationTime", "creationTime différent d'effectiveTime (UTC)", entry.id)
    for slot, value in (("serviceStartTime", cda.service_low), ("serviceStopTime", cda.service_high)):
        if not _same_time(entry.slot(slot) or "", value):
            findings.repository(f"cda.xds.{slot}", f"{slot} différent de celui du serviceEvent (UTC)", entry.id)


def _same_time(metadata: str, document: str) -> bool:
    """The slot is the document's time in UTC, whose precision may be reduced; both may be absent."""
    moment = cda_time(document)
    expected = f"{moment.astimezone(UTC):%Y%m%d%H%M%S}" if moment else document
    return metadata == expected or (bool(metadata) and expected.startswith(metadata))


def _check_patient_metadata(cda: Cda, entry: RegistryObject, findings: Findings) -> None:
    patient = cda.patient
    ids = {(identifier.extension, identifier.root) for identifier in patient.ids}
    target, source = cx(entry.identifier(schemes.PATIENT)), cx(entry.slot("sourcePatientId") or "")
    first = patient.ids[0] if patient.ids else None
    if target and (first is None or (target.id, target.oid) != (first.extension, first.root)):
        findings.repository("cda.xds.patientId", "patientId différent de celui du CDA", entry.id)
    if source and (source.id, source.oid) not in ids:
        findings.repository("cda.xds.sourcePatientId", "sourcePatientId absent du CDA", entry.id)
    values = entry.slots.get("sourcePatientInfo", [])
    birth = next((value for value in values if value.startswith("PID-5|") and value.endswith("^L")), "")
    names = [unescape(part) for part in birth.removeprefix("PID-5|").split("^")]
    gender = {"F": {"PID-8|F"}, "M": {"PID-8|M"}, "UN": {"PID-8|U", "PID-8|UN"}}.get(patient.gender, set())
    same = names[:2] == [patient.birth_family, patient.birth_given]
    if not same or f"PID-7|{patient.birth_time}" not in values or not gender & set(values):
        findings.repository("cda.xds.sourcePatientInfo", "sourcePatientInfo différent des traits du CDA", entry.id)
    _check_used_name(cda, values, entry, findings)


def _check_used_name(cda: Cda, values: list[str], entry: RegistryObject, findings: Findings) -> None:
    """The used name (`^D`) and the birthplace (PID-11) are optional; when there, they are the document's."""
    patient = cda.patient
    for value in values:
        parts = [unescape(part) for part in value.partition("|")[2].split("^")]
        used = value.startswith("PID-5|") and value.endswith("^D")
        if used and parts[:2] != [patient.used_family, patient.used_given]:
            findings.repository("cda.xds.sourcePatientInfo.used", "nom utilisé différent de celui du CDA", entry.id)
        if value.startswith("PID-11|") and parts[-1] != patient.birthplace:
            findings.repository("cda.xds.sourcePatientInfo.birthplace", "COG différent de celui du CDA", entry.id)


def _check_events(cda: Cda, entry: RegistryObject, findings: Findings) -> None:
    documented = {(event.code, event.scheme) for event in cda.events}
    if any((code.code, code.scheme) not in documented for code in entry.classified.get(schemes.EVENT, [])):
        findings.repository("cda.xds.eventCodeList", "eventCodeList absent des actes documentés par le CDA", entry.id)

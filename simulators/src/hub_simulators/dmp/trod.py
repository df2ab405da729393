"""Rules of a rapid diagnostic orientation test, model BIO-TROD 2024.01 (CDA reference §4)."""

from __future__ import annotations

from lxml import etree

from hub_simulators.dmp.cda import Cda
from hub_simulators.dmp.names import HL7, XSI, q
from hub_simulators.dmp.refusals import Findings

_VOLET = ("1.2.250.1.213.1.1.1.59", "2024.01")
_MEDICAL_DOCUMENT = ("1.3.6.1.4.1.19376.1.5.3.1.1.1", "")
_SECTION = "1.3.6.1.4.1.19376.1.3.3.2.1"
_REPORT = "1.3.6.1.4.1.19376.1.3.1"
_RESULT = "1.3.6.1.4.1.19376.1.3.1.6"
_LABEL = "Test rapide d'orientation diagnostique"
_VALUE_TYPES = frozenset({"CD", "PQ", "IVL_PQ"})


def check_trod(cda: Cda, where: str, findings: Findings) -> None:
    """Check the header, the sections, the device and the results of a TROD."""
    templates = {(template.root, template.extension) for template in cda.templates}
    if not templates >= {_VOLET, _MEDICAL_DOCUMENT}:
        findings.repository("trod.template", "TROD : templateId du volet 2024.01 et du modèle PCC attendus", where)
    if cda.code.label != _LABEL:
        findings.repository("trod.code", "TROD : libellé du type de document incorrect", where)
    if cda.practice.code != "DEPISTAGE":
        findings.repository("trod.practice", "TROD : cadre d'exercice DEPISTAGE attendu", where)
    if not cda.events:
        findings.repository("trod.event", "TROD : code de l'acte documenté (serviceEvent) absent", where)
    sections = cda.root.findall(f"{q(HL7, 'component')}/{q(HL7, 'structuredBody')}/*/{q(HL7, 'section')}")
    if not sections or any(_SECTION not in _templates(section) for section in sections):
        findings.repository("trod.section", "TROD : section de compte rendu de biologie attendue, et elle seule", where)
    entries = [entry for section in sections for entry in section.iter(q(HL7, "entry")) if _REPORT in _templates(entry)]
    if not entries:
        findings.repository("trod.entry", "TROD : entrée de résultats d'examens absente", where)
    for entry in entries:
        _check_entry(entry, where, findings)


def _templates(element: etree._Element) -> set[str]:
    return {template.get("root") or "" for template in element.findall(q(HL7, "templateId"))}


def _check_entry(entry: etree._Element, where: str, findings: Findings) -> None:
    act = q(HL7, "act")
    devices = [
        participant
        for participant in entry.findall(f"{act}/{q(HL7, 'participant')}")
        if participant.get("typeCode") == "DEV"
    ]
    if len(devices) != 1:
        findings.repository("trod.device", "TROD : un dispositif (participant DEV) attendu", where)
    results = [
        observation
        for observation in entry.iterfind(f"{act}/{q(HL7, 'entryRelationship')}/{q(HL7, 'observation')}")
        if _RESULT in _templates(observation)
    ]
    if not results:
        findings.repository("trod.result", "TROD : au moins un résultat attendu", where)
    for result in results:
        values = result.findall(q(HL7, "value"))
        typed = len(values) == 1 and (values[0].get(q(XSI, "type")) or "").rpartition(":")[2] in _VALUE_TYPES
        if not typed or len(result.findall(q(HL7, "code"))) != 1 or result.find(q(HL7, "effectiveTime")) is None:
            findings.repository("trod.result", "TROD : résultat sans code, valeur CD ou PQ, ou date", where)

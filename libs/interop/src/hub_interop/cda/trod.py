"""The report of a rapid test: CDA N3, BIO-TROD 2024.01, one section with one entry."""

from __future__ import annotations

from hub_interop.cda.bodies import TestKit, TrodReport
from hub_interop.cda.elements import XSI_TYPE, Element, add, add_code, add_reference, add_templates, label, stamp
from hub_interop.cda.entries import add_comment, add_lines, add_table
from hub_interop.cda.model import DocumentHeader
from hub_interop.cda.trod_tests import TROD_TESTS
from hub_interop.terminologies import concept

_SECTION = ("1.3.6.1.4.1.19376.1.3.3.2.1", "1.2.250.1.213.1.1.2.70")
_ENTRY = ("1.3.6.1.4.1.19376.1.3.1", "1.2.250.1.213.1.1.3.21")
_RESULT = ("1.3.6.1.4.1.19376.1.3.1.6", "1.2.250.1.213.1.1.3.80")
_TITLE = "Résultat du test rapide d'orientation diagnostique"
_GS1 = "2.51.1.1"
_DEVICE, _COMMENT = "dispositif", "commentaire"
RESULTS = {"positif": "10828004", "negatif": "260385009", "ininterpretable": "373068000"}
"""Result as the LGO gives it to its code (`trod_result`)."""


def add_trod(component: Element, header: DocumentHeader, report: TrodReport) -> None:
    """The structured body."""
    test = TROD_TESTS[report.test]
    section = add(add(add(component, "structuredBody"), "component"), "section")
    add_templates(section, _SECTION)
    add_code(section, "code", concept("trod_chapter", test.chapter), "LOINC")
    add(section, "title", _TITLE)
    _add_narrative(section, header, report)
    entry = add(section, "entry", typeCode="DRIV")
    add_templates(entry, _ENTRY)
    act = add(entry, "act", classCode="ACT", moodCode="EVN")
    add_code(act, "code", concept("trod_chapter", test.kind), "LOINC")
    add(act, "statusCode", code="completed")
    if report.kit:
        _add_device(act, report.kit)
    for number, _ in enumerate(report.results):
        _add_result(add(act, "entryRelationship", typeCode="COMP"), report, number)


def kit_text(kit: TestKit) -> str:
    """Name with its maker, lot, last day of use, as the text has them."""
    lot = f"lot {kit.lot_number}" if kit.lot_number else ""
    until = f"péremption {kit.expires_on:%d/%m/%Y}" if kit.expires_on else ""
    return " | ".join(part for part in (kit.name, lot, until) if part)


def comment_lines(report: TrodReport) -> list[str]:
    """Motive and what follows; empty when there is neither."""
    named = (("Motif", report.reason), ("Suite donnée", report.conclusion))
    return [line for name, text in named if text and text.strip() for line in f"{name} : {text.strip()}".splitlines()]


def _add_narrative(section: Element, header: DocumentHeader, report: TrodReport) -> None:
    text = add(section, "text")
    performer = header.performed_by.professional
    common = (f"{report.sampled_at:%d/%m/%Y %H:%M}", f"{performer.given_name} {performer.family_name}")
    rows = [
        (
            (label("trod_exam", result.exam), f"examen-{number}"),
            (label("trod_result", RESULTS[result.result]), f"resultat-{number}"),
            *((cell, None) for cell in common),
        )
        for number, result in enumerate(report.results)
    ]
    add_table(text, ("Examen", "Résultat", "Date et heure", "Réalisé par"), rows)
    if report.kit:
        udi = report.kit.udi or ""
        add_table(text, ("Code UDI", "Dispositif utilisé"), [((udi, None), (kit_text(report.kit), _DEVICE))])
    if comment := comment_lines(report):
        add_lines(text, comment, _COMMENT)


def _add_device(act: Element, kit: TestKit) -> None:
    """participant DEV: the model wants exactly one."""
    role = add(add(act, "participant", typeCode="DEV"), "participantRole", classCode="MANU")
    if kit.udi:
        add(role, "id", root=_GS1, extension=kit.udi)
    device = add(role, "playingDevice", classCode="DEV", determinerCode="INSTANCE")
    add_reference(add(device, "code"), "originalText", _DEVICE)


def _add_result(relationship: Element, report: TrodReport, number: int) -> None:
    result = report.results[number]
    observation = add(relationship, "observation", classCode="OBS", moodCode="EVN")
    add_templates(observation, _RESULT)
    code = add_code(observation, "code", concept("trod_exam", result.exam), "LOINC")
    add_reference(code, "originalText", f"examen-{number}")
    add(observation, "statusCode", code="completed")
    add(observation, "effectiveTime", value=stamp(report.sampled_at))
    found = concept("trod_result", RESULTS[result.result])
    value = add_code(observation, "value", found, "SNOMED CT", **{XSI_TYPE: "CD"})
    add_reference(value, "originalText", f"resultat-{number}")
    if comment_lines(report):
        add_comment(add(observation, "entryRelationship", typeCode="SUBJ"), _COMMENT)

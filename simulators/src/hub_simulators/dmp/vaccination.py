"""Rules of the note de vaccination, and of the patient's carnet (protocol reference §3.10, CDA reference §4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from hub_simulators.dmp import valuesets
from hub_simulators.dmp.cda import Cda, person_of
from hub_simulators.dmp.formats import UUID
from hub_simulators.dmp.names import HL7, q
from hub_simulators.dmp.refusals import Findings
from hub_simulators.dmp.xmltools import text

_CIS = "1.2.250.1.213.2.3.1"
_CIP = "1.2.250.1.213.2.3.2"
_ATC = "2.16.840.1.113883.6.73"
_NOTE_TEMPLATE = ("1.2.250.1.213.1.1.1.46", "2023.01")


@dataclass(frozen=True, slots=True)
class Vaccination:
    """`id` is the vaccination's UUID, kept for life; `key` is CIS code and date."""

    id: str
    key: str


def check_note(cda: Cda, where: str, findings: Findings, now: datetime) -> Vaccination | None:
    """Check the entry of a note de vaccination; return its vaccination, None when it can't be read."""
    if not any((t.root, t.extension) == _NOTE_TEMPLATE for t in cda.templates):
        findings.repository("vac.template", "note de vaccination : templateId du volet 2023.01 attendu", where)
    acts = list(cda.root.iter(q(HL7, "substanceAdministration")))
    if len(acts) != 1:
        findings.repository("vac.single", "note de vaccination : une seule vaccination attendue", where)
        return None
    act = acts[0]
    if (act.get("classCode"), act.get("moodCode"), act.get("negationInd")) != ("SBADM", "EVN", "false"):
        findings.repository("vac.act", "vaccination : SBADM, EVN et negationInd false attendus", where)
    _check_codes(act, where, findings)
    _check_people(cda, act, where, findings)
    material = act.find(f"{q(HL7, 'consumable')}/{q(HL7, 'manufacturedProduct')}/{q(HL7, 'manufacturedMaterial')}")
    product = _check_material(material, where, findings)
    date = _check_date(act, where, findings, now)
    identifier = _check_identifier(act, where, findings)
    return Vaccination(identifier, f"{product}|{date}") if product and date and identifier else None


def _check_identifier(act: etree._Element, where: str, findings: Findings) -> str:
    ids = act.findall(q(HL7, "id"))
    value = (ids[0].get("root") or "") if len(ids) == 1 else ""
    if not UUID.fullmatch(value) or ids[0].get("extension"):
        findings.repository("vac.id", "vaccination : un id/@root UUID en majuscules, sans extension, attendu", where)
        return ""
    return value


def _check_codes(act: etree._Element, where: str, findings: Findings) -> None:
    code = act.find(q(HL7, "code"))
    if code is None or code.get("code") not in valuesets.ACTS or code.get("codeSystem") != "2.16.840.1.113883.5.4":
        findings.repository("vac.code", "vaccination : code d'acte incorrect", where)
    status = act.find(q(HL7, "statusCode"))
    if status is None or status.get("code") != "completed":
        findings.repository("vac.status", "vaccination : statusCode completed attendu", where)
    route = act.find(q(HL7, "routeCode"))
    if route is not None and route.get("nullFlavor") is None and route.get("code") not in valuesets.ROUTES:
        findings.repository("vac.route", "vaccination : voie d'administration hors du jeu de valeurs", where)
    site = act.find(q(HL7, "approachSiteCode"))
    if site is not None and site.get("code") not in valuesets.APPROACH_SITES:
        findings.repository("vac.site", "vaccination : site limité à fesse, deltoïde et cuisse", where)


def _check_material(material: etree._Element | None, where: str, findings: Findings) -> str:
    code = material.find(q(HL7, "code")) if material is not None else None
    if material is None or code is None:
        findings.repository("vac.material", "vaccination : vaccin absent", where)
        return ""
    product = code.get("code") or ""
    if code.get("codeSystem") != _CIS or not (len(product) == 8 and product.isdigit()) or not code.get("displayName"):
        findings.repository("vac.cis", "vaccination : code CIS et libellé attendus", where)
        product = ""
    labelled = [t for t in code.findall(q(HL7, "translation")) if t.get("code") and t.get("displayName")]
    translations = [translation.get("codeSystem") for translation in labelled]
    if translations.count(_ATC) != 1 or translations.count(_CIP) > 1:
        findings.repository("vac.atc", "vaccination : une traduction ATC, une CIP au plus, attendues", where)
    if not text(material.find(q(HL7, "lotNumberText"))):
        findings.repository("vac.lot", "vaccination : numéro de lot absent", where)
    return product


def _check_date(act: etree._Element, where: str, findings: Findings, now: datetime) -> str:
    moment = act.find(q(HL7, "effectiveTime"))
    value = (moment.get("value") or "") if moment is not None else ""
    paris_latest = f"{now + timedelta(hours=2):%Y%m%d}"
    try:
        good = len(value) == 8 and bool(datetime.strptime(value, "%Y%m%d")) and value <= paris_latest  # noqa: DTZ007
    except ValueError:
        good = False
    if not good:
        findings.repository("vac.date", "vaccination : date AAAAMMJJ, passée, attendue", where)
    return value if good else ""


def _check_people(cda: Cda, act: etree._Element, where: str, findings: Findings) -> None:
    """The validating author and the vaccinateur are authors of the document; the vaccinateur performs the event."""
    authors = {person.id for person in cda.authors}
    performers = {person.id for person in cda.performers}
    found = act.findall(q(HL7, "author"))
    author = person_of(found[0].find(q(HL7, "assignedAuthor"))) if len(found) == 1 else None
    named = author is not None and bool(author.family) and bool(author.specialty and author.specialty.label)
    if author is None or author.id not in authors or not named:
        findings.repository("vac.author", "vaccination : son auteur doit être auteur du document", where)
    for performer in act.findall(q(HL7, "performer")):
        identifier = person_of(performer.find(q(HL7, "assignedEntity"))).id
        if identifier not in authors or identifier not in performers:
            findings.repository("vac.performer", "vaccination : vaccinateur absent des auteurs ou de l'acte", where)

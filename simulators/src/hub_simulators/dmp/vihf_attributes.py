"""The attributes of the VIHF: presence, cardinality, format and code systems (protocol reference §2.2 to §2.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from hub_simulators.dmp import valuesets
from hub_simulators.dmp.formats import Cx, cx, matricule_ok, oid_ok, structure_ok
from hub_simulators.dmp.names import HL7, SAML, XSI, Operation, q
from hub_simulators.dmp.refusals import SoapFault, affinity_fault
from hub_simulators.dmp.settings import DmpSettings
from hub_simulators.dmp.xmltools import elements, text

ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
RESOURCE_ID = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
SUBJECT_ID = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
PURPOSE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
CONFIDENTIALITY = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
MODE = "Authentification_Mode"
_SPELLINGS = {"Authentification_mode": MODE}
_REQUIRED = (
    "VIHF_Version",
    MODE,
    "Identifiant_Structure",
    "Secteur_Activite",
    SUBJECT_ID,
    ROLE,
    RESOURCE_ID,
    "Ressource_URN",
    PURPOSE,
    "LPS_Nom",
    "LPS_Version",
    "LPS_ID_HOMOLOGATION_DMP",
)
_OPTIONAL = ("Mode_Acces_Raison", CONFIDENTIALITY, "LPS_ID")
_HOMOLOGATION = re.compile(r"[A-Za-z0-9][\w-]{2,63}")
_RESOURCE_TEXT = "Le champ Resource_id est incorrect : matricule INS avec sa clé et OID de l'environnement attendus"


@dataclass(frozen=True, slots=True)
class VihfAttributes:
    """What the other checks need of the attributes."""

    structure: str
    patient: Cx
    software: str
    installation: str | None
    secret: bool


def read_attributes(statement: etree._Element, settings: DmpSettings, operation: Operation) -> VihfAttributes:
    """Check every attribute and return the useful ones. Raises SoapFault on the first that is wrong."""
    found = _collect(statement)
    _single_value(found, "VIHF_Version", settings.vihf_versions)
    _check_mode(found, operation)
    structure = _single_value(found, "Identifiant_Structure")
    if not structure_ok(structure):
        raise _wrong("Identifiant_Structure")
    sector, caret, scheme = _single_value(found, "Secteur_Activite").partition("^")
    if not caret or scheme != valuesets.OID_SECTOR:
        raise _wrong("Secteur_Activite")
    if sector not in valuesets.SECTORS:
        raise affinity_fault("vihf.secteur_activite", sector)
    if len(_single_value(found, SUBJECT_ID).split()) < 2:
        raise _wrong("subject-id")
    check_roles([_coded(value, "Role") for value in found[ROLE]])
    _single_value(found, "Ressource_URN", ("urn:dmp",))
    _check_purpose(found)
    secret = _secret_connection(found)
    patient = _patient(_single_value(found, RESOURCE_ID), settings)
    installation = _single_value(found, "LPS_ID") if "LPS_ID" in found else None
    if installation is not None and not oid_ok(installation):
        raise _wrong("LPS_ID")
    return VihfAttributes(structure, patient, _check_software(found, settings), installation, secret)


def _wrong(name: str) -> SoapFault:
    return SoapFault(f"vihf.{name.lower()}", f"VIHF : le champ {name} est incorrect")


def _collect(statement: etree._Element) -> dict[str, list[etree._Element]]:
    found: dict[str, list[etree._Element]] = {}
    for attribute in elements(statement):
        name = attribute.get("Name") or ""
        name = _SPELLINGS.get(name, name)
        if attribute.tag != q(SAML, "Attribute") or name in found or name not in _REQUIRED + _OPTIONAL:
            raise SoapFault("vihf.attributes", f"VIHF : attribut {name or 'sans nom'} inattendu ou répété")
        values = list(elements(attribute))
        if not values or any(value.tag != q(SAML, "AttributeValue") for value in values):
            raise SoapFault("vihf.attributes", f"VIHF : attribut {name} sans valeur")
        if len(values) > 1 and name != ROLE:
            raise SoapFault("vihf.attributes", f"VIHF : attribut {name} à valeur unique")
        found[name] = values
    for name in _REQUIRED:
        if name not in found:
            raise SoapFault("vihf.attributes", f"VIHF : attribut {name} absent")
    return found


def _single_value(found: dict[str, list[etree._Element]], name: str, allowed: tuple[str, ...] = ()) -> str:
    value = found[name][0]
    content = text(value)
    if len(value) or not content or (allowed and content not in allowed):
        raise _wrong(name)
    return content


def _check_mode(found: dict[str, list[etree._Element]], operation: Operation) -> None:
    mode = _single_value(found, MODE, ("DIRECTE", "INDIRECTE", "INDIRECTE_RENFORCEE"))
    if mode == "DIRECTE":
        raise SoapFault("vihf.mode", "VIHF : l'authentification directe demande une carte, pas un certificat ORG_SIGN")
    if mode == "INDIRECTE_RENFORCEE" and operation is not Operation.TD02:
        raise SoapFault("vihf.mode", "VIHF : mode d'authentification limité à la consultation")


@dataclass(frozen=True, slots=True)
class Coded:
    """A CE of the VIHF."""

    code: str
    scheme: str
    label: str


def _coded(value: etree._Element, name: str) -> Coded:
    children = list(elements(value))
    if len(children) != 1 or children[0].tag != q(HL7, name):
        raise _wrong(name)
    element = children[0]
    kind = element.get(q(XSI, "type")) or ""
    coded = Coded(element.get("code") or "", element.get("codeSystem") or "", element.get("displayName") or "")
    if kind.rpartition(":")[2] != "CE" or not coded.code or not coded.scheme or not coded.label.strip():
        raise _wrong(name)
    return coded


def check_roles(roles: list[Coded]) -> None:
    """Check the profession and its complement, compulsory for médecins and pharmaciens, forbidden for the others."""
    first = roles[0]
    known = {
        valuesets.OID_PROFESSION: valuesets.PROFESSIONS,
        valuesets.OID_ACTORS: valuesets.ACTORS,
        valuesets.OID_ROLES: valuesets.ROLES,
    }
    if first.code not in known.get(first.scheme, frozenset()):
        raise affinity_fault("vihf.role", first.code)
    expected = 2 if first.scheme == valuesets.OID_PROFESSION and first.code in {"10", "21"} else 1
    if len(roles) != expected:
        text_ = "obligatoire pour un médecin ou un pharmacien" if expected == 2 else "interdit pour cette profession"
        raise SoapFault("vihf.role", f"VIHF : second rôle {text_}")
    if expected == 1:
        return
    second = roles[1]
    if first.code == "10":
        good = second.scheme == valuesets.OID_KNOW_HOW and valuesets.know_how_ok(second.code)
    else:
        good = second.scheme == valuesets.OID_PHARMACY_SECTION and second.code in valuesets.PHARMACY_SECTIONS
    if not good:
        raise affinity_fault("vihf.role", second.code)


def _check_purpose(found: dict[str, list[etree._Element]]) -> None:
    purpose = _coded(found[PURPOSE][0], "PurposeOfUse")
    if purpose.scheme != valuesets.OID_ACCESS_MODE or purpose.code not in {"normal", "bris_de_glace", "centre_15"}:
        raise affinity_fault("vihf.purposeofuse", purpose.code)
    if purpose.code != "normal":
        raise SoapFault("vihf.purposeofuse", "VIHF : mode d'accès refusé pour cette transaction (DMPAccessForbidden)")
    if "Mode_Acces_Raison" in found:
        raise _wrong("Mode_Acces_Raison")


def _secret_connection(found: dict[str, list[etree._Element]]) -> bool:
    if CONFIDENTIALITY not in found:
        return False
    value = found[CONFIDENTIALITY][0]
    children = list(elements(value))
    code = children[0].get("code") if len(children) == 1 else None
    scheme = children[0].get("codeSystem") if len(children) == 1 else None
    if (code, scheme) != ("INVISIBLE_REPRESENTANTS_LEGAUX", valuesets.OID_MASKS):
        raise _wrong("confidentiality-code")
    return True


def _patient(value: str, settings: DmpSettings) -> Cx:
    patient = cx(value)
    if patient is None or patient.kind != "NH" or not matricule_ok(patient.id):
        raise SoapFault("vihf.resource_id", _RESOURCE_TEXT)
    if patient.oid not in settings.ins_oids:
        raise SoapFault("vihf.resource_id.oid", _RESOURCE_TEXT)
    return patient


def _check_software(found: dict[str, list[etree._Element]], settings: DmpSettings) -> str:
    name = _single_value(found, "LPS_Nom")
    version = _single_value(found, "LPS_Version")
    homologation = _single_value(found, "LPS_ID_HOMOLOGATION_DMP")
    if not _HOMOLOGATION.fullmatch(homologation):
        raise _wrong("LPS_ID_HOMOLOGATION_DMP")
    if not settings.software:
        return name
    for software in settings.software:
        if (name, homologation) == (software.name, software.homologation) and software.version in {None, version}:
            return name
    raise SoapFault("vihf.lps", "VIHF : logiciel non homologué (LPS_Nom, LPS_Version, LPS_ID_HOMOLOGATION_DMP)")

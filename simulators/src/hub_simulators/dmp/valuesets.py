"""Value sets of the DMP (JDV J56 to J66) as this simulator knows them (protocol reference §2.3, §3.4, §4)."""

from __future__ import annotations

import re
from typing import Literal

ValueSets = Literal["2024", "2026"]

OID_LOINC = "2.16.840.1.113883.6.1"
OID_TYPE_FR = "1.2.250.1.213.1.1.4.12"
OID_CLASS = "1.2.250.1.213.1.1.4.1"
OID_CONFIDENTIALITY = "2.16.840.1.113883.5.25"
OID_MASKS = "1.2.250.1.213.1.1.4.13"
OID_SECTOR = "1.2.250.1.71.4.2.4"
OID_PRACTICE = "1.2.250.1.213.1.1.4.9"
OID_ACTORS = "1.2.250.1.213.1.1.4.6"
OID_CONTENT = "1.2.250.1.213.2.2"
OID_SPECIALTY = "1.2.250.1.213.1.1.4.5"
OID_ROLES = "1.2.250.1.213.1.6.1.107"
OID_PROFESSION = "1.2.250.1.71.1.2.7"
OID_KNOW_HOW = "1.2.250.1.71.4.2.5"
OID_PHARMACY_SECTION = "1.2.250.1.71.4.2.6"
OID_FORMAT_FR = "1.2.250.1.213.1.1.4.2.282"
OID_FORMAT_IHE = "1.3.6.1.4.1.19376.1.2.3"
OID_ACCESS_MODE = "1.2.250.1.213.1.1.4.248"

CLASS_LABELS = {
    "10": "Compte rendu",
    "11": "Synthèse",
    "31": "Imagerie médicale",
    "42": "Prescription",
    "43": "Dispensation",
    "44": "Plan de soins, protocole de soins",
    "45": "Traitement administré",
    "52": "Certificat, déclaration",
    "60": "Données de remboursement",
    "90": "Autres documents déposés par le patient",
    "95": "Document de gestion",
}

_TYPES_BY_CLASS = {
    "10": "11488-4 11490-0 11502-2 11505-5 11506-3 15507-7 15508-5 28617-9 28653-4 29274-8 34112-3 34120-6 34749-2 "
    "34794-8 34874-8 34875-5 47420-5 51969-4 59283-2 60568-3 67851-6 70004-7 75482-0 75492-9 75496-0 77436-4 78513-9 "
    "78601-2 83981-1 85208-7 89233-1 93024-8 96349-6 BIL_AUTO DOCPAT03 DOCPAT05 DOCPAT06",
    "11": "18761-7 34133-9 34842-5 56445-0 57055-6 57057-2 57075-4 60280-5 60591-5 68599-0 68817-6 74207-2 78341-5 "
    "78489-2 80820-4 83836-7 83901-9 88348-8 89235-6 SYNTH DOCPAT01 DOCPAT08",
    "31": "18748-4 52040-3 IMG-KOS DOCPAT04",
    "42": "55115-0 57828-6 57832-8 57833-6 61357-0 75468-9 PRESC-AAT PRESC-BIO PRESC-INF PRESC-KINE PRESC-ORTHOPHO "
    "PRESC-ORTHOPTIE PRESC-PEDI DOCPAT02",
    "43": "60593-1 DISP_AUT",
    "44": "18776-5 77604-7 80771-9 80788-3 83869-8 PROT_ALD",
    "45": "80565-5",
    "52": "11369-6 87273-9 89601-9 96173-0 96874-3 CERT_DECL DOCPAT07",
    "60": "REMB",
    "90": "74465-6 EXPPAT_1 EXPPAT_2 EXPPAT_3",
    "95": "59284-0 86531-1 ATTEST-ASS-COMPL ATTEST-DROITS-AM ATTEST-HEBGT ATTEST-RESID AUTORIS-SOINS DOCPAT09",
}
_CLASS_OF_TYPE = {code: label for label, codes in _TYPES_BY_CLASS.items() for code in codes.split()}
_CLASS_OF_TYPE_2026 = _CLASS_OF_TYPE | {"96163-1": "11"}
_TYPES_WITHOUT_CLASS = frozenset({"101881-1"})
_NOT_CREATABLE = frozenset({"60", "90"})

VACCINATION_NOTE = "87273-9"
TROD = "96173-0"


def type_scheme(code: str) -> str:
    """Return the code system of a typeCode: LOINC for its numeric codes, TRE_A05 for the French ones."""
    return OID_LOINC if re.fullmatch(r"\d+-\d", code) else OID_TYPE_FR


def creatable_classes(code: str, value_sets: ValueSets) -> frozenset[str]:
    """Return the classes under which a care software may file this type (ASS_X16), none when it may not create it.

    EX_2.1-1010 keeps the patient's deposits, the reimbursements, class 90 and the vaccination history for others.
    A type of JDV_J66 that ASS_X16 leaves without a class goes into any.
    """
    if code in _TYPES_WITHOUT_CLASS:
        return frozenset(CLASS_LABELS) - _NOT_CREATABLE
    known = _CLASS_OF_TYPE_2026 if value_sets == "2026" else _CLASS_OF_TYPE
    if code.startswith("DOCPAT") or code == "11369-6" or code not in known:
        return frozenset()
    return frozenset({known[code]}) - _NOT_CREATABLE


SECTORS = frozenset(f"SA{n:02d}" for n in range(1, 70)) - {"SA11", "SA62"}
_OFFICE_SECTORS = frozenset({"SA07", "SA08", "SA09", "SA33", "SA38", "SA39", "SA56", "SA65"})
PRACTICES = frozenset(
    {"AMBULATOIRE", "AMO", "DEPISTAGE", "ETABLISSEMENT", "HAD", "MAD", "PALLIATIF", "SAD", "SAMU_SMUR"}
)


def sector_practice_agree(sector: str, practice: str) -> bool:
    """Tell whether an office or pharmacy declares a practice setting of town medicine (EX_GEN-1377)."""
    return sector not in _OFFICE_SECTORS or practice in {"AMBULATOIRE", "SAD", "DEPISTAGE"}


CONTENT_TYPES = frozenset({"03", "04", "07", "08", "09", *(f"{n}" for n in range(11, 20)), "26", "60", "97"})

CONFIDENTIALITY = {"N": "Normal", "R": "Restreint", "V": "Très restreint"}
MASKS = {
    "MASQUE_PS": "Masqué aux professionnels de santé",
    "INVISIBLE_PATIENT": "Non visible par le patient",
    "INVISIBLE_REPRESENTANTS_LEGAUX": "Non visible par les représentants légaux du patient",
}

INVISIBLE = frozenset({"INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"})

FORMATS = {
    "urn:ihe:iti:xds-sd:pdf:2008": OID_FORMAT_IHE,
    "urn:ihe:iti:xds-sd:text:2008": OID_FORMAT_IHE,
    "urn:ihe:iti-fr:xds-sd:rtf:2010": OID_FORMAT_IHE,
    "urn:ihe:iti-fr:xds-sd:jpeg:2010": OID_FORMAT_IHE,
    "urn:ihe:iti-fr:xds-sd:tiff:2010": OID_FORMAT_IHE,
    "urn:ihe:lab:xd-lab:2008": OID_FORMAT_IHE,
    "urn:ihe:pharm:dis:2010": OID_FORMAT_IHE,
    "urn:ihe:pharm:pre:2010": OID_FORMAT_IHE,
    "urn:ihe:pcc:ips:2020": OID_FORMAT_IHE,
    "urn:asip:ci-sis:vac-note:2021": OID_FORMAT_FR,
    "urn:asip:ci-sis:vsm:2012": OID_FORMAT_FR,
    "urn:asip:ci-sis:hr:2019": OID_FORMAT_FR,
    "urn:asip:ci-sis:ldl-ses:2017": OID_FORMAT_FR,
    "urn:asip:ci-sis:ldl-ees:2017": OID_FORMAT_FR,
    "urn:ans:ci-sis:trod:2024": OID_FORMAT_FR,
    "urn:asipSante:modelesHorsProfils:2011": OID_FORMAT_FR,
}
FORMAT_LABELS = {"urn:ihe:iti:xds-sd:pdf:2008": "Document à corps non structuré en Pdf/A-1"}
"""Labels that must be these (the others are not compared)."""
_VOLET = "1.2.250.1.213.1.1.1."
XDS_SD_TEMPLATE = "1.3.6.1.4.1.19376.1.2.20"
FORMAT_OF_TEMPLATE = {
    f"{_VOLET}46": "urn:asip:ci-sis:vac-note:2021",
    f"{_VOLET}13": "urn:asip:ci-sis:vsm:2012",
    f"{_VOLET}51": "urn:ihe:pcc:ips:2020",
    f"{_VOLET}54": "urn:ihe:pharm:dis:2010",
    f"{_VOLET}39": "urn:ihe:pharm:pre:2010",
    f"{_VOLET}36": "urn:asip:ci-sis:hr:2019",
    f"{_VOLET}59": "urn:ans:ci-sis:trod:2024",
    f"{_VOLET}29": "urn:asip:ci-sis:ldl-ses:2017",
    f"{_VOLET}21": "urn:asip:ci-sis:ldl-ees:2017",
}
FORMAT_OF_MEDIA = {"application/pdf": "urn:ihe:iti:xds-sd:pdf:2008", "text/plain": "urn:ihe:iti:xds-sd:text:2008"}

PROFESSIONS = frozenset(
    "10 21 26 28 31 32 40 50 60 69 70 80 81 82 83 84 85 86 91 92 94 95 96 98".split()  # noqa: SIM905
)
PHARMACY_SECTIONS = frozenset("A B C D DA DM E EA EB EC ED EG EH G H M".split())  # noqa: SIM905
ACTORS = frozenset({"SECRETARIAT_MEDICAL", "AUTOMATE", "DISPOSITIF", "SNR", "ALIM_AM", "LOGICIEL_DUI"})
SYSTEMS = frozenset({"AUTOMATE", "DISPOSITIF", "SNR", "LOGICIEL_DUI"})
ROLES = frozenset(str(n) for n in range(300, 371)) - {"352"}
_KNOW_HOW = re.compile(r"(SM|SC|CEX|PC|CAPA|SCD)[A-Z]?\d{1,3}|S[A-Z]{1,3}\d{1,3}")
_SPECIALTY = re.compile(r"G15_10/[A-Z]{1,4}\d{1,3}|G15_40/SCD0[1-3]|G15_60/SI0[1-5]|G15_21/FQ0[1-5]|G16_(10|21|40|50)")


def know_how_ok(code: str) -> bool:
    """Tell whether this looks like a savoir-faire of TRE_R01 (SM26…)."""
    return _KNOW_HOW.fullmatch(code) is not None


def system_specialty(code: str, scheme: str) -> bool:
    """Tell whether this authorSpecialty is that of a device or a software, not of a person."""
    return scheme == OID_ACTORS and code in SYSTEMS


def specialty_ok(code: str, scheme: str) -> bool:
    """Tell whether an authorSpecialty is in JDV_J56."""
    if scheme == OID_ACTORS:
        return code in ACTORS
    if scheme == OID_ROLES:
        return code in ROLES
    if scheme != OID_SPECIALTY:
        return False
    if _SPECIALTY.fullmatch(code):
        return True
    profession, _, section = code.removeprefix("G15_").partition("/")
    known = code.startswith("G15_") and profession in PROFESSIONS | {"38", "39"}
    return known and (not section or (profession == "21" and section in PHARMACY_SECTIONS))


AUTHN_CONTEXTS = frozenset(
    (
        "InternetProtocol",
        "InternetProtocolPassword",
        "Kerberos",
        "MobileOneFactorUnregistered",
        "MobileTwoFactorUnregistered",
        "MobileOneFactorContract",
        "MobileTwoFactorContract",
        "Password",
        "PasswordProtectedTransport",
        "PreviousSession",
        "X509",
        "PGP",
        "SPKI",
        "XMLDSig",
        "Smartcard",
        "SmartcardPKI",
        "SoftwarePKI",
        "Telephony",
        "NomadTelephony",
        "PersonalTelephony",
        "AuthenticatedTelephony",
        "SecureRemotePassword",
        "TLSClient",
        "TimeSyncToken",
        "unspecified",
    )
)

APPROACH_SITES = frozenset({"16217661000119109", "16217701000119102", "11207009", "61396006", "723980000", "723979003"})
ROUTES = frozenset({"20035000", "20030000", "20020000", "20053000", "20066000"})
ACTS = frozenset({"BOOSTER", "IMMUNIZ", "INITIMMUNIZ"})

"""The content of a VIHF 4.0, checked on creation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from hub_interop.soap.errors import ExchangeError

VERSION = "4.0"

TRE_G15_PROFESSIONS = "1.2.250.1.71.1.2.7"
TRE_G05_PHARMACISTS = "1.2.250.1.71.4.2.6"
TRE_R01_PHYSICIANS = "1.2.250.1.71.4.2.5"
TRE_R85_ROLES = "1.2.250.1.213.1.6.1.107"
INS_NIR = "1.2.250.1.213.1.4.8"
INS_NIR_TEST = "1.2.250.1.213.1.4.10"
INS_NIR_DEMO = "1.2.250.1.213.1.4.11"

_SECOND_ROLE = {"10": TRE_R01_PHYSICIANS, "21": TRE_G05_PHARMACISTS}
"""Professions (TRE_G15) whose second Role is compulsory, with the system it comes from (JDV_J65)."""

_INS_SYSTEMS = frozenset({INS_NIR, INS_NIR_TEST, INS_NIR_DEMO})
_AIR_VALIDITY = timedelta(seconds=30)
_PS_IDNAT = re.compile(r"\A(0[0-9]{9}|8[0-9]{11}|[13456][0-9A-Z]{5,14}/[^\s/]+)\Z")
_STRUCT_IDNAT = re.compile(r"\A(0[0-9]{9,11}|1[0-9A-Z]{9}|2[0-9]{9}|3[0-9]{14}|4[0-9]{14})\Z")
_MATRICULE = re.compile(r"\A[1-478][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{8}\Z")
_SECTOR = re.compile(r"\ASA[0-9]{2}\Z")
_OID = re.compile(r"\A[0-2](\.(0|[1-9][0-9]*))+\Z")
_NCNAME = re.compile(r"\A[A-Za-z_][A-Za-z0-9_.-]*\Z")


class VihfInvalid(ExchangeError):
    """The VIHF can't be built: a field is missing, of the wrong shape, or forbidden in this mode (`VIHF_…`)."""


class AuthenticationMode(StrEnum):
    """How the user reaches the DMP (`Authentification_Mode`)."""

    DIRECT = "DIRECTE"
    INDIRECT = "INDIRECTE"
    INDIRECT_REINFORCED = "INDIRECTE_RENFORCEE"


class AccessMode(StrEnum):
    """The purpose of use. `centre_15` is not for a hub of pharmacies and nurses, so it isn't offered."""

    NORMAL = "normal"
    BRIS_DE_GLACE = "bris_de_glace"


class AuthnContext(StrEnum):
    """How the user really logged on to the source software (last part of the SAML class)."""

    SMARTCARD_PKI = "SmartcardPKI"
    PASSWORD = "Password"  # noqa: S105 - the name of an authentication class
    PASSWORD_PROTECTED = "PasswordProtectedTransport"  # noqa: S105 - idem
    TLS_CLIENT = "TLSClient"
    TIME_SYNC_TOKEN = "TimeSyncToken"  # noqa: S105 - idem
    SMARTCARD = "Smartcard"
    SOFTWARE_PKI = "SoftwarePKI"
    KERBEROS = "Kerberos"
    MOBILE_TWO_FACTOR = "MobileTwoFactorContract"
    X509 = "X509"
    UNSPECIFIED = "unspecified"

    @property
    def uri(self) -> str:
        """The SAML class reference."""
        return f"urn:oasis:names:tc:SAML:2.0:ac:classes:{self.value}"


@dataclass(frozen=True, slots=True)
class Role:
    """One `Role` of the subject: code, OID of its system, label (all compulsory)."""

    code: str
    code_system: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Software:
    """The software as declared to the CNDA: name and version equal the "À propos" screen (EX_GEN-1180).

    `homologation_id` is a secret (EX_GEN-1490): it never shows in `repr`. `installation_id` is an OID.
    """

    name: str
    version: str
    homologation_id: str = field(repr=False)
    installation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """The patient aimed at: matricule INS (15 characters, key included) and the OID of its system."""

    matricule: str = field(repr=False)
    system: str

    def __post_init__(self) -> None:
        _require(_MATRICULE.match(self.matricule), "VIHF_PATIENT", "resource-id", "give the 15 characters with the key")
        # NIA holders have no access to the DMP (CDT 0.2-080): .9 is refused with the unknown systems
        _require(self.system in _INS_SYSTEMS, "VIHF_PATIENT", "resource-id", "only an INS-NIR system is accepted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vihf:
    """Who asks, for which structure, about which patient. Raises `VihfInvalid` on creation.

    `user_id` is PS_IdNat (`8` + RPPS…), `structure_id` Struct_IdNat, `sector` a code of JDV_J61 (`SA33`), `subject`
    the user's name as "NOM Prénom Service". `roles`: the profession, then for physicians and pharmacists only their
    second role. `patient` is absent when none is aimed at (TD0.4). `secret_connection` adds the confidentiality code
    of a minor's secret connection. `not_before` and `not_on_or_after` are given together or not at all.
    `authn_context_decl` goes with AIR and only with it (EX_AIR-050).
    """

    assertion_id: str
    mode: AuthenticationMode
    user_id: str
    structure_id: str
    sector: str
    roles: tuple[Role, ...]
    authn_instant: datetime
    authn_context: AuthnContext
    software: Software
    subject: str | None = None
    patient: Patient | None = None
    access: AccessMode = AccessMode.NORMAL
    access_reason: str | None = field(default=None, repr=False)
    secret_connection: bool = False
    authn_context_decl: str | None = None
    not_before: datetime | None = None
    not_on_or_after: datetime | None = None

    def __post_init__(self) -> None:
        _check_identities(self)
        _check_roles(self.roles)
        _check_access(self)
        _check_times(self)


def _require(condition: object, code: str, where: str, action: str) -> None:
    if not condition:
        raise VihfInvalid(code, where, action)


def _check_identities(vihf: Vihf) -> None:
    _require(_NCNAME.match(vihf.assertion_id), "VIHF_ID", "Assertion/@ID", "start with _ or a letter (xs:ID)")
    _require(_PS_IDNAT.match(vihf.user_id), "VIHF_USER", "NameID", "give PS_IdNat: 8 + RPPS, or a prefixed internal id")
    _require(_STRUCT_IDNAT.match(vihf.structure_id), "VIHF_STRUCTURE", "Identifiant_Structure", "give Struct_IdNat")
    _require(_SECTOR.match(vihf.sector), "VIHF_SECTOR", "Secteur_Activite", "give a code SAnn of JDV_J61")
    if vihf.mode is not AuthenticationMode.DIRECT:
        _require((vihf.subject or "").strip(), "VIHF_SUBJECT", "subject-id", "compulsory in indirect authentication")
    software = vihf.software
    _require(software.name and software.version, "VIHF_SOFTWARE", "LPS_Nom", "give the name and version declared")
    _require(software.homologation_id, "VIHF_HOMOLOGATION", "LPS_ID_HOMOLOGATION_DMP", "give the number from the CNDA")
    if software.installation_id is not None:
        _require(_OID.match(software.installation_id), "VIHF_SOFTWARE", "LPS_ID", "give an OID")


def _check_roles(roles: tuple[Role, ...]) -> None:
    _require(roles, "VIHF_ROLE", "role", "give the profession first")
    complete = all(role.code and role.display_name.strip() and _OID.match(role.code_system) for role in roles)
    _require(complete, "VIHF_ROLE", "role", "each role needs a code, the OID of its system and its label")
    _require(len(roles) <= 2, "VIHF_ROLE", "role", "two roles at most")
    profession, others = roles[0], roles[1:]
    if profession.code_system != TRE_G15_PROFESSIONS:
        _require(
            all(role.code_system == TRE_R85_ROLES for role in others), "VIHF_ROLE", "role", "second role from TRE_R85"
        )
        return
    expected = _SECOND_ROLE.get(profession.code)
    found = tuple(role.code_system for role in others)
    if expected is None:
        _require(not found, "VIHF_ROLE_SECOND", "role", "only physicians and pharmacists have a second role")
    else:
        _require(found == (expected,), "VIHF_ROLE_SECOND", "role", f"second role compulsory, from {expected}")


def _check_access(vihf: Vihf) -> None:
    reason = (vihf.access_reason or "").strip()
    if vihf.access is AccessMode.BRIS_DE_GLACE:
        allowed = vihf.mode is not AuthenticationMode.INDIRECT
        _require(allowed, "VIHF_ACCESS", "purposeofuse", "bris de glace needs a card, PSC or AIR")
        _require(reason, "VIHF_ACCESS", "Mode_Acces_Raison", "ask the professional for the reason")
        _require(vihf.patient, "VIHF_ACCESS", "resource-id", "bris de glace aims at one patient")
    else:
        _require(not reason, "VIHF_ACCESS", "Mode_Acces_Raison", "a reason goes with bris de glace only")
    is_air = vihf.mode is AuthenticationMode.INDIRECT_REINFORCED
    _require(
        is_air == bool(vihf.authn_context_decl), "VIHF_AIR", "AuthnContextDecl", "compulsory in AIR, absent elsewhere"
    )
    if vihf.secret_connection:
        _require(vihf.patient, "VIHF_ACCESS", "confidentiality-code", "a secret connection aims at one patient")


def _check_times(vihf: Vihf) -> None:
    times = (vihf.authn_instant, vihf.not_before, vihf.not_on_or_after)
    aware = all(time is None or time.tzinfo is not None for time in times)
    _require(aware, "VIHF_TIME", "AuthnStatement, Conditions", "give aware datetimes")
    together = (vihf.not_before is None) == (vihf.not_on_or_after is None)
    _require(together, "VIHF_TIME", "Conditions", "give both ends or none")
    if vihf.not_before and vihf.not_on_or_after:
        _require(vihf.not_before < vihf.not_on_or_after, "VIHF_TIME", "Conditions", "the end comes after the start")
        if vihf.mode is AuthenticationMode.INDIRECT_REINFORCED:
            short = vihf.not_on_or_after - vihf.not_before <= _AIR_VALIDITY
            _require(short, "VIHF_AIR", "Conditions", "an AIR token lives 30 seconds at most (EX_AIR-040)")

"""The VIHF (SAML 2.0 assertion): frame, signature, and what the other checks need of it (protocol reference §2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from hub_simulators.dmp.dsig import SignatureProblem, certificate_of, split_assertion, verify_enveloped
from hub_simulators.dmp.formats import Cx, dn_parts, instant, professional_ok
from hub_simulators.dmp.names import SAML, Operation, q
from hub_simulators.dmp.refusals import SoapFault
from hub_simulators.dmp.settings import DmpSettings
from hub_simulators.dmp.soap import ReplayMemory
from hub_simulators.dmp.valuesets import AUTHN_CONTEXTS
from hub_simulators.dmp.vihf_attributes import read_attributes
from hub_simulators.dmp.xmltools import elements, local, stray_text, text
from hub_simulators.pki import CertificateKind, CertificateRefused, Credential, TrustStore

PERSONNE_MORALE = "Erreur d'authentification de la personne morale"
_ISSUER_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
_CONTEXT_PREFIX = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
_TEXT = frozenset(
    "Issuer NameID AuthnContextClassRef AttributeValue DigestValue SignatureValue X509Certificate".split()  # noqa: SIM905
)
_CHILDREN = {"Issuer", "Signature", "Subject", "Conditions", "AuthnStatement", "AttributeStatement"}


@dataclass(frozen=True, slots=True)
class Vihf:
    """A verified assertion: who (`professional`, PS_IdNat), for which structure, on which patient, with what.

    `secret` tells a connexion secrète (EX_0.1-1100).
    """

    professional: str
    structure: str
    patient: Cx
    software: str
    installation: str | None
    signer: Credential
    secret: bool


class VihfChecker:
    """Verifies assertions one after the other; remembers their IDs."""

    def __init__(self, settings: DmpSettings, trust: TrustStore) -> None:
        self._settings = settings
        self._trust = trust
        self._tolerance = timedelta(seconds=settings.clock_tolerance)
        self._seen = ReplayMemory(3 * self._tolerance)

    def check(self, assertion: etree._Element, tls_structure: str, operation: Operation, now: datetime) -> Vihf:
        """Return what the assertion says. `tls_structure` is the OU of the TLS certificate. Raises SoapFault."""
        signer = self._verify_signature(assertion, now)
        parts = _parts(assertion)
        if stray_text(assertion, _TEXT):
            raise SoapFault("vihf.structure_saml", "VIHF : texte hors des éléments prévus")
        self._check_frame(assertion, now)
        _check_issuer(parts["Issuer"], signer)
        professional = self._subject(parts["Subject"])
        if "Conditions" in parts:
            self._check_conditions(parts["Conditions"], now)
        self._check_authentication(parts["AuthnStatement"], now)
        attributes = read_attributes(parts["AttributeStatement"], self._settings, operation)
        if not attributes.structure == signer.structure == tls_structure:
            raise SoapFault("vihf.structure", PERSONNE_MORALE)
        if self._settings.vihf_replay_check and not self._seen.first_sight(str(assertion.get("ID")), now):
            raise SoapFault("vihf.replay", "VIHF : assertion déjà utilisée")
        return Vihf(
            professional,
            attributes.structure,
            attributes.patient,
            attributes.software,
            attributes.installation,
            signer,
            attributes.secret,
        )

    def _verify_signature(self, assertion: etree._Element, now: datetime) -> Credential:
        try:
            alone, signature = split_assertion(assertion)
            der = certificate_of(signature)
            signer = self._trust.verify(der, CertificateKind.ORG_SIGN, now)
            verify_enveloped(alone, signature, signer.public_key)
        except CertificateRefused as problem:
            raise SoapFault(f"vihf.certificate.{problem.reason}", PERSONNE_MORALE) from None
        except SignatureProblem as problem:
            raise SoapFault("vihf.signature", f"Signature du VIHF invalide : {problem}") from None
        return signer

    def _check_frame(self, assertion: etree._Element, now: datetime) -> None:
        identifier = assertion.get("ID") or ""
        if assertion.get("Version") != "2.0":
            raise SoapFault("vihf.version", "VIHF : Version SAML 2.0 attendue")
        if not identifier or not (identifier[0].isalpha() or identifier[0] == "_") or ":" in identifier:
            raise SoapFault("vihf.id", "VIHF : attribut ID absent ou mal formé")
        issued = instant(assertion.get("IssueInstant") or "")
        if issued is None:
            raise SoapFault("vihf.issueinstant", "VIHF : IssueInstant mal formé (UTC, millisecondes)")
        if abs(now - issued) > self._tolerance:
            raise SoapFault("vihf.issueinstant", "VIHF : IssueInstant hors de la fenêtre admise")

    def _subject(self, subject: etree._Element) -> str:
        names = list(elements(subject))
        if len(names) != 1 or names[0].tag != q(SAML, "NameID") or names[0].get("Format") is not None:
            raise SoapFault("vihf.nameid", "VIHF : un seul NameID, sans attribut Format, attendu")
        identifier = text(names[0])
        if not professional_ok(identifier, check_key=self._settings.check_rpps_key):
            raise SoapFault("vihf.nameid", "VIHF : le NameID n'est pas un identifiant national de professionnel")
        return identifier

    def _check_conditions(self, conditions: etree._Element, now: datetime) -> None:
        if len(conditions) or set(conditions.attrib) - {"NotBefore", "NotOnOrAfter"}:
            raise SoapFault("vihf.conditions", "VIHF : Conditions limité à NotBefore et NotOnOrAfter")
        start, end = conditions.get("NotBefore"), conditions.get("NotOnOrAfter")
        first, last = instant(start or ""), instant(end or "")
        if (start and first is None) or (end and last is None):
            raise SoapFault("vihf.conditions", "VIHF : Conditions mal formées")
        if (first and now + self._tolerance < first) or (last and now - self._tolerance >= last):
            raise SoapFault("vihf.conditions", "VIHF : hors de sa période de validité")

    def _check_authentication(self, statement: etree._Element, now: datetime) -> None:
        moment = instant(statement.get("AuthnInstant") or "")
        if moment is None or moment > now + self._tolerance:
            raise SoapFault("vihf.authninstant", "VIHF : AuthnInstant absent, mal formé ou dans le futur")
        classes = statement.findall(f"{q(SAML, 'AuthnContext')}/{q(SAML, 'AuthnContextClassRef')}")
        if len(classes) != 1 or text(classes[0]).removeprefix(_CONTEXT_PREFIX) not in AUTHN_CONTEXTS:
            raise SoapFault("vihf.authncontext", "VIHF : AuthnContextClassRef absent ou inconnu")
        if not text(classes[0]).startswith(_CONTEXT_PREFIX):
            raise SoapFault("vihf.authncontext", "VIHF : AuthnContextClassRef absent ou inconnu")


def _parts(assertion: etree._Element) -> dict[str, etree._Element]:
    parts: dict[str, etree._Element] = {}
    for child in elements(assertion):
        name = local(child)
        if name in parts or name not in _CHILDREN:
            raise SoapFault("vihf.structure_saml", f"VIHF : élément {name} inattendu ou répété")
        parts[name] = child
    missing = _CHILDREN - {"Conditions"} - parts.keys()
    if missing:
        raise SoapFault("vihf.structure_saml", f"VIHF : élément {min(missing)} absent")
    return parts


def _check_issuer(issuer: etree._Element, signer: Credential) -> None:
    if issuer.get("Format") != _ISSUER_FORMAT:
        raise SoapFault("vihf.issuer", "VIHF : Issuer/@Format X509SubjectName attendu")
    if dn_parts(text(issuer)) != signer.subject_dn:
        raise SoapFault("vihf.issuer", "VIHF : Issuer différent du sujet du certificat de signature (RFC 2253)")

"""Writing and signing the VIHF assertion: enveloped XML signature, exclusive C14N, RSA-SHA256.

The assertion leaves this module in canonical form with its signature inserted; nobody may re-serialise it after.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from hub_interop.dsig.certificate import CertificateFacts, certificate_facts
from hub_interop.dsig.signer import DSIG, DigestSigner, PendingSignature, SignatureAlgorithm
from hub_interop.soap.escaping import attribute, text
from hub_interop.soap.safe_xml import canonical, parse_xml
from hub_interop.vihf.model import VERSION, AccessMode, Role, Vihf, VihfInvalid

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SUBJECT_NAME_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
SECTOR_SYSTEM = "1.2.250.1.71.4.2.4"
PURPOSE_SYSTEM = "1.2.250.1.213.1.1.4.248"

SUBJECT_ID = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
SUBJECT_ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
RESOURCE_ID = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
PURPOSE_OF_USE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
CONFIDENTIALITY_CODE = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"

_EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ALGORITHM = SignatureAlgorithm.RSA_SHA256
_PURPOSE_LABELS = {AccessMode.NORMAL: "Accès normal", AccessMode.BRIS_DE_GLACE: "Accès en bris de glace"}
_ISSUER_END = b"</saml2:Issuer>"


@dataclass(frozen=True, slots=True)
class Spelling:
    """Names that homologated products spell differently: settings, to follow the integration guide once obtained."""

    authentication_mode: str = "Authentification_Mode"


DEFAULT_SPELLING = Spelling()


def prepare_assertion(
    vihf: Vihf, certificate_der: bytes, now: datetime, spelling: Spelling = DEFAULT_SPELLING
) -> PendingSignature:
    """The assertion but for its signature value, for a signer that answers later.

    `now` (aware) is IssueInstant. Raises `VihfInvalid` (`VIHF_TIME`) when the user logged on after `now`, and
    `SigningRefused` for an unusable certificate (also out of its dates, CDT 0.1-160).
    """
    if now.tzinfo is None or vihf.authn_instant > now:
        raise VihfInvalid("VIHF_TIME", "AuthnInstant", "give an aware time that isn't in the future")
    facts = certificate_facts(certificate_der)
    facts.require_valid(now)
    unsigned = canonical(parse_xml(_assertion(vihf, facts, now, spelling).encode(), where="VIHF"), exclusive=True)
    digest = base64.b64encode(_ALGORITHM.digest(unsigned)).decode()
    signed_info = canonical(parse_xml(_signed_info(vihf, digest).encode(), where="VIHF"), exclusive=True)
    before, _, after = unsigned.partition(_ISSUER_END)
    head = b"".join(
        (before, _ISSUER_END, b'<ds:Signature xmlns:ds="', DSIG.encode(), b'">', signed_info, b"<ds:SignatureValue>")
    )
    key_info = (
        "</ds:SignatureValue><ds:KeyInfo><ds:X509Data>"
        f"<ds:X509Certificate>{facts.base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
    ).encode()
    return PendingSignature(
        digest=_ALGORITHM.digest(signed_info),
        algorithm=_ALGORITHM,
        head=head,
        tail=key_info + after,
        signature_size=facts.signature_size,
    )


def build_assertion(vihf: Vihf, signer: DigestSigner, now: datetime, spelling: Spelling = DEFAULT_SPELLING) -> bytes:
    """The signed assertion: one XML element in UTF-8, to be put on the wire byte for byte. Raises like the above."""
    return prepare_assertion(vihf, signer.certificate_der, now, spelling).signed_by(signer)


def _signed_info(vihf: Vihf, digest: str) -> str:
    return (
        f'<ds:SignedInfo xmlns:ds="{DSIG}"><ds:CanonicalizationMethod Algorithm="{_EXCLUSIVE_C14N}"/>'
        f'<ds:SignatureMethod Algorithm="{_ALGORITHM.uri}"/><ds:Reference URI="#{vihf.assertion_id}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{DSIG}enveloped-signature"/><ds:Transform Algorithm="{_EXCLUSIVE_C14N}"/>'
        f'</ds:Transforms><ds:DigestMethod Algorithm="{_ALGORITHM.digest_uri}"/>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )


def _assertion(vihf: Vihf, facts: CertificateFacts, now: datetime, spelling: Spelling) -> str:
    conditions = ""
    if vihf.not_before and vihf.not_on_or_after:
        conditions = (
            f'<saml2:Conditions NotBefore="{_instant(vihf.not_before)}" '
            f'NotOnOrAfter="{_instant(vihf.not_on_or_after)}"/>'
        )
    declaration = ""
    if vihf.authn_context_decl:
        declaration = f"<saml2:AuthnContextDecl>{text(vihf.authn_context_decl)}</saml2:AuthnContextDecl>"
    return "".join(
        (
            f'<saml2:Assertion xmlns:saml2="{SAML}" ID="{vihf.assertion_id}" IssueInstant="{_instant(now)}" ',
            f'Version="2.0"><saml2:Issuer Format="{SUBJECT_NAME_FORMAT}">{text(facts.subject)}</saml2:Issuer>',
            f"<saml2:Subject><saml2:NameID>{text(vihf.user_id)}</saml2:NameID></saml2:Subject>{conditions}",
            f'<saml2:AuthnStatement AuthnInstant="{_instant(vihf.authn_instant)}"><saml2:AuthnContext>',
            f"<saml2:AuthnContextClassRef>{vihf.authn_context.uri}</saml2:AuthnContextClassRef>",
            f"{declaration}</saml2:AuthnContext></saml2:AuthnStatement><saml2:AttributeStatement>",
            *_attributes(vihf, spelling),
            "</saml2:AttributeStatement></saml2:Assertion>",
        )
    )


def _attributes(vihf: Vihf, spelling: Spelling) -> Iterator[str]:
    """The attributes in the order of the reference message."""
    yield _attribute("VIHF_Version", VERSION)
    yield _attribute(spelling.authentication_mode, vihf.mode.value)
    yield _attribute("Identifiant_Structure", text(vihf.structure_id))
    yield _attribute("Secteur_Activite", f"{vihf.sector}^{SECTOR_SYSTEM}")
    if vihf.subject:
        yield _attribute(SUBJECT_ID, text(vihf.subject))
    yield _attribute(SUBJECT_ROLE, *(_coded("Role", role) for role in vihf.roles))
    if vihf.patient:
        yield _attribute(RESOURCE_ID, f"{vihf.patient.matricule}^^^&amp;{vihf.patient.system}&amp;ISO^NH")
    yield _attribute("Ressource_URN", "urn:dmp")
    purpose = Role(vihf.access.value, PURPOSE_SYSTEM, _PURPOSE_LABELS[vihf.access])
    yield _attribute(PURPOSE_OF_USE, _coded("PurposeOfUse", purpose, "mode acces VIHF 1.0"))
    if vihf.access_reason:
        yield _attribute("Mode_Acces_Raison", text(vihf.access_reason.strip()))
    if vihf.secret_connection:
        yield _attribute(CONFIDENTIALITY_CODE, _coded("ConfidentialityCode", _SECRET))
    if vihf.software.installation_id:
        yield _attribute("LPS_ID", vihf.software.installation_id)
    yield _attribute("LPS_Nom", text(vihf.software.name))
    yield _attribute("LPS_Version", text(vihf.software.version))
    yield _attribute("LPS_ID_HOMOLOGATION_DMP", text(vihf.software.homologation_id))


_SECRET = Role(
    "INVISIBLE_REPRESENTANTS_LEGAUX",
    "1.2.250.1.213.1.1.4.13",
    "Non visible par les représentants légaux du patient",
)
"""JDV_J64: the secret connection of a minor."""


def _attribute(name: str, *values: str) -> str:
    content = "".join(f"<saml2:AttributeValue>{value}</saml2:AttributeValue>" for value in values)
    return f'<saml2:Attribute Name="{attribute(name)}">{content}</saml2:Attribute>'


def _coded(element: str, coded: Role, system_name: str = "") -> str:
    name = f' codeSystemName="{system_name}"' if system_name else ""
    return (
        f'<{element} xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'code="{attribute(coded.code)}" codeSystem="{attribute(coded.code_system)}"{name} '
        f'displayName="{attribute(coded.display_name)}" xsi:type="CE"></{element}>'
    )


def _instant(time: datetime) -> str:
    """UTC with milliseconds and `Z`."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

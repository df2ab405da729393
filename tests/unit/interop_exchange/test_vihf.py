"""The VIHF: its content, its rules, and its signature checked by signxml and by hand."""

from __future__ import annotations

import base64
import hashlib
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from exchange_samples import (
    ASSERTION_ID,
    INS_TEST,
    MATRICULE,
    MESSAGE_ID,
    NOW,
    NURSE_ROLES,
    PHARMACIST_ROLES,
    SOFTWARE,
    SoftwareSigner,
    make_certificate,
    make_vihf,
    pharmacy_name,
)
from lxml import etree
from signxml.exceptions import InvalidDigest, InvalidSignature
from signxml.verifier import XMLVerifier

from hub_interop.dsig.certificate import certificate_facts, distinguished_name
from hub_interop.dsig.errors import SigningRefused
from hub_interop.soap.envelope import Addressing, build_envelope
from hub_interop.vihf.assertion import CONFIDENTIALITY_CODE, SAML, Spelling, build_assertion, prepare_assertion
from hub_interop.vihf.model import AccessMode, AuthenticationMode, Patient, Role, Software, VihfInvalid

DSIG = "{http://www.w3.org/2000/09/xmldsig#}"
HL7 = "{urn:hl7-org:v3}"


def _values(assertion: bytes) -> dict[str, list[str]]:
    """Attribute name to its texts (a coded value as code|system|label)."""
    found: dict[str, list[str]] = {}
    for attribute in etree.fromstring(assertion).iter(f"{{{SAML}}}Attribute"):
        for value in attribute:
            coded = value[0] if len(value) else None
            shown = (
                value.text or ""
                if coded is None
                else "|".join(str(coded.get(name)) for name in ("code", "codeSystem", "displayName"))
            )
            found.setdefault(attribute.get("Name", ""), []).append(shown)
    return found


def test_a_pharmacist_in_indirect_mode(signer: SoftwareSigner) -> None:
    assertion = build_assertion(make_vihf(), signer, NOW)
    root = etree.fromstring(assertion)
    assert root.get("ID") == ASSERTION_ID
    assert root.get("IssueInstant") == "2026-08-05T08:15:00.123Z"
    issuer = root.find(f"{{{SAML}}}Issuer")
    assert issuer is not None
    assert issuer.get("Format") == "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
    assert issuer.text == "CN=hub sign, OU=10B0123456, O=PHARMACIE DU CENTRE\\, SELARL, ST=Finistère (29), C=FR"
    assert [etree.QName(child).localname for child in root] == [
        "Issuer",
        "Signature",
        "Subject",
        "AuthnStatement",
        "AttributeStatement",
    ]
    name_id = root.find(f"{{{SAML}}}Subject/{{{SAML}}}NameID")
    assert name_id is not None
    assert (name_id.text, list(name_id.attrib)) == ("801234567897", [])
    statement = root.find(f"{{{SAML}}}AuthnStatement")
    assert statement is not None
    assert statement.get("AuthnInstant") == "2026-08-05T07:58:00.123Z"
    assert _values(assertion) == {
        "VIHF_Version": ["4.0"],
        "Authentification_Mode": ["INDIRECTE"],
        "Identifiant_Structure": ["10B0123456"],
        "Secteur_Activite": ["SA33^1.2.250.1.71.4.2.4"],
        "urn:oasis:names:tc:xspa:1.0:subject:subject-id": ["DURAND Alice Officine"],
        "urn:oasis:names:tc:xacml:2.0:subject:role": [
            "21|1.2.250.1.71.1.2.7|Pharmacien",
            "A|1.2.250.1.71.4.2.6|Pharmacien titulaire d'officine",
        ],
        "urn:oasis:names:tc:xacml:2.0:resource:resource-id": [f"{MATRICULE}^^^&{INS_TEST}&ISO^NH"],
        "Ressource_URN": ["urn:dmp"],
        "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse": ["normal|1.2.250.1.213.1.1.4.248|Accès normal"],
        "LPS_ID": ["1.2.250.1.999.1.42"],
        "LPS_Nom": ["HUB <RÉGIONAL> & Co"],
        "LPS_Version": ["1.0"],
        "LPS_ID_HOMOLOGATION_DMP": ["DCP-000001-tmp1"],
    }
    role = root.find(f".//{HL7}Role")
    assert role is not None
    assert role.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "CE"


def test_a_nurse_has_one_role(signer: SoftwareSigner) -> None:
    vihf = make_vihf(roles=NURSE_ROLES, sector="SA07", structure_id="312345678900012")
    values = _values(build_assertion(vihf, signer, NOW))
    assert values["urn:oasis:names:tc:xacml:2.0:subject:role"] == ["60|1.2.250.1.71.1.2.7|Infirmier"]


def test_bris_de_glace_secret_connection_and_conditions(signer: SoftwareSigner) -> None:
    vihf = make_vihf(
        mode=AuthenticationMode.DIRECT,
        subject=None,
        access=AccessMode.BRIS_DE_GLACE,
        access_reason="Patient inconscient <1>",
        secret_connection=True,
        not_before=NOW,
        not_on_or_after=NOW + timedelta(seconds=30),
    )
    assertion = build_assertion(vihf, signer, NOW)
    values = _values(assertion)
    assert values["Mode_Acces_Raison"] == ["Patient inconscient <1>"]
    assert values[CONFIDENTIALITY_CODE][0].startswith("INVISIBLE_REPRESENTANTS_LEGAUX|1.2.250.1.213.1.1.4.13|")
    assert "urn:oasis:names:tc:xspa:1.0:subject:subject-id" not in values
    conditions = etree.fromstring(assertion).find(f"{{{SAML}}}Conditions")
    assert conditions is not None
    assert len(conditions) == 0
    assert conditions.get("NotOnOrAfter") == "2026-08-05T08:15:30.123Z"


def test_an_air_token(signer: SoftwareSigner) -> None:
    vihf = make_vihf(
        mode=AuthenticationMode.INDIRECT_REINFORCED,
        authn_context_decl="APP_BROWSER_AUTH",
        not_before=NOW,
        not_on_or_after=NOW + timedelta(seconds=30),
    )
    context = etree.fromstring(build_assertion(vihf, signer, NOW)).find(f".//{{{SAML}}}AuthnContext")
    assert context is not None
    assert [etree.QName(child).localname for child in context] == ["AuthnContextClassRef", "AuthnContextDecl"]
    assert context.findtext(f"{{{SAML}}}AuthnContextDecl") == "APP_BROWSER_AUTH"


def test_no_patient_and_another_spelling(signer: SoftwareSigner) -> None:
    values = _values(build_assertion(make_vihf(patient=None), signer, NOW, Spelling("Authentification_mode")))
    assert "urn:oasis:names:tc:xacml:2.0:resource:resource-id" not in values
    assert values["Authentification_mode"] == ["INDIRECTE"]
    assert "Authentification_Mode" not in values


def test_signxml_verifies_the_assertion_and_refuses_changes(signer: SoftwareSigner) -> None:
    assertion = build_assertion(make_vihf(), signer, NOW)
    verified = XMLVerifier().verify(assertion, x509_cert=signer.certificate_pem, id_attribute="ID")
    assert not isinstance(verified, list)
    assert verified.signed_xml is not None
    assert verified.signed_xml.get("ID") == ASSERTION_ID
    for before, after in ((b"801234567897", b"801234567898"), (b"Pharmacien", b"Medecin")):
        with pytest.raises((InvalidDigest, InvalidSignature)):
            XMLVerifier().verify(
                assertion.replace(before, after, 1), x509_cert=signer.certificate_pem, id_attribute="ID"
            )


def test_the_assertion_still_verifies_inside_the_envelope(signer: SoftwareSigner) -> None:
    assertion = build_assertion(make_vihf(), signer, NOW)
    addressing = Addressing(action="urn:a", to="https://x", message_id=MESSAGE_ID)
    envelope = build_envelope(addressing, b'<x xmlns="urn:x"/>', assertion)
    assert assertion in envelope
    inside = etree.fromstring(envelope).find(f".//{{{SAML}}}Assertion")
    verified = XMLVerifier().verify(inside, x509_cert=signer.certificate_pem, id_attribute="ID")
    assert not isinstance(verified, list)
    assert verified.signed_xml is not None


def test_the_signature_is_right_by_hand(signer: SoftwareSigner) -> None:
    """Recomputed with another canonicalizer (the standard library's) and plain RSA."""
    assertion = build_assertion(make_vihf(), signer, NOW).decode()
    start, end = assertion.index("<ds:Signature "), assertion.index("</ds:Signature>") + len("</ds:Signature>")
    signature = ET.fromstring(assertion[start:end])
    unsigned = ET.canonicalize(assertion[:start] + assertion[end:]).encode()
    digest = signature.findtext(f"{DSIG}SignedInfo/{DSIG}Reference/{DSIG}DigestValue")
    assert base64.b64decode(digest or "") == hashlib.sha256(unsigned).digest()
    info_start, info_end = assertion.index("<ds:SignedInfo"), assertion.index("</ds:SignedInfo>")
    signed_info = ET.canonicalize(assertion[info_start : info_end + len("</ds:SignedInfo>")]).encode()
    value = base64.b64decode(signature.findtext(f"{DSIG}SignatureValue") or "")
    signer.key.public_key().verify(value, signed_info, padding.PKCS1v15(), hashes.SHA256())
    certificate = signature.findtext(f"{DSIG}KeyInfo/{DSIG}X509Data/{DSIG}X509Certificate")
    assert base64.b64decode(certificate or "") == signer.certificate_der


def test_a_signer_that_answers_later_gives_the_same_bytes(signer: SoftwareSigner) -> None:
    pending = prepare_assertion(make_vihf(), signer.certificate_der, NOW)
    assert len(pending.digest) == 32
    assert pending.complete(signer.sign(pending.digest)) == build_assertion(make_vihf(), signer, NOW)
    with pytest.raises(SigningRefused, match="SIGNATURE_SIZE"):
        pending.complete(b"\x00" * 128)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"assertion_id": "7c1f"}, "VIHF_ID"),
        ({"user_id": "01234567897"}, "VIHF_USER"),
        ({"user_id": "8012345678971"}, "VIHF_USER"),
        ({"structure_id": "PHARMACIE"}, "VIHF_STRUCTURE"),
        ({"structure_id": "1330000001X"}, "VIHF_STRUCTURE"),
        ({"sector": "33"}, "VIHF_SECTOR"),
        ({"subject": None}, "VIHF_SUBJECT"),
        ({"subject": "  "}, "VIHF_SUBJECT"),
        ({"software": Software("HUB", "1.0", "")}, "VIHF_HOMOLOGATION"),
        ({"software": Software("", "1.0", "x")}, "VIHF_SOFTWARE"),
        ({"software": Software("HUB", "", "x")}, "VIHF_SOFTWARE"),
        ({"software": Software("HUB", "1", "x", "1.02.3")}, "VIHF_SOFTWARE"),
        ({"roles": ()}, "VIHF_ROLE"),
        ({"roles": (Role("60", "1.2.250.1.71.1.2.7", ""),)}, "VIHF_ROLE"),
        ({"roles": (Role("60", "x", "Infirmier"),)}, "VIHF_ROLE"),
        ({"roles": PHARMACIST_ROLES[:1]}, "VIHF_ROLE_SECOND"),
        ({"roles": (PHARMACIST_ROLES[0], Role("SM26", "1.2.250.1.71.4.2.5", "Générale"))}, "VIHF_ROLE_SECOND"),
        ({"roles": (*NURSE_ROLES, PHARMACIST_ROLES[1])}, "VIHF_ROLE_SECOND"),
        ({"roles": (*PHARMACIST_ROLES, PHARMACIST_ROLES[1])}, "VIHF_ROLE"),
        (
            {"roles": (Role("SECRETARIAT_MEDICAL", "1.2.250.1.213.1.1.4.6", "Secrétariat"), PHARMACIST_ROLES[1])},
            "VIHF_ROLE",
        ),
        ({"access": AccessMode.BRIS_DE_GLACE, "access_reason": "urgence"}, "VIHF_ACCESS"),
        ({"access": AccessMode.BRIS_DE_GLACE, "mode": AuthenticationMode.DIRECT}, "VIHF_ACCESS"),
        (
            {
                "access": AccessMode.BRIS_DE_GLACE,
                "mode": AuthenticationMode.DIRECT,
                "access_reason": "urgence",
                "patient": None,
            },
            "VIHF_ACCESS",
        ),
        ({"access_reason": "curiosité"}, "VIHF_ACCESS"),
        ({"secret_connection": True, "patient": None}, "VIHF_ACCESS"),
        ({"authn_instant": NOW.replace(tzinfo=None)}, "VIHF_TIME"),
        ({"not_before": NOW}, "VIHF_TIME"),
        ({"mode": AuthenticationMode.INDIRECT_REINFORCED}, "VIHF_AIR"),
        ({"authn_context_decl": "APP_BROWSER_AUTH"}, "VIHF_AIR"),
        (
            {
                "mode": AuthenticationMode.INDIRECT_REINFORCED,
                "authn_context_decl": "APP_BROWSER_AUTH",
                "not_before": NOW,
                "not_on_or_after": NOW + timedelta(seconds=31),
            },
            "VIHF_AIR",
        ),
        ({"not_before": NOW, "not_on_or_after": NOW}, "VIHF_TIME"),
    ],
)
def test_each_rule_of_the_vihf(changes: dict[str, object], code: str) -> None:
    with pytest.raises(VihfInvalid) as caught:
        make_vihf(**changes)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("matricule", "system"),
    [
        (MATRICULE[:13], INS_TEST),
        (MATRICULE, "1.2.250.1.213.1.4.9"),
        (MATRICULE, "1.2.250.1.213.1.4.2"),
        (MATRICULE + "\n", INS_TEST),
    ],
)
def test_only_a_whole_ins_nir_is_a_patient(matricule: str, system: str) -> None:
    with pytest.raises(VihfInvalid, match="VIHF_PATIENT"):
        Patient(matricule, system)


def test_a_login_in_the_future_is_refused(signer: SoftwareSigner) -> None:
    with pytest.raises(VihfInvalid, match="VIHF_TIME"):
        build_assertion(make_vihf(), signer, NOW - timedelta(hours=1))


def test_secrets_and_identities_stay_out_of_repr() -> None:
    shown = repr(make_vihf())
    assert SOFTWARE.homologation_id not in shown
    assert MATRICULE not in shown


def test_names_are_written_as_the_dmp_expects() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name(
        [
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "FR")]),
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.TITLE, "Médecin")]),
            x509.RelativeDistinguishedName(
                [
                    x509.NameAttribute(NameOID.GIVEN_NAME, "ANNE"),
                    x509.NameAttribute(NameOID.COMMON_NAME, "899700296140"),
                    x509.NameAttribute(NameOID.SURNAME, '#D\'ARC; "X" '),
                ]
            ),
        ]
    )
    facts = certificate_facts(make_certificate(key, subject).public_bytes(serialization.Encoding.DER))
    people, title, country = facts.subject.rsplit(", ", 2)
    # DER sorts the members of a set: only their order within the RDN may change
    assert sorted(people.split(" + ")) == ["CN=899700296140", "GIVENNAME=ANNE", 'SURNAME=\\#D\'ARC\\; \\"X\\"\\ ']
    assert (title, country) == ("T=Médecin", "C=FR")
    assert facts.issuer == "CN=TEST AC ORGANISATIONS, C=FR"
    assert facts.serial_number == 123456789012345678901234567890
    assert facts.signature_size == 256


def test_an_attribute_without_keyword_is_written_in_hexadecimal() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, "SI:FR")])
    assert distinguished_name(name) == "2.5.4.97=#0c0553493a4652"
    long_value = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, "x" * 300)])
    assert distinguished_name(long_value) == "2.5.4.97=#0c82012c" + "78" * 300


def test_a_certificate_out_of_its_dates_signs_nothing(signer: SoftwareSigner) -> None:
    facts = certificate_facts(signer.certificate_der)
    assert facts.organisational_units == ("10B0123456",)
    for now in (facts.not_after + timedelta(seconds=1), facts.not_before - timedelta(seconds=1)):
        with pytest.raises(SigningRefused, match="CERTIFICATE_DATES"):
            build_assertion(make_vihf(authn_instant=now), signer, now)


def test_unusable_certificates_are_refused() -> None:
    with pytest.raises(SigningRefused, match="CERTIFICATE_UNREADABLE"):
        certificate_facts(b"not a certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = make_certificate(key, pharmacy_name("ec"))  # type: ignore[arg-type]
    with pytest.raises(SigningRefused, match="CERTIFICATE_KEY"):
        certificate_facts(certificate.public_bytes(serialization.Encoding.DER))

"""Invented keys, people, documents and messages for the tests of the exchange formats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from cryptography.x509.oid import NameOID

from hub_interop.dsig.signer import SignatureAlgorithm
from hub_interop.vihf.model import AuthenticationMode, AuthnContext, Patient, Role, Software, Vihf
from hub_interop.xds import codes
from hub_interop.xds.composites import Cx, Xcn, Xon
from hub_interop.xds.metadata import Author, CodedValue, DocumentEntry, SubmissionSet, source_patient_info
from hub_interop.xds.submission import OutgoingDocument, SubmissionPlan

NOW = datetime(2026, 8, 5, 8, 15, 0, 123000, tzinfo=UTC)
INSTALLATION = "1.2.250.1.999.1.42"
MATRICULE = "279035121518989"
INS_TEST = "1.2.250.1.213.1.4.10"
MESSAGE_ID = "urn:uuid:5e1c0b7e-6f0d-4d3c-9a52-2d7a5f0c1a11"
ASSERTION_ID = "_7c1f2a34-0d0e-4f6a-9b1c-000000000001"
SET_ID = "urn:uuid:11111111-1111-4111-8111-111111111111"
DOC_ID = "urn:uuid:22222222-2222-4222-8222-222222222222"
SIG_ID = "urn:uuid:33333333-3333-4333-8333-333333333333"
SET_UID, DOC_UID, SIG_UID = f"{INSTALLATION}.3.1", f"{INSTALLATION}.4.1", f"{INSTALLATION}.5.1"

PHARMACIST_ROLES = (
    Role("21", "1.2.250.1.71.1.2.7", "Pharmacien"),
    Role("A", "1.2.250.1.71.4.2.6", "Pharmacien titulaire d'officine"),
)
NURSE_ROLES = (Role("60", "1.2.250.1.71.1.2.7", "Infirmier"),)
SOFTWARE = Software("HUB <RÉGIONAL> & Co", "1.0", "DCP-000001-tmp1", INSTALLATION)


class SoftwareSigner:
    """A test signer: an RSA key in memory."""

    def __init__(self, key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> None:
        self.key = key
        self.certificate = certificate

    @property
    def certificate_der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def sign(self, digest: bytes, algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256) -> bytes:
        chosen: hashes.HashAlgorithm = hashes.SHA256()
        if algorithm is SignatureAlgorithm.RSA_SHA1:
            chosen = hashes.SHA1()
        return self.key.sign(digest, padding.PKCS1v15(), utils.Prehashed(chosen))


def pharmacy_name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "Finistère (29)"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "PHARMACIE DU CENTRE, SELARL"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "10B0123456"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def make_certificate(key: rsa.RSAPrivateKey, subject: x509.Name) -> x509.Certificate:
    issuer = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.COMMON_NAME, "TEST AC ORGANISATIONS"),
        ]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(123456789012345678901234567890)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )


def make_signer(common_name: str = "hub sign") -> SoftwareSigner:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return SoftwareSigner(key, make_certificate(key, pharmacy_name(common_name)))


def make_vihf(**changes: object) -> Vihf:
    fields: dict[str, object] = {
        "assertion_id": ASSERTION_ID,
        "mode": AuthenticationMode.INDIRECT,
        "user_id": "801234567897",
        "structure_id": "10B0123456",
        "sector": "SA33",
        "roles": PHARMACIST_ROLES,
        "authn_instant": NOW - timedelta(minutes=17),
        "authn_context": AuthnContext.PASSWORD,
        "software": SOFTWARE,
        "subject": "DURAND Alice Officine",
        "patient": Patient(MATRICULE, INS_TEST),
    }
    return Vihf(**(fields | changes))  # type: ignore[arg-type]


PERSON = Xcn("801234567897", "DURAND", "ALICE", codes.PS_ID_SYSTEM)
PHARMACY = Xon("PHARMACIE DUPONT & FILS", "10B0123456", codes.STRUCTURE_ID_SYSTEM)
AUTHOR = Author(
    person=PERSON,
    institutions=(PHARMACY,),
    specialties=(CodedValue("G15_21/A", "1.2.250.1.213.1.1.4.5", "Pharmacien titulaire d'officine"),),
)
PATIENT_ID = Cx(MATRICULE, INS_TEST)
TRAITS = source_patient_info(
    birth_name="PAT-TROIS",
    birth_given_names=("DOMINIQUE", "MARIE-LOUISE"),
    birth_date="19790328",
    sex="F",
    used=("DE VINCI", "DOMINIQUE"),
    birthplace="51215",
)


def make_set(**changes: object) -> SubmissionSet:
    fields: dict[str, object] = {
        "entry_id": SET_ID,
        "unique_id": SET_UID,
        "source_id": INSTALLATION,
        "patient_id": PATIENT_ID,
        "submission_time": "20260805081500",
        "content_type": CodedValue("SA33", codes.SECTOR_SYSTEM, "Pharmacie d'officine"),
        "authors": (AUTHOR,),
        "title": "Vaccination du 05/08/2026",
    }
    return SubmissionSet(**(fields | changes))  # type: ignore[arg-type]


def make_entry(**changes: object) -> DocumentEntry:
    """A vaccination note by a pharmacist, with the hash and size of `make_cda()`."""
    fields: dict[str, object] = {
        "entry_id": DOC_ID,
        "unique_id": DOC_UID,
        "patient_id": PATIENT_ID,
        "mime_type": "text/xml",
        "authors": (AUTHOR,),
        "class_code": CodedValue("52", codes.CLASS_SYSTEM, "Certificat, déclaration"),
        "type_code": CodedValue("87273-9", "2.16.840.1.113883.6.1", "Note de vaccination"),
        "format_code": CodedValue(codes.VACCINATION_NOTE_FORMAT, "1.2.250.1.213.1.1.4.2.282", "Note de vaccination"),
        "confidentiality": (codes.NORMAL,),
        "facility_type": CodedValue("SA33", codes.SECTOR_SYSTEM, "Pharmacie d'officine"),
        "practice_setting": CodedValue("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"),
        "creation_time": "20260805081000",
        "language": "fr-FR",
        "legal_authenticator": PERSON,
        "service_start": "20260805073000",
        "service_stop": "20260805080000",
        "source_patient_id": Cx("PAT-42", f"{INSTALLATION}.2", "PI"),
        "source_patient_info": TRAITS,
        "title": "Note de vaccination",
    }
    return DocumentEntry(**(fields | changes)).describing(make_cda())  # type: ignore[arg-type]


def make_other_entry(**changes: object) -> DocumentEntry:
    """A report of a pharmacist's interview: a document that may carry masks."""
    fields: dict[str, object] = {
        "class_code": CodedValue("10", codes.CLASS_SYSTEM, "Compte rendu"),
        "type_code": CodedValue("78601-2", "2.16.840.1.113883.6.1", "CR d'entretien pharmaceutique"),
        "format_code": CodedValue(
            "urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3", "Document à corps non structuré en Pdf/A-1"
        ),
        "title": "Entretien pharmaceutique",
    }
    return make_entry(**(fields | changes))


def make_cda(size: int = 27_000) -> bytes:
    """An invented document of about `size` bytes, with comments and instructions outside its root too."""
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<?xml-stylesheet type="text/xsl" href="cda.xsl"?>\n<!-- avant -->\n'
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<id root="{DOC_UID}"/><title>Note de vaccination</title><!-- dedans --><text xsi:type="ST">'
    )
    tail = "</text></ClinicalDocument>\n<!-- après -->\n"
    row = '<item code="X" a="1">Dose no 1 &amp; suite</item>'
    return (head + row * max(1, (size - len(head) - len(tail)) // len(row)) + tail).encode()


def make_plan(content: bytes | None = None, **changes: object) -> SubmissionPlan:
    fields: dict[str, object] = {
        "submission_set": make_set(),
        "documents": (OutgoingDocument(make_entry(), make_cda() if content is None else content),),
        "signature_entry_id": SIG_ID,
        "signature_unique_id": SIG_UID,
    }
    return SubmissionPlan(**(fields | changes))  # type: ignore[arg-type]

"""The signature of a submission set: recomputed by hand, verified, and refused when anything changes."""

from __future__ import annotations

import base64
import hashlib
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from exchange_samples import DOC_UID, NOW, SET_UID, SIG_UID, SoftwareSigner, make_cda, make_signer

from hub_interop.dsig.errors import SignatureInvalid, SigningRefused
from hub_interop.dsig.signer import SignatureAlgorithm
from hub_interop.dsig.submission_set import (
    SignedDocument,
    document_digest,
    prepare_submission_set_signature,
    sign_submission_set,
)
from hub_interop.dsig.verification import verify_submission_set
from hub_interop.soap.errors import MessageUnreadable

CDA = SignedDocument(DOC_UID, make_cda(2000))
KOS = SignedDocument("1.2.3.4", b"\x00DICM\xff", xml=False)
DS, XADES = "{http://www.w3.org/2000/09/xmldsig#}", "{http://uri.etsi.org/01903/v1.1.1#}"


def _sign(signer: SoftwareSigner, algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256) -> bytes:
    return sign_submission_set(SET_UID, SIG_UID, [CDA, KOS], signer, NOW, algorithm)


def _fragment(xml: str, name: str) -> str:
    found = re.search(rf"<{name}[ >].*?</{name}>", xml, re.DOTALL)
    assert found is not None
    return found.group()


def _canonical_by_hand(cda: bytes) -> bytes:
    """Canonical XML of `make_cda()`: no declaration, no empty tag, sorted attributes, one line break between nodes."""
    text = cda.decode().removeprefix('<?xml version="1.0" encoding="UTF-8"?>\n').rstrip("\n")
    text = text.replace(f'<id root="{DOC_UID}"/>', f'<id root="{DOC_UID}"></id>')
    return text.replace('<item code="X" a="1">', '<item a="1" code="X">').encode()


def _digest(element: ET.Element | None) -> bytes:
    assert element is not None
    return base64.b64decode(element.findtext(f"{DS}DigestValue") or "")


@pytest.mark.parametrize(
    ("algorithm", "hash_name", "signature_uri", "digest_uri"),
    [
        (
            SignatureAlgorithm.RSA_SHA256,
            "sha256",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "http://www.w3.org/2001/04/xmlenc#sha256",
        ),
        (
            SignatureAlgorithm.RSA_SHA1,
            "sha1",
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            "http://www.w3.org/2000/09/xmldsig#sha1",
        ),
    ],
)
def test_everything_is_right_by_hand(
    signer: SoftwareSigner, algorithm: SignatureAlgorithm, hash_name: str, signature_uri: str, digest_uri: str
) -> None:
    """No code of ours and no lxml: text cut out, the standard library's canonicalizer, plain RSA."""
    xml = _sign(signer, algorithm).decode()
    root = ET.fromstring(xml)
    assert root.tag == f"{DS}Signature"
    assert root.get("Id") == SIG_UID
    info = root.find(f"{DS}SignedInfo")
    assert info is not None
    assert {element.get("Algorithm") for element in root.iter(f"{DS}DigestMethod")} == {digest_uri}
    assert [element.get("Algorithm") for element in root.iter(f"{DS}SignatureMethod")] == [signature_uri]
    references = {reference.get("URI"): reference for reference in info.findall(f"{DS}Reference")}
    for uri, name, kind in (
        ("#IHEManifest", "Manifest", "http://www.w3.org/2000/09/xmldsig#Manifest"),
        ("#S0-SignedProperties", "SignedProperties", "http://uri.etsi.org/01903/v1.1.1#SignedProperties"),
    ):
        canonical = ET.canonicalize(_fragment(xml, name), with_comments=True).encode()
        assert _digest(references[uri]) == hashlib.new(hash_name, canonical).digest()
        assert references[uri].get("Type") == kind
    signed_info = ET.canonicalize(_fragment(xml, "SignedInfo"), with_comments=True).encode()
    chosen: hashes.HashAlgorithm = hashes.SHA256() if hash_name == "sha256" else hashes.SHA1()
    value = base64.b64decode(root.findtext(f"{DS}SignatureValue") or "")
    signer.key.public_key().verify(value, signed_info, padding.PKCS1v15(), chosen)
    manifest = root.find(f"{DS}Object/{DS}Manifest")
    assert manifest is not None
    lot, document, kos = manifest.findall(f"{DS}Reference")
    assert (lot.get("URI"), lot.findtext(f"{DS}DigestValue")) == (f"urn:oid:{SET_UID}", "AA==")
    canonical_cda = _canonical_by_hand(CDA.content)
    assert document.get("URI") == f"urn:oid:{DOC_UID}"
    assert _digest(document) == hashlib.new(hash_name, canonical_cda).digest()
    transform = document.find(f"{DS}Transforms/{DS}Transform")
    assert transform is not None
    assert transform.get("Algorithm") == "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
    assert _digest(kos) == hashlib.new(hash_name, KOS.content).digest()
    assert kos.find(f"{DS}Transforms") is None


def test_the_signed_properties(signer: SoftwareSigner) -> None:
    chain = make_signer("AC").certificate_der
    xml = sign_submission_set(SET_UID, SIG_UID, [CDA], signer, NOW, chain=[chain])
    root = ET.fromstring(xml)
    qualifying = root.find(f".//{XADES}QualifyingProperties")
    assert qualifying is not None
    assert qualifying.get("Target") == f"#{SIG_UID}"
    time = qualifying.findtext(f".//{XADES}SigningTime")
    assert datetime.fromisoformat(time or "") == NOW
    certificates = qualifying.findall(f".//{XADES}Cert")
    assert len(certificates) == 2
    digest = certificates[0].findtext(f"{XADES}CertDigest/{XADES}DigestValue")
    assert base64.b64decode(digest or "") == hashlib.sha256(signer.certificate_der).digest()
    assert certificates[0].findtext(f"{XADES}IssuerSerial/{DS}X509IssuerName") == "CN=TEST AC ORGANISATIONS, C=FR"
    assert certificates[0].findtext(f"{XADES}IssuerSerial/{DS}X509SerialNumber") == "123456789012345678901234567890"
    assert qualifying.find(f".//{XADES}SignaturePolicyImplied") is not None
    purpose = root.find(f".//{DS}SignatureProperty")
    assert purpose is not None
    assert (purpose.get("Id"), purpose.text) == ("purposeOfSignature", "1.2.840.10065.1.12.1.14")


@pytest.mark.parametrize("algorithm", list(SignatureAlgorithm))
def test_our_own_verification(signer: SoftwareSigner, algorithm: SignatureAlgorithm) -> None:
    verified = verify_submission_set(_sign(signer, algorithm), [KOS, CDA], signer.certificate_der)
    assert verified.submission_set_unique_id == SET_UID
    assert verified.signature_unique_id == SIG_UID
    assert verified.document_unique_ids == (DOC_UID, KOS.unique_id)
    assert verified.signing_time == NOW.astimezone(UTC)
    assert verified.algorithm is algorithm
    assert verified.certificate_der == signer.certificate_der


def test_the_digest_ignores_the_serialisation_but_not_comments_nor_the_prolog() -> None:
    base = document_digest(SignedDocument("1.2", b"<a b='1' c='2'><d/></a>"))
    assert document_digest(SignedDocument("1.2", b'<?xml version="1.0"?>\n<a  c="2" b="1"><d></d></a>\n')) == base
    for other in (
        b"<a b='1' c='2'><!-- x --><d/></a>",
        b"<?p i?><a b='1' c='2'><d/></a>",
        b"<a b='1' c='2'><d/></a><!---->",
    ):
        assert document_digest(SignedDocument("1.2", other)) != base


def test_a_late_signer_gives_the_same_bytes(signer: SoftwareSigner) -> None:
    pending = prepare_submission_set_signature(SET_UID, SIG_UID, [CDA, KOS], signer.certificate_der, NOW)
    assert pending.complete(signer.sign(pending.digest)) == _sign(signer)


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (b"<SignatureValue>", b"<SignatureValue>AAAA", "SIGNATURE_VALUE"),
        (b"AA==", b"AQ==", "SIGNATURE_DIGEST"),
        (b"2026-08-05", b"2026-08-06", "SIGNATURE_DIGEST"),
        (b'URI="#IHEManifest"', b'URI="#Other"', "SIGNATURE_VALUE"),
        (b"rsa-sha256", b"rsa-md5", "SIGNATURE_ALGORITHM"),
        (b"<Manifest ", b"<Manifest2 ", "SIGNATURE_FORMAT"),
        (b"</Signature>", b"<Object></Object></Signature2>", "SIGNATURE_FORMAT"),
        (b'Id="IHEManifest"', b'Id="Other"', "SIGNATURE_DIGEST"),
        (b'<?xml version="1.0" encoding="UTF-8"?>', b"<!DOCTYPE a>", "SIGNATURE_FORMAT"),
    ],
)
def test_an_altered_signature_is_refused(signer: SoftwareSigner, before: bytes, after: bytes, code: str) -> None:
    signed = _sign(signer)
    assert before in signed
    with pytest.raises(SignatureInvalid) as caught:
        verify_submission_set(signed.replace(before, after, 1), [CDA, KOS])
    assert caught.value.code == code


def _resigned(xml: str, signer: SoftwareSigner) -> bytes:
    """`xml` altered by someone who owns the key: digests and value recomputed."""
    for uri, name in (("#IHEManifest", "Manifest"), ("#S0-SignedProperties", "SignedProperties")):
        content = ET.canonicalize(_fragment(xml, name), with_comments=True).encode()
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        xml = re.sub(rf'(<Reference [^>]*URI="{uri}".*?<DigestValue>)[^<]*', rf"\g<1>{digest}", xml, count=1)
    info = ET.canonicalize(_fragment(xml, "SignedInfo"), with_comments=True).encode()
    value = base64.b64encode(signer.sign(hashlib.sha256(info).digest())).decode()
    return re.sub(r"<SignatureValue>[^<]*", f"<SignatureValue>{value}", xml).encode()


@pytest.mark.parametrize(
    ("pattern", "replacement", "code"),
    [
        ("AA==", "AQ==", "SIGNATURE_DIGEST"),
        (r"(<CertDigest>.*?<DigestValue>)[^<]*", r"\g<1>AAAA", "SIGNATURE_CERTIFICATE"),
        (r"<SigningCertificate>.*</SigningCertificate>", "", "SIGNATURE_INCOMPLETE"),
        (r"<SigningTime>[^<]*</SigningTime>", "", "SIGNATURE_INCOMPLETE"),
        (r"<Reference [^>]*URI=\"#IHE.*?</Reference>", "", "SIGNATURE_INCOMPLETE"),
        (r"(<Object><Manifest .*?</Object>)", r"\1\1", "SIGNATURE_INCOMPLETE"),
        ("<DigestValue>AA==</DigestValue>", "", "SIGNATURE_INCOMPLETE"),
        (r"(?s)^(<\?xml[^>]*>\n)(<Signature .*)$", r"\1<Other>\2</Other>", "SIGNATURE_ROOT"),
    ],
)
def test_a_well_signed_but_wrong_signature_is_refused(
    signer: SoftwareSigner, pattern: str, replacement: str, code: str
) -> None:
    signed = _sign(signer).decode()
    assert verify_submission_set(_resigned(signed, signer), [CDA, KOS]).submission_set_unique_id == SET_UID
    altered = re.sub(pattern, replacement, signed, count=1)
    assert altered != signed
    with pytest.raises(SignatureInvalid) as caught:
        verify_submission_set(_resigned(altered, signer), [CDA, KOS])
    assert caught.value.code == code


def test_other_documents_or_another_certificate_are_refused(
    signer: SoftwareSigner, other_signer: SoftwareSigner
) -> None:
    signed = _sign(signer)
    altered = SignedDocument(DOC_UID, CDA.content.replace(b"dedans", b"dehors"))
    with pytest.raises(SignatureInvalid, match="SIGNATURE_DIGEST"):
        verify_submission_set(signed, [altered, KOS])
    with pytest.raises(SignatureInvalid, match="SIGNATURE_DOCUMENTS"):
        verify_submission_set(signed, [CDA])
    with pytest.raises(SignatureInvalid, match="SIGNATURE_CERTIFICATE"):
        verify_submission_set(signed, [CDA, KOS], other_signer.certificate_der)
    swapped = signed.replace(base64.b64encode(signer.certificate_der), base64.b64encode(other_signer.certificate_der))
    with pytest.raises(SignatureInvalid, match="SIGNATURE_VALUE"):
        verify_submission_set(swapped, [CDA, KOS])


def test_what_cannot_be_signed_is_refused(signer: SoftwareSigner) -> None:
    with pytest.raises(SigningRefused, match="SIGNATURE_OID"):
        sign_submission_set("urn:uuid:x", SIG_UID, [CDA], signer, NOW)
    with pytest.raises(SigningRefused, match="SIGNATURE_DOCUMENTS"):
        sign_submission_set(SET_UID, SIG_UID, [], signer, NOW)
    with pytest.raises(SigningRefused, match="SIGNATURE_DOCUMENTS"):
        sign_submission_set(SET_UID, SIG_UID, [CDA, CDA], signer, NOW)
    with pytest.raises(SigningRefused, match="SIGNATURE_TIME"):
        sign_submission_set(SET_UID, SIG_UID, [CDA], signer, NOW.replace(tzinfo=None))
    with pytest.raises(SigningRefused, match="CERTIFICATE_DATES"):
        sign_submission_set(SET_UID, SIG_UID, [CDA], signer, NOW.replace(year=2030))
    with pytest.raises(MessageUnreadable, match="XML_MALFORMED"):
        sign_submission_set(SET_UID, SIG_UID, [SignedDocument(DOC_UID, b"%PDF-1.4")], signer, NOW)

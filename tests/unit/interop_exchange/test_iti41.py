"""ITI-41: the whole request, and what the DMP answers."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from exchange_samples import (
    ASSERTION_ID,
    AUTHOR,
    DOC_ID,
    MATRICULE,
    MESSAGE_ID,
    NOW,
    SET_ID,
    SIG_ID,
    SIG_UID,
    TRAITS,
    SoftwareSigner,
    make_cda,
    make_entry,
    make_plan,
    make_set,
    make_vihf,
)
from lxml import etree

from hub_interop.dsig.errors import SigningRefused
from hub_interop.dsig.signer import SignatureAlgorithm
from hub_interop.dsig.submission_set import SignedDocument
from hub_interop.dsig.verification import verify_submission_set
from hub_interop.soap.answer import SoapAnswer, parse_answer
from hub_interop.soap.errors import MessageUnreadable, MessageUnwritable
from hub_interop.vihf.assertion import build_assertion
from hub_interop.xds import codes, iti41
from hub_interop.xds.ebxml_reader import RegistryObjects, read_registry_objects
from hub_interop.xds.errors import MetadataInvalid
from hub_interop.xds.metadata import CodedValue
from hub_interop.xds.registry_response import ResponseStatus
from hub_interop.xds.rules import SubmissionRules
from hub_interop.xds.submission import OutgoingDocument, Submission, SubmissionPlan, prepare_submission, sign_submission

OLD = "urn:uuid:99999999-9999-4999-8999-999999999999"
DOC2 = "urn:uuid:44444444-4444-4444-8444-444444444444"
TO = "https://lps.example/services/repository"


def _objects(payload: bytes) -> RegistryObjects:
    found = etree.fromstring(payload).find(f".//{{{codes.RIM}}}RegistryObjectList")
    assert found is not None
    return read_registry_objects(found)


def _request(submission: Submission, assertion: bytes) -> SoapAnswer:
    """The request, read back as a receiver would."""
    request = iti41.build_request(submission, to=TO, message_id=MESSAGE_ID, assertion=assertion)
    assert request.body.count(assertion) == 1
    return parse_answer(request.content_type, request.body)


def test_the_whole_request(signer: SoftwareSigner) -> None:
    submission = sign_submission(make_plan(), signer, NOW)
    assertion = build_assertion(make_vihf(), signer, NOW)
    received = _request(submission, assertion)
    assert received.action == "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
    payload = received.payload
    assert payload is not None
    assert payload.tag == "{urn:ihe:iti:xds-b:2007}ProvideAndRegisterDocumentSetRequest"
    documents = payload.findall("{urn:ihe:iti:xds-b:2007}Document")
    assert [document.get("id") for document in documents] == [DOC_ID, SIG_ID]
    cda, signature = (received.part_of(document) for document in documents)
    assert cda == make_cda()
    verified = verify_submission_set(signature, [SignedDocument(make_entry().unique_id, cda)], signer.certificate_der)
    assert verified.signature_unique_id == SIG_UID
    objects = _objects(etree.tostring(payload))
    assert objects.submission_sets == (make_set(),)
    assert objects.documents[0] == make_entry()
    for entry, content in zip(objects.documents, (cda, signature), strict=True):
        assert entry.hash == hashlib.sha1(content, usedforsecurity=False).hexdigest()
        assert entry.size == len(content)
    assert ASSERTION_ID.encode() in assertion


def test_the_associations(signer: SoftwareSigner) -> None:
    plan = make_plan(documents=(OutgoingDocument(make_entry(), make_cda(), replaces=OLD),))
    objects = _objects(iti41.build_body(sign_submission(plan, signer, NOW)).payload)
    found = [
        (link.type.rpartition(":")[2], link.source, link.target, link.submission_set_status)
        for link in objects.associations
    ]
    assert found == [
        ("HasMember", SET_ID, DOC_ID, "Original"),
        ("HasMember", SET_ID, SIG_ID, "Original"),
        ("RPLC", DOC_ID, OLD, None),
        ("signs", SIG_ID, SET_ID, None),
    ]
    assert objects.associations[2].type == "urn:ihe:iti:2007:AssociationType:RPLC"
    assert objects.associations[3].type == "urn:ihe:iti:2007:AssociationType:signs"
    assert len({link.entry_id for link in objects.associations}) == 4


def test_the_signature_entry(signer: SoftwareSigner) -> None:
    submission = sign_submission(make_plan(), signer, NOW)
    main, entry = (sent.entry for sent in submission.documents)
    assert (entry.title, entry.language, entry.mime_type) == ("Source", "art", "text/xml")
    assert entry.class_code == CodedValue("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN", "Digital Signature")
    assert entry.type_code == CodedValue("E1762", "ASTM", "Full Document")
    assert entry.format_code == CodedValue("http://www.w3.org/2000/09/xmldsig#", "URN", "Default Signature Style")
    assert entry.event_codes == (CodedValue("1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12", "Source"),)
    assert [value.code for value in entry.confidentiality] == ["N", "MASQUE_PS", "INVISIBLE_PATIENT"]
    assert (entry.facility_type, entry.practice_setting) == (main.facility_type, main.practice_setting)
    assert entry.authors == submission.submission_set.authors
    assert entry.legal_authenticator == main.legal_authenticator
    assert entry.creation_time == entry.service_start == entry.service_stop == "20260805081500"
    assert entry.source_patient_id is not None
    assert entry.source_patient_id.format() == f"{MATRICULE}^^^&1.2.250.1.213.1.4.10&ISO^NH"
    assert entry.source_patient_info == TRAITS


def test_several_documents_share_a_set(signer: SoftwareSigner) -> None:
    second = OutgoingDocument(make_entry(entry_id=DOC2, unique_id="1.2.3.4"), b"<b/>")
    plan = make_plan(documents=(*make_plan().documents, second))
    body = iti41.build_body(sign_submission(plan, signer, NOW))
    assert [part.content_id for part in body.attachments] == ["doc1@hub", "doc2@hub", "sig1@hub"]
    verified = verify_submission_set(
        body.attachments[2].content,
        [SignedDocument(make_entry().unique_id, make_cda()), SignedDocument("1.2.3.4", b"<b/>")],
    )
    assert len(verified.document_unique_ids) == 2


def test_a_kos_is_signed_as_bytes(signer: SoftwareSigner) -> None:
    entry = make_entry(
        mime_type="application/dicom",
        type_code=CodedValue("IMG-KOS", "1.2.250.1.213.1.1.4.12", "KOS"),
        class_code=CodedValue("31", codes.CLASS_SYSTEM, "Imagerie"),
    )
    submission = sign_submission(make_plan(documents=(OutgoingDocument(entry, b"\x00DICM"),)), signer, NOW)
    verify_submission_set(submission.documents[1].content, [SignedDocument(entry.unique_id, b"\x00DICM", xml=False)])


def test_sending_again_gives_the_same_bytes(signer: SoftwareSigner) -> None:
    first = iti41.build_body(sign_submission(make_plan(), signer, NOW))
    assert iti41.build_body(sign_submission(make_plan(), signer, NOW)) == first


def test_a_card_that_signs_later(signer: SoftwareSigner) -> None:
    pending = prepare_submission(make_plan(), signer.certificate_der, NOW, algorithm=SignatureAlgorithm.RSA_SHA1)
    value = signer.sign(pending.signature.digest, SignatureAlgorithm.RSA_SHA1)
    assert pending.complete(value) == sign_submission(make_plan(), signer, NOW, algorithm=SignatureAlgorithm.RSA_SHA1)
    with pytest.raises(SigningRefused, match="SIGNATURE_SIZE"):
        pending.complete(value[:-1])


@pytest.mark.parametrize(
    ("plan", "rules", "code"),
    [
        (make_plan(documents=()), SubmissionRules(), "XDS_DOCUMENTS"),
        (make_plan(submission_set=make_set(authors=())), SubmissionRules(), "XDS_AUTHOR"),
        (make_plan(), SubmissionRules(vihf_structure_id="1330000001"), "XDS_VIHF_STRUCTURE"),
        (make_plan(), SubmissionRules(production=True), "XDS_PATIENT_TEST"),
        (make_plan(documents=(OutgoingDocument(make_entry(title=None), b"<a/>"),)), SubmissionRules(), "XDS_TITLE"),
        (make_plan(documents=(OutgoingDocument(make_entry(), b""),)), SubmissionRules(), "XDS_SIZE"),
    ],
)
def test_an_invalid_submission_is_never_signed(
    signer: SoftwareSigner, plan: SubmissionPlan, rules: SubmissionRules, code: str
) -> None:
    with pytest.raises(MetadataInvalid) as caught:
        sign_submission(plan, signer, NOW, rules=rules)
    assert code in {violation.code for violation in caught.value.violations}


def test_the_signature_has_its_own_identifiers(signer: SoftwareSigner) -> None:
    with pytest.raises(SigningRefused, match="SIGNATURE_DOCUMENTS"):
        sign_submission(make_plan(signature_unique_id=make_entry().unique_id), signer, NOW)


def test_bytes_other_than_those_described_are_not_sent(signer: SoftwareSigner) -> None:
    submission = sign_submission(make_plan(), signer, NOW)
    first, signature = submission.documents
    altered = replace(submission, documents=(replace(first, content=first.content + b" "), signature))
    with pytest.raises(MessageUnwritable, match="XDS_HASH"):
        iti41.build_body(altered)


def test_names_with_separators_survive(signer: SoftwareSigner) -> None:
    submission = sign_submission(make_plan(), signer, NOW)
    objects = _objects(iti41.build_body(submission).payload)
    assert objects.documents[0].authors == (AUTHOR,)


RS = 'xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"'
STATUS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:"


def test_a_success() -> None:
    result = iti41.parse_response(f'<rs:RegistryResponse {RS} status="{STATUS}Success"/>'.encode())
    assert result.ok
    assert result.errors == ()


def test_a_failure_keeps_every_error() -> None:
    result = iti41.parse_response(
        f'<rs:RegistryResponse {RS} status="{STATUS}Failure"><rs:RegistryErrorList>'
        '<rs:RegistryError errorCode="DMPFragmentCVAError" codeContext="déjà au carnet" location="L1"'
        ' severity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"/>'
        '<rs:RegistryError errorCode="X" codeContext="y" severity="urn:…:ErrorSeverityType:Warning"/>'
        "</rs:RegistryErrorList></rs:RegistryResponse>".encode()
    )
    assert not result.ok
    first, second = result.errors
    assert (first.code, first.context, first.location, first.is_warning) == (
        "DMPFragmentCVAError",
        "déjà au carnet",
        "L1",
        False,
    )
    assert second.is_warning
    assert "carnet" not in repr(result)


@pytest.mark.parametrize("prefix", [STATUS, "urn:ihe:iti:2007:ResponseStatusType:"])
def test_a_partial_success_is_no_success(prefix: str) -> None:
    result = iti41.parse_response(f'<rs:RegistryResponse {RS} status="{prefix}PartialSuccess"/>'.encode())
    assert (result.status, result.ok) == (ResponseStatus.PARTIAL_SUCCESS, False)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"<RegistryResponse/>", "XDS_RESPONSE"),
        (f"<rs:RegistryResponse {RS}/>".encode(), "XDS_STATUS"),
        (f'<rs:RegistryResponse {RS} status="{STATUS}Unavailable"/>'.encode(), "XDS_STATUS"),
        (b"<html", "XML_MALFORMED"),
    ],
)
def test_other_answers_are_refused(message: bytes, code: str) -> None:
    with pytest.raises(MessageUnreadable) as caught:
        iti41.parse_response(message)
    assert caught.value.code == code

"""A submission: one set, its documents with their bytes, the signature document, the links between them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hub_interop.dsig.signer import DigestSigner, PendingSignature, SignatureAlgorithm
from hub_interop.dsig.submission_set import SignedDocument, prepare_submission_set_signature
from hub_interop.xds import codes
from hub_interop.xds.composites import Cx
from hub_interop.xds.metadata import Association, DocumentEntry, SubmissionSet, registry_time
from hub_interop.xds.rules import DEFAULT_RULES, SubmissionRules, ensure_valid

_ASSOCIATIONS = uuid.UUID("5d1f3a52-5a0e-4b0e-9d52-0b0f6a6f4c11")


@dataclass(frozen=True, slots=True)
class OutgoingDocument:
    """A document to send: its entry (hash and size are set from `content`) and the exact bytes.

    `replaces` is the *current* entryUUID of the version it replaces, asked by TD3.1b just before (RG_2710).
    """

    entry: DocumentEntry
    content: bytes = field(repr=False)
    replaces: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionPlan:
    """What is to be sent, with every identifier fixed: sent again, it gives the same request."""

    submission_set: SubmissionSet
    documents: tuple[OutgoingDocument, ...]
    signature_entry_id: str
    signature_unique_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A complete submission, valid and signed, ready for ITI-41. The signature document comes last."""

    submission_set: SubmissionSet
    documents: tuple[OutgoingDocument, ...]
    associations: tuple[Association, ...]


@dataclass(frozen=True, slots=True)
class PendingSubmission:
    """A valid submission that waits for its signature value. Sign `signature.digest`, then `complete`."""

    plan: SubmissionPlan
    signature: PendingSignature
    signing_time: datetime

    def complete(self, value: bytes) -> Submission:
        """The submission with the signature `value`. Raises `SigningRefused` when it doesn't fit the key."""
        content = self.signature.complete(value)
        plan = self.plan
        entry = signature_entry(
            plan.documents[0].entry,
            plan.submission_set,
            entry_id=plan.signature_entry_id,
            unique_id=plan.signature_unique_id,
            now=self.signing_time,
        )
        documents = (*plan.documents, OutgoingDocument(entry.describing(content), content))
        return Submission(
            submission_set=plan.submission_set, documents=documents, associations=tuple(_links(plan, documents))
        )


def prepare_submission(
    plan: SubmissionPlan,
    certificate_der: bytes,
    now: datetime,
    *,
    algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256,
    rules: SubmissionRules = DEFAULT_RULES,
) -> PendingSubmission:
    """Describes the documents, checks every rule and prepares the signature of the set.

    Raises `MetadataInvalid` with all the violations, `MessageUnreadable` for a document that isn't XML,
    `SigningRefused` for an unusable certificate.
    """
    documents = tuple(replace(sent, entry=sent.entry.describing(sent.content)) for sent in plan.documents)
    plan = replace(plan, documents=documents)
    ensure_valid(plan.submission_set, [sent.entry for sent in documents], rules)
    signature = prepare_submission_set_signature(
        plan.submission_set.unique_id,
        plan.signature_unique_id,
        [_signed(sent) for sent in documents],
        certificate_der,
        now,
        algorithm,
    )
    return PendingSubmission(plan, signature, now)


def sign_submission(
    plan: SubmissionPlan,
    signer: DigestSigner,
    now: datetime,
    *,
    algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256,
    rules: SubmissionRules = DEFAULT_RULES,
) -> Submission:
    """`prepare_submission` and its completion, for a signer that answers at once."""
    pending = prepare_submission(plan, signer.certificate_der, now, algorithm=algorithm, rules=rules)
    return pending.complete(signer.sign(pending.signature.digest, algorithm))


def signature_entry(
    main: DocumentEntry, submission_set: SubmissionSet, *, entry_id: str, unique_id: str, now: datetime
) -> DocumentEntry:
    """The DocumentEntry of the signature document, from the main document's one (hash and size not set yet).

    Facility, practice setting, legal authenticator and patient are the document's; the author is the set's.
    """
    time = registry_time(now)
    return DocumentEntry(
        entry_id=entry_id,
        unique_id=unique_id,
        patient_id=main.patient_id,
        mime_type="text/xml",
        authors=submission_set.authors,
        class_code=codes.SIGNATURE_CLASS,
        type_code=codes.SIGNATURE_TYPE,
        format_code=codes.SIGNATURE_FORMAT,
        confidentiality=codes.SIGNATURE_CONFIDENTIALITY,
        facility_type=main.facility_type,
        practice_setting=main.practice_setting,
        event_codes=(codes.SIGNATURE_EVENT,),
        creation_time=time,
        language=codes.SIGNATURE_LANGUAGE,
        legal_authenticator=main.legal_authenticator,
        service_start=time,
        service_stop=time,
        source_patient_id=Cx(main.patient_id.id, main.patient_id.authority, "NH"),
        source_patient_info=main.source_patient_info,
        title=codes.SIGNATURE_TITLE,
    )


def _signed(sent: OutgoingDocument) -> SignedDocument:
    return SignedDocument(sent.entry.unique_id, sent.content, sent.entry.mime_type != "application/dicom")


def _links(plan: SubmissionPlan, documents: Sequence[OutgoingDocument]) -> Iterator[Association]:
    """HasMember for every document, RPLC for replacements, then the signature signs the set."""
    set_id = plan.submission_set.entry_id
    for sent in documents:
        yield _link(codes.HAS_MEMBER, set_id, sent.entry.entry_id, "Original")
    for sent in documents:
        if sent.replaces:
            yield _link(codes.REPLACES, sent.entry.entry_id, sent.replaces)
    yield _link(codes.SIGNS, plan.signature_entry_id, set_id)


def _link(kind: str, source: str, target: str, status: str | None = None) -> Association:
    """An association whose id follows from what it links, so that a resend repeats it."""
    identifier = uuid.uuid5(_ASSOCIATIONS, f"{kind} {source} {target}")
    return Association(
        entry_id=f"urn:uuid:{identifier}", type=kind, source=source, target=target, submission_set_status=status
    )

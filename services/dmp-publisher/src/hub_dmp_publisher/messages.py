"""What the DMP is sent, from facts that are all fixed: the VIHF, TD0.2's question, the submission set. Pure.

The same publication always gives the same submission; only the message's and the assertion's own ids and time change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from hub_contracts.errors import ErrorCode
from hub_contracts.sealed import QualifiedIdentity, SealedEntry
from hub_dmp_publisher.domain import Named
from hub_dmp_publisher.sender import Professional, Sender
from hub_interop.dsig.signer import DigestSigner, SignatureAlgorithm
from hub_interop.hl7v3 import td02
from hub_interop.terminologies import UnknownCode, concept
from hub_interop.vihf.assertion import DEFAULT_SPELLING, Spelling, build_assertion
from hub_interop.vihf.model import AuthenticationMode, AuthnContext, Patient, Role, Software, Vihf
from hub_interop.xds.codes import PS_ID_SYSTEM, STRUCTURE_ID_SYSTEM
from hub_interop.xds.composites import Cx, Xcn, Xon
from hub_interop.xds.from_cda import EntryFacts, PatientFacts, PersonFacts, document_entry_of
from hub_interop.xds.metadata import Author, CodedValue, DocumentEntry, SubmissionSet, registry_time
from hub_interop.xds.rules import SubmissionRules
from hub_interop.xds.submission import OutgoingDocument, Submission, SubmissionPlan, sign_submission


class Undescribable(Exception):
    """A code of the directory or of the document is in no value set: what cannot be described cannot be sent."""

    code = ErrorCode.DOCUMENT_INVALID

    def __init__(self, value_set: str) -> None:
        super().__init__(f"code absent du jeu de valeurs {value_set}")
        self.value_set = value_set


@dataclass(frozen=True, slots=True)
class Installation:
    """This hub as the DMP knows it. `algorithm` signs submission sets."""

    software: Software = field(repr=False)
    oid: str
    production: bool
    authn_context: AuthnContext = AuthnContext.UNSPECIFIED
    spelling: Spelling = DEFAULT_SPELLING
    algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256


@dataclass(frozen=True, slots=True)
class Description:
    """All that the messages about one publication are made of."""

    named: Named
    sender: Sender
    document_type: str
    occurred_at: datetime
    entry: SealedEntry = field(repr=False)


def assertion(
    description: Description, installation: Installation, signer: DigestSigner, assertion_id: str, now: datetime
) -> bytes:
    """The signed VIHF of the document's author, in indirect authentication. Raises Undescribable, VihfInvalid."""
    author = description.sender.author
    identity = description.entry.identity
    vihf = Vihf(
        assertion_id=assertion_id,
        mode=AuthenticationMode.INDIRECT,
        user_id=author.id,
        structure_id=description.sender.struct_id,
        sector=description.sender.sector,
        subject=f"{author.family_name} {author.given_name}",
        roles=_roles(author),
        authn_instant=min(description.occurred_at, now),
        authn_context=installation.authn_context,
        software=installation.software,
        patient=Patient(identity.matricule, identity.oid),
    )
    return build_assertion(vihf, signer, now, installation.spelling)


def existence_question(
    identity: QualifiedIdentity, installation: Installation, message_id: UUID, query_id: UUID, now: datetime
) -> bytes:
    """The body of TD0.2."""
    question = td02.Td02Request(
        message_id=message_id,
        query_id=query_id,
        installation_id=installation.oid,
        software_name=installation.software.name,
        matricule=identity.matricule,
        ins_system=identity.oid,
        production=installation.production,
    )
    return td02.build_request(question, now)


def submission(
    description: Description, installation: Installation, content: bytes, signer: DigestSigner
) -> Submission:
    """The signed submission of the document. Raises Undescribable, hub_interop's MetadataInvalid and others."""
    named, sender, entry = description.named, description.sender, description.entry
    author = sender.author
    patient_id = Cx(entry.identity.matricule, entry.identity.oid)
    submission_set = SubmissionSet(
        entry_id=named.submission_set_entry_id,
        unique_id=named.submission_set_unique_id,
        source_id=installation.oid,
        patient_id=patient_id,
        submission_time=registry_time(named.fixed_at),
        content_type=_coded("content_type", sender.sector),
        authors=(_author(author, sender),),
        title=entry.title,
    )
    plan = SubmissionPlan(
        submission_set=submission_set,
        documents=(OutgoingDocument(_document_entry(description), content),),
        signature_entry_id=named.signature_entry_id,
        signature_unique_id=named.signature_unique_id,
    )
    rules = SubmissionRules(
        vihf_user_id=author.id, vihf_structure_id=sender.struct_id, production=installation.production
    )
    return sign_submission(plan, signer, named.fixed_at, algorithm=installation.algorithm, rules=rules)


def _document_entry(description: Description) -> DocumentEntry:
    """What the document's builder told of it: the metadata and the CDA come from one model."""
    try:
        return document_entry_of(_facts(description), description.named.document_entry_id)
    except UnknownCode as error:
        raise Undescribable(error.value_set) from None


def _facts(description: Description) -> EntryFacts:
    entry, identity = description.entry, description.entry.identity
    patient = PatientFacts(
        **identity.model_dump(include=set(PatientFacts.__slots__)),
        local_oid=entry.local_oid,
    )
    return EntryFacts(
        unique_id=description.named.document_unique_id,
        type=description.document_type,
        format=entry.format,
        title=entry.title,
        language=entry.language,
        authors=tuple(PersonFacts(**author.model_dump()) for author in entry.authors),
        legal_authenticator=PersonFacts(**entry.legal_authenticator.model_dump()),
        created_at=entry.creation_time,
        service_start=entry.service_start,
        service_stop=entry.service_stop,
        confidentiality=entry.confidentiality,
        facility=entry.facility,
        practice_setting=entry.practice_setting,
        patient=patient,
    )


def _person(professional: Professional) -> Xcn:
    return Xcn(professional.id, professional.family_name, professional.given_name, PS_ID_SYSTEM)


def _author(professional: Professional, sender: Sender) -> Author:
    suffix = f"/{professional.subsection}" if professional.subsection else ""
    return Author(
        person=_person(professional),
        institutions=(Xon(sender.name, sender.struct_id, STRUCTURE_ID_SYSTEM),),
        specialties=(_coded("author_specialty", f"G15_{professional.profession}{suffix}"),),
    )


def _roles(professional: Professional) -> tuple[Role, ...]:
    profession = _coded("profession", professional.profession)
    roles = [Role(profession.code, profession.scheme, profession.label)]
    if professional.subsection:
        subsection = _coded("pharmacist_subsection", professional.subsection)
        roles.append(Role(subsection.code, subsection.scheme, subsection.label))
    return tuple(roles)


def _coded(value_set: str, code: str | None) -> CodedValue:
    try:
        found = concept(value_set, code)
    except UnknownCode:
        raise Undescribable(value_set) from None
    return CodedValue(found.code, found.system, found.label)

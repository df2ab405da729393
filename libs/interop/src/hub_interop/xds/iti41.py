"""ITI-41 Provide and Register Document Set-b: TD2.1, sending documents to the DMP."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub_interop.soap.envelope import Addressing, SoapRequest
from hub_interop.soap.errors import MessageUnwritable
from hub_interop.soap.mtom import Attachment, build_multipart, include
from hub_interop.xds import codes
from hub_interop.xds.ebxml import association_xml, document_entry_xml, submission_set_xml
from hub_interop.xds.metadata import content_hash
from hub_interop.xds.registry_response import RegistryResult, parse_registry_response
from hub_interop.xds.submission import OutgoingDocument, Submission

ACTION = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
SERVICE = "/repository"

__all__ = ["ACTION", "SERVICE", "ProvideAndRegister", "RegistryResult", "build_body", "build_request", "parse_response"]


@dataclass(frozen=True, slots=True)
class ProvideAndRegister:
    """The body of the request (one element) and the parts it includes, documents first, signature last."""

    payload: bytes = field(repr=False)
    attachments: tuple[Attachment, ...]


def build_body(submission: Submission) -> ProvideAndRegister:
    """The body of ITI-41 and its attachments.

    Raises `MessageUnwritable` (`XDS_HASH`) when a document's bytes aren't those its entry describes.
    """
    attachments: list[Attachment] = []
    documents: list[str] = []
    for number, sent in enumerate(submission.documents, start=1):
        _require_described(sent)
        is_signature = number == len(submission.documents)
        attachment = Attachment("sig1@hub" if is_signature else f"doc{number}@hub", sent.content)
        attachments.append(attachment)
        documents.append(f'<xds:Document id="{sent.entry.entry_id}">{include(attachment.content_id)}</xds:Document>')
    payload = "".join(
        (
            f'<xds:ProvideAndRegisterDocumentSetRequest xmlns:xds="{codes.XDSB}" xmlns="{codes.RIM}" ',
            f'xmlns:lcm="{codes.LCM}"><lcm:SubmitObjectsRequest><RegistryObjectList>',
            submission_set_xml(submission.submission_set),
            *(document_entry_xml(sent.entry) for sent in submission.documents),
            *(association_xml(association) for association in submission.associations),
            "</RegistryObjectList></lcm:SubmitObjectsRequest>",
            *documents,
            "</xds:ProvideAndRegisterDocumentSetRequest>",
        )
    )
    return ProvideAndRegister(payload.encode(), tuple(attachments))


def build_request(submission: Submission, *, to: str, message_id: str, assertion: bytes) -> SoapRequest:
    """The whole HTTP request: MTOM/XOP multipart around the envelope with the VIHF `assertion`.

    `to` is the called URL (base + `SERVICE`), `message_id` a `urn:uuid:`.
    """
    body = build_body(submission)
    addressing = Addressing(action=ACTION, to=to, message_id=message_id)
    return build_multipart(addressing, body.payload, body.attachments, assertion)


parse_response = parse_registry_response


def _require_described(sent: OutgoingDocument) -> None:
    if sent.entry.size != len(sent.content) or sent.entry.hash != content_hash(sent.content):
        raise MessageUnwritable("XDS_HASH", "DocumentEntry.hash", "describe the bytes that are sent")

"""Composing SOAP requests: addressing, the assertion untouched, MTOM."""

from __future__ import annotations

import email
import email.policy
import uuid

import pytest
from exchange_samples import MESSAGE_ID
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hub_interop.soap.envelope import SOAP, WSA, WSSE, Addressing, build_envelope, build_request, message_id
from hub_interop.soap.errors import MessageUnwritable
from hub_interop.soap.escaping import attribute, text
from hub_interop.soap.mtom import ROOT_CONTENT_ID, Attachment, build_multipart, include

TO = "https://lps.example/si-dmp-server/v2/services/repository?a=1&b=2"
ADDRESSING = Addressing(action="urn:ihe:iti:2007:X", to=TO, message_id=MESSAGE_ID)
ASSERTION = b"<saml2:Assertion  xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\"\n   ID='_1'  />"


def test_the_envelope_carries_the_addressing_and_the_body() -> None:
    root = etree.fromstring(build_envelope(ADDRESSING, b'<x xmlns="urn:x"/>'))
    header = root.find(f"{{{SOAP}}}Header")
    assert header is not None
    assert header.findtext(f"{{{WSA}}}Action") == "urn:ihe:iti:2007:X"
    assert header.findtext(f"{{{WSA}}}To") == TO
    assert header.findtext(f"{{{WSA}}}MessageID") == MESSAGE_ID
    assert header.findtext(f"{{{WSA}}}ReplyTo/{{{WSA}}}Address") == f"{WSA}/anonymous"
    assert header.find(f"{{{WSSE}}}Security") is None
    assert root.find(f"{{{SOAP}}}Body/{{urn:x}}x") is not None


def test_the_assertion_is_on_the_wire_byte_for_byte() -> None:
    request = build_multipart(ADDRESSING, b"<x/>", [Attachment("doc1@hub", b"abc")], ASSERTION)
    assert request.body.count(ASSERTION) == 1
    assert build_request(ADDRESSING, b"<x/>", ASSERTION).body.count(ASSERTION) == 1


def test_an_xml_declaration_inside_the_envelope_is_refused() -> None:
    with pytest.raises(MessageUnwritable, match="SOAP_DECLARATION"):
        build_envelope(ADDRESSING, b"<?xml version='1.0'?><x/>")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"action": 'a"b'}, "SOAP_ACTION"),
        ({"action": ""}, "SOAP_ACTION"),
        ({"action": "a\r\nX: y"}, "SOAP_ACTION"),
        ({"to": "ftp://x"}, "SOAP_TO"),
        ({"message_id": "5e1c0b7e-6f0d-4d3c-9a52-2d7a5f0c1a11"}, "SOAP_MESSAGE_ID"),
        ({"message_id": MESSAGE_ID + "\n"}, "SOAP_MESSAGE_ID"),
    ],
)
def test_broken_addresses_are_refused(changes: dict[str, str], code: str) -> None:
    with pytest.raises(MessageUnwritable) as caught:
        Addressing(**({"action": "urn:a", "to": TO, "message_id": MESSAGE_ID} | changes))
    assert caught.value.code == code


def test_the_message_id_is_a_urn() -> None:
    assert message_id(uuid.UUID(MESSAGE_ID.removeprefix("urn:uuid:"))) == MESSAGE_ID


def test_the_plain_request_names_the_action_in_its_content_type() -> None:
    assert build_request(ADDRESSING, b"<x/>").content_type == (
        'application/soap+xml; charset=UTF-8; action="urn:ihe:iti:2007:X"'
    )


def test_the_multipart_is_read_by_an_independent_mime_parser() -> None:
    content = b"\x00\xff\r\n--not a boundary\r\n\r\n" + bytes(range(256))
    request = build_multipart(
        ADDRESSING, b"<x/>", [Attachment("doc1@hub", content), Attachment("sig1@urn:ihe", b"<s/>")], ASSERTION
    )
    message = email.message_from_bytes(
        b"Content-Type: " + request.content_type.encode() + b"\r\n\r\n" + request.body, policy=email.policy.HTTP
    )
    assert message.get_content_type() == "multipart/related"
    assert message.get_param("type") == "application/xop+xml"
    assert message.get_param("start") == f"<{ROOT_CONTENT_ID}>"
    assert message.get_param("start-info") == "application/soap+xml"
    assert message.get_param("action") == "urn:ihe:iti:2007:X"
    root, document, signature = list(message.walk())[1:]
    assert request.body.partition(b"\r\n")[2].startswith(
        b'Content-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml; '
        b'action=\\"urn:ihe:iti:2007:X\\""\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <root@hub>\r\n\r\n'
    )
    assert root.get_content_type() == "application/xop+xml"
    assert (root["Content-ID"], document["Content-ID"], signature["Content-ID"]) == (
        "<root@hub>",
        "<doc1@hub>",
        "<sig1@urn:ihe>",
    )
    assert document["Content-Transfer-Encoding"] == "binary"
    assert request.body.count(content) == 1
    assert root.get_payload(decode=True) == build_envelope(ADDRESSING, b"<x/>", ASSERTION)


def test_the_href_is_url_encoded() -> None:
    assert 'href="cid:sig1@urn%3Aihe"' in include("sig1@urn:ihe")


def test_a_part_that_holds_the_boundary_gets_another_boundary() -> None:
    stolen = b"--uuid:" + MESSAGE_ID.removeprefix("urn:uuid:").encode()
    request = build_multipart(ADDRESSING, b"<x/>", [Attachment("doc1@hub", stolen + b"\r\n" + stolen + b".1--")])
    assert f'boundary="uuid:{MESSAGE_ID.removeprefix("urn:uuid:")}.2"' in request.content_type


@pytest.mark.parametrize("content_id", ["", "doc1", "<doc1@hub>", "doc 1@hub", "a@b\r\nX: y"])
def test_content_ids_that_break_headers_are_refused(content_id: str) -> None:
    with pytest.raises(MessageUnwritable, match="MTOM_CONTENT_ID"):
        Attachment(content_id, b"")


def test_two_parts_never_share_a_content_id() -> None:
    with pytest.raises(MessageUnwritable, match="MTOM_CONTENT_ID"):
        build_multipart(ADDRESSING, b"<x/>", [Attachment("a@b", b"1"), Attachment("a@b", b"2")])


@given(
    st.text(
        alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]) | st.sampled_from("\t\n\r<&>\"'")
    )
)
def test_escaped_text_comes_back_and_is_canonical(value: str) -> None:
    source = f'<a b="{attribute(value)}">{text(value)}</a>'
    element = etree.fromstring(source.encode())
    assert (element.text or "") == value
    assert element.get("b") == value
    assert etree.tostring(element.getroottree(), method="c14n").decode() == source


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ufffe", "\ud800"])
def test_characters_xml_cannot_hold_are_refused(character: str) -> None:
    for escaping in (text, attribute):
        with pytest.raises(MessageUnwritable) as caught:
            escaping(f"secret{character}")
        assert caught.value.code == "XML_CHARACTER"
        assert "secret" not in str(caught.value)

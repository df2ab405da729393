"""Reading SOAP answers: plain, multipart, faults, and everything hostile."""

from __future__ import annotations

import traceback

import pytest
from exchange_samples import MESSAGE_ID
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hub_interop.soap.answer import MAX_PARTS, parse_answer
from hub_interop.soap.envelope import SOAP, Addressing, build_envelope
from hub_interop.soap.errors import MessageUnreadable
from hub_interop.soap.mtom import Attachment, build_multipart, include
from hub_interop.soap.safe_xml import canonical, parse_xml, reparsed

ADDRESSING = Addressing(action="urn:a", to="https://x", message_id=MESSAGE_ID)
PLAIN = "application/soap+xml; charset=UTF-8"
BOMB = (
    b'<?xml version="1.0"?><!-- a --><?p i?>\n<!DOCTYPE lolz [<!ENTITY lol "lol">'
    + b"".join(
        b'<!ENTITY lol%d "%s">' % (n, b"&lol;" * 10 if n == 1 else b"&lol%d;" % (n - 1) * 10) for n in range(1, 10)
    )
    + b"]><lolz>&lol9;</lolz>"
)


def _fault(body: str) -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault>{body}</s:Fault></s:Body></s:Envelope>'.encode()


def test_a_plain_answer() -> None:
    envelope = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Header><Action xmlns="http://www.w3.org/2005/08/addressing"> urn:r </Action>'
        f'<RelatesTo xmlns="http://www.w3.org/2005/08/addressing">{MESSAGE_ID}</RelatesTo></s:Header>'
        "<s:Body><!-- c --><x/></s:Body></s:Envelope>"
    )
    answer = parse_answer(PLAIN, envelope.encode())
    assert answer.payload is not None
    assert answer.payload.tag == "x"
    assert (answer.action, answer.relates_to, answer.fault) == ("urn:r", MESSAGE_ID, None)


def test_a_multipart_answer_gives_its_parts_byte_for_byte() -> None:
    content = b"\r\n\x00\xff<a/>\r\n\r\n"
    payload = f"<x><doc>{include('d:1@hub')}</doc></x>".encode()
    request = build_multipart(ADDRESSING, payload, [Attachment("d:1@hub", content), Attachment("e@hub", b"")])
    answer = parse_answer(request.content_type, request.body)
    assert answer.payload is not None
    document = answer.payload.find("doc")
    assert document is not None
    assert answer.part_of(document) == content
    assert answer.parts["e@hub"] == b""


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.binary(max_size=60) | st.sampled_from([b"\r\n--", b"--uuid:", f"\r\n--uuid:{MESSAGE_ID[9:]}--".encode()])
    )
)
def test_any_bytes_survive_the_multipart(contents: list[bytes]) -> None:
    attachments = [Attachment(f"d{number}@hub", content) for number, content in enumerate(contents)]
    request = build_multipart(ADDRESSING, b"<x/>", attachments)
    answer = parse_answer(request.content_type, request.body)
    assert answer.parts == {attachment.content_id: attachment.content for attachment in attachments}


def test_an_inclusion_without_its_part_is_told() -> None:
    request = build_multipart(ADDRESSING, f"<x>{include('d@hub')}</x>".encode(), [])
    answer = parse_answer(request.content_type, request.body)
    assert answer.payload is not None
    with pytest.raises(MessageUnreadable, match="MTOM_PART"):
        answer.part_of(answer.payload)


def test_only_inclusions_by_content_id_are_followed() -> None:
    request = build_multipart(ADDRESSING, f"<x>{include('d@hub')}</x>".encode(), [Attachment("d@hub", b"1")])
    body = request.body.replace(b'href="cid:d@hub"', b'href="abcdd@hub"')
    answer = parse_answer(request.content_type, body)
    assert answer.payload is not None
    with pytest.raises(MessageUnreadable, match="MTOM_PART"):
        answer.part_of(answer.payload)


def test_the_root_part_need_not_be_first_nor_have_a_start() -> None:
    envelope = build_envelope(ADDRESSING, b"<x/>")
    body = (
        b"preamble\r\n--B\r\nContent-ID: <d>\r\n\r\nDATA\r\n--B\r\nContent-Id: <r>\r\nContent-Type: application/xop+xml"
        b"\r\n\r\n" + envelope + b"\r\n--B--\r\nepilogue"
    )
    answer = parse_answer('multipart/related; boundary=B; start="<r>"', body)
    assert answer.parts == {"d": b"DATA"}
    first = b"--B\r\n\r\n" + envelope + b"\r\n--B--"
    assert parse_answer("multipart/related; boundary=B", first).payload is not None


def test_a_fault_becomes_a_value() -> None:
    answer = parse_answer(
        PLAIN,
        _fault(
            "<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>dmp:A</s:Value><s:Subcode><s:Value>B</s:Value>"
            '</s:Subcode></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">No</s:Text>'
            '<s:Text xml:lang="fr-FR">Erreur  d\'authentification\nde la personne morale</s:Text></s:Reason>'
            "<s:Detail><a>1</a><b> 2</b></s:Detail>"
        ),
    )
    assert answer.payload is None
    assert answer.fault is not None
    assert (answer.fault.code, answer.fault.subcodes) == ("Sender", ("A", "B"))
    assert answer.fault.reason == "Erreur d'authentification de la personne morale"
    assert answer.fault.detail == "1 2"
    assert "personne" not in repr(answer)


def test_an_empty_fault_is_still_a_fault() -> None:
    fault = parse_answer(PLAIN, _fault("")).fault
    assert fault is not None
    assert (fault.code, fault.subcodes, fault.reason, fault.detail) == ("", (), "", "")


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        ("text/html", b"<html><body/></html>", "SOAP_ENVELOPE"),
        (PLAIN, b"", "XML_MALFORMED"),
        (PLAIN, b"<a>", "XML_MALFORMED"),
        (PLAIN, b'<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"/>', "SOAP_ENVELOPE"),
        (PLAIN, f'<s:Envelope xmlns:s="{SOAP}"><s:Body/></s:Envelope>'.encode(), "SOAP_BODY"),
        (PLAIN, f'<s:Envelope xmlns:s="{SOAP}"/>'.encode(), "SOAP_BODY"),
        ("multipart/related", b"--B--", "MIME_BOUNDARY"),
        ("multipart/related; boundary=B", b"--B\r\n\r\nx", "MIME_PARTS"),
        ("multipart/related; boundary=B", b"--B--", "MIME_PARTS"),
        ("multipart/related; boundary=B", b"--B\r\nno end of header\r\n--B--", "MIME_PARTS"),
        ('multipart/related; boundary=B; start="<q>"', b"--B\r\n\r\n<x/>\r\n--B--", "MIME_START"),
        (
            "multipart/related; boundary=B",
            b"--B\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--B--",
            "MIME_ENCODING",
        ),
        (
            "multipart/related; boundary=B",
            b"--B\r\nContent-ID: <a>\r\n\r\n1\r\n--B\r\nContent-ID: <a>\r\n\r\n2\r\n--B--",
            "MIME_PARTS",
        ),
        ("multipart/related; boundary=B", b"--B" + b"\r\n\r\n\r\n--B" * (MAX_PARTS + 1) + b"--", "MIME_PARTS"),
        ("text/xml\r\nX: y", b"<a/>", "MIME_HEADER"),
    ],
)
def test_broken_answers_are_refused(content_type: str, body: bytes, code: str) -> None:
    with pytest.raises(MessageUnreadable) as caught:
        parse_answer(content_type, body)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (BOMB, "XML_DOCTYPE"),
        (b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>', "XML_DOCTYPE"),
        (b'\xef\xbb\xbf<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><a/>', "XML_DOCTYPE"),
        (BOMB.decode().replace('version="1.0"', 'version="1.0" encoding="UTF-16"').encode("utf-16"), "XML_ENCODING"),
        (b'<?xml version="1.0" encoding="UTF-7"?>+ADw-+ACE-DOCTYPE a+AD4-<a/>', "XML_ENCODING"),
        ("<a/>".encode("utf-32-be"), "XML_ENCODING"),
        (b"<a>" * 300 + b"</a>" * 300, "XML_MALFORMED"),
        (b"<!-- never closed", "XML_MALFORMED"),
        (b"<a>" + b"x" * 1000 + b"</a>", "XML_TOO_LARGE"),
    ],
)
def test_hostile_xml_is_refused(xml: bytes, code: str) -> None:
    with pytest.raises(MessageUnreadable) as caught:
        parse_xml(xml, where="test", limit=900 if code == "XML_TOO_LARGE" else 10_000)
    assert caught.value.code == code


def test_errors_never_quote_the_message() -> None:
    with pytest.raises(MessageUnreadable) as caught:
        parse_xml(b"<a b='279035121518989'><279035121518989></a>", where="test")
    shown = "".join(traceback.format_exception(caught.value)).replace("parse_xml(b", "")
    assert caught.value.__cause__ is None
    assert "279035121518989" not in shown.partition("MessageUnreadable")[2]


def test_the_size_limit_holds_for_the_whole_answer() -> None:
    with pytest.raises(MessageUnreadable, match="XML_TOO_LARGE"):
        parse_answer(PLAIN, b"x" * 101, limit=100)
    with pytest.raises(MessageUnreadable, match="XML_TOO_LARGE"):
        parse_answer("multipart/related; boundary=B", b"x" * 101, limit=100)


def test_large_texts_of_documents_are_read() -> None:
    assert parse_xml(b"<a>" + b"x" * 11_000_000 + b"</a>", where="test").getroot().tag == "a"


def test_canonical_form_keeps_what_stands_outside_the_root_and_inherited_namespaces() -> None:
    tree = parse_xml(b'<?p i?><!-- c --><a xmlns="urn:a"><b><c/></b></a>', where="test")
    assert canonical(tree, comments=True) == b'<?p i?>\n<!-- c -->\n<a xmlns="urn:a"><b><c></c></b></a>'
    inner = tree.getroot()[0]
    assert canonical(reparsed(inner, where="test")) == b'<b xmlns="urn:a"><c></c></b>'
    assert isinstance(inner, etree._Element)

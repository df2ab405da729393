"""Rules of an unstructured body: templates, encoding, plain text, PDF/A-1 (CDA reference §3.1, §3.4; EX_2.1-1115)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from hub_simulators.dmp import valuesets
from hub_simulators.dmp.cda import Cda
from hub_simulators.dmp.names import HL7, q
from hub_simulators.dmp.refusals import Findings
from hub_simulators.dmp.xmltools import XmlProblem, elements, parse

_TEMPLATES = ["1.2.250.1.213.1.1.1.1", valuesets.XDS_SD_TEMPLATE, "2.16.840.1.113883.2.8.2.1"]
_PDF_ID = "http://www.aiim.org/pdfa/ns/id/"
_ACTIVE = (b"/JavaScript", b"/Launch", b"/Encrypt")


def check_body(cda: Cda, where: str, findings: Findings) -> None:
    """Check the body: a structured one may not claim XDS-SD, an unstructured one has its templates and its bytes."""
    bodies = [body for part in cda.root.findall(q(HL7, "component")) for body in elements(part)]
    kinds = [body.tag for body in bodies]
    if kinds == [q(HL7, "structuredBody")]:
        if valuesets.XDS_SD_TEMPLATE in {template.root for template in cda.templates}:
            findings.repository("n1.body", "CDA : templateId XDS-SD réservé aux corps non structurés", where)
        return
    if kinds != [q(HL7, "nonXMLBody")]:
        findings.repository("cda.body", "CDA : un corps structuré ou non structuré attendu", where)
        return
    _check_templates(cda, where, findings)
    texts = bodies[0].findall(q(HL7, "text"))
    if len(texts) != 1 or len(texts[0]) or texts[0].get("nullFlavor") is not None:
        findings.repository("n1.body", "corps non structuré : un seul élément text, sans nullFlavor, attendu", where)
        return
    media_type = texts[0].get("mediaType") or ""
    if media_type not in valuesets.FORMAT_OF_MEDIA:
        findings.repository("n1.mediatype", "corps non structuré : application/pdf ou text/plain attendu", where)
    if texts[0].get("representation") != "B64":
        findings.repository("n1.representation", "corps non structuré : representation B64 attendu", where)
    _check_content(texts[0].text or "", media_type, where, findings)


def _check_templates(cda: Cda, where: str, findings: Findings) -> None:
    roots = sorted(template.root for template in cda.templates)
    if roots != _TEMPLATES or any(template.extension for template in cda.templates):
        context = "corps non structuré : exactement trois templateId (HL7 France, CI-SIS, XDS-SD) attendus"
        findings.repository("n1.templates", context, where)


def _check_content(encoded: str, media_type: str, where: str, findings: Findings) -> None:
    try:
        content = base64.b64decode("".join(encoded.split()).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        findings.repository("n1.base64", "corps non structuré : base64 incorrect", where)
        return
    if not content.strip():
        findings.repository("n1.empty", "corps non structuré : contenu vide", where)
    elif media_type == "application/pdf":
        _check_pdf(content, where, findings)
    elif media_type == "text/plain":
        _check_text(content, where, findings)


def _check_text(content: bytes, where: str, findings: Findings) -> None:
    try:
        readable = not any(ord(character) < 32 and character not in "\t\r\n" for character in content.decode())
    except UnicodeDecodeError:
        readable = False
    if not readable:
        findings.repository("n1.text", "corps text/plain : texte UTF-8 attendu", where)


def _check_pdf(content: bytes, where: str, findings: Findings) -> None:
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-1024:]:
        findings.repository("n1.pdf", "corps application/pdf : PDF entier attendu", where)
        return
    if not any(declares_pdfa1(packet) for packet in xmp_packets(content)):
        findings.repository("n1.pdfa", "corps application/pdf : PDF/A-1 attendu (pdfaid:part 1 dans le XMP)", where)
    if any(name in content for name in _ACTIVE):
        findings.repository("n1.pdf.active", "PDF avec script, lancement ou chiffrement (EX_2.1-1115)", where)


def xmp_packets(content: bytes) -> Iterator[bytes]:
    """Yield the XMP packets of a PDF; those of PDF/A-1 are never compressed (ISO 19005-1 §6.7.2)."""
    position = 0
    while (start := content.find(b"<?xpacket begin", position)) >= 0:
        first = content.find(b"?>", start)
        end = content.find(b"<?xpacket end", start)
        if not 0 <= first < end:
            return
        yield content[first + 2 : end].strip()
        position = end


def declares_pdfa1(packet: bytes) -> bool:
    """Tell whether an XMP packet says PDF/A part 1, level A or B, as elements or as attributes."""
    try:
        root = parse(packet)
    except XmlProblem:
        return False
    found: dict[str, set[str]] = {"part": set(), "conformance": set()}
    for element in root.iter("*"):
        for name, values in found.items():
            if element.tag == q(_PDF_ID, name):
                values.add((element.text or "").strip())
            elif (attribute := element.get(q(_PDF_ID, name))) is not None:
                values.add(attribute.strip())
    return found["part"] == {"1"} and found["conformance"] in ({"A"}, {"B"})

"""Runs the installed schematrons on documents. Only for a process of its own: SaxonC holds Python's lock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree
from saxonche import PySaxonApiError, PySaxonProcessor, PyXdmNode, PyXsltExecutable

from hub_interop.cda.xsd import MAX_DOCUMENT_BYTES
from hub_interop.schematron.manifest import ManifestUnreadable, Served, read_manifest
from hub_interop.schematron.model import RULE, Finding, Role, Verdict
from hub_interop.schematron.rewrite.reports import VALUE
from hub_interop.schematron.rewrite.sheet import SVRL
from hub_interop.schematron.volets import TemplateId, applicable
from hub_interop.soap.errors import MessageUnreadable
from hub_interop.soap.safe_xml import parse_xml

V3 = "{urn:hl7-org:v3}"
DEEPEST = 100
"""Elements inside each other that the engine reads."""

TOO_DEEP, NOT_READ, NOT_CDA = "DOCUMENT_TOO_DEEP", "DOCUMENT_NOT_READ", "DOCUMENT_NOT_CDA"
ABORTED = "SCHEMATRON_ABORTED"

_TEXTS = {
    TOO_DEEP: f"Le document emboîte plus de {DEEPEST} éléments : les schématrons ne le lisent pas.",
    NOT_READ: "Le moteur des schématrons n'a pas pu lire le document.",
    NOT_CDA: "La racine du document n'est pas ClinicalDocument.",
    ABORTED: "Le schématron s'est interrompu sur ce document : ses contrôles n'ont pas été faits.",
}
_UNREADABLE_TEXT = "Le document n'est pas du XML acceptable."
_WARNINGS = frozenset({"warning", "information", "info"})
_FINDINGS = (f"{SVRL}failed-assert", f"{SVRL}successful-report")
_LOCATED = re.compile(r"\*:([^\[\]]+)\[namespace-uri\(\)='[^']*'\]|\*\[local-name\(\)='([^']*)'[^\]]*\]")
_SVRL_PARSER = etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)


class SchematronChecker:
    """One engine with the stylesheets of an installed folder; the general ones are loaded now, volets when first met.

    Not for several threads. Raises `ManifestUnreadable` for a folder that is no installation, or a spoilt one.
    """

    def __init__(self, installed: Path, *, volets: tuple[str, ...] = ()) -> None:
        """`volets` names volets' schematrons to load now, too (`CI-SIS_VAC-NOTE_2023.01`); unknown ones are left."""
        self._folder = installed
        self._manifest = read_manifest(installed)
        self._processor = PySaxonProcessor(license=False)
        self._processor.set_configuration_property("http://saxon.sf.net/feature/allowedProtocols", "file")
        self._xslt = self._processor.new_xslt30_processor()
        self._loaded: dict[str, PyXsltExecutable] = {}
        for served in self._manifest.schematrons:
            if served.general or served.name in volets:
                self._executable(served)

    def check(self, document: bytes) -> Verdict:
        """What the general schematrons and those of the document's volets find.

        A document that can't be read, and a schematron that stops, are error findings: never valid.
        """
        try:
            root = parse_xml(document, where="document", limit=MAX_DOCUMENT_BYTES).getroot()
        except MessageUnreadable as error:
            return self._only(Finding(error.code, "error", "", "/", _UNREADABLE_TEXT))
        if root.tag != f"{V3}ClinicalDocument":
            return self._only(_own(NOT_CDA))
        try:
            node = self._processor.parse_xml(xml_text=etree.tostring(root, encoding="unicode"))
        except PySaxonApiError:
            return self._only(_own(TOO_DEEP if _depth(root) > DEEPEST else NOT_READ))
        return self._verdict(root, node)

    def _verdict(self, root: etree._Element, node: PyXdmNode) -> Verdict:
        ids = [
            TemplateId(one.get("root", ""), one.get("extension", "")) for one in root.iterchildren(f"{V3}templateId")
        ]
        volets, findings = applicable(ids, self._manifest.volets())
        ran = [*self._manifest.general(), *volets]
        for served in ran:
            findings += self._run(served, node)
        return Verdict(self._manifest.content, tuple(served.name for served in ran), tuple(findings))

    def _run(self, served: Served, node: PyXdmNode) -> list[Finding]:
        try:
            svrl = self._executable(served).transform_to_string(xdm_node=node)
            return list(read_findings(served.name, svrl))
        except (PySaxonApiError, etree.XMLSyntaxError, ValueError):  # the engine's text quotes the document
            return [Finding(ABORTED, "error", served.name, "/", _TEXTS[ABORTED])]

    def _executable(self, served: Served) -> PyXsltExecutable:
        if served.name not in self._loaded:
            path = self._folder / served.path
            try:
                spoilt = hashlib.sha256(path.read_bytes()).hexdigest() != served.sha256
            except OSError:
                spoilt = True
            if spoilt:
                raise ManifestUnreadable(f"{path} n'est plus le fichier installé : réinstallez les règles")
            self._loaded[served.name] = self._xslt.compile_stylesheet(stylesheet_file=str(path))
        return self._loaded[served.name]

    def _only(self, finding: Finding) -> Verdict:
        return Verdict(self._manifest.content, (), (finding,))


def read_findings(schematron: str, svrl: str) -> Iterator[Finding]:
    """The findings in a report (SVRL) of that schematron. A role other than warning or information is an error."""
    for node in etree.fromstring(svrl.encode(), _SVRL_PARSER).iter(*_FINDINGS):
        role: Role = "warning" if (node.get("role") or "").strip() in _WARNINGS else "error"
        location = _LOCATED.sub(lambda found: found.group(1) or found.group(2), node.get("location", ""))
        static, full = _texts(node)
        yield Finding(RULE, role, schematron, location, static, _plain(node.get("test", "")), full)


def _texts(finding: etree._Element) -> tuple[str, str]:
    """The rule's own text, and the text with the document's values in it."""
    full = _plain("".join(map(str, finding.itertext())))
    for value in list(finding.iter(VALUE)):
        value.text = "…"
        del value[:]
    return _plain("".join(map(str, finding.itertext()))), full


def _plain(text: str) -> str:
    return " ".join(text.split())


def _own(code: str) -> Finding:
    return Finding(code, "error", "", "/", _TEXTS[code])


def _depth(root: etree._Element) -> int:
    deepest, depth = 0, 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest

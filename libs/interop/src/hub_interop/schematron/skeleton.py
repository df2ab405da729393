"""Schematron to XSLT with the ISO skeleton that lxml ships, run by SaxonC. Only for a process of its own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import lxml
from lxml import etree
from saxonche import PySaxonApiError, PySaxonProcessor, PyXslt30Processor, PyXsltExecutable

_FOLDER = Path(lxml.__file__).parent / "isoschematron" / "resources" / "xsl" / "iso-schematron-xslt1"
_EXPAND, _COMPILE = "iso_abstract_expand.xsl", "iso_svrl_for_xslt1.xsl"
_PARSER = etree.XMLParser(huge_tree=True, remove_comments=True, resolve_entities=False, no_network=True)
_WALK = "@*|*|comment()|processing-instruction()"  # SaxonC stops on this union of four
_NARROWER_WALK = "*|@*"


class NotCompiled(Exception):
    """The skeleton or the engine refuses a schematron. The text is a French sentence for the manifest."""


def engine_version() -> str:
    """Name and version of the engine and of the skeleton, as part of the content hash."""
    digest = hashlib.sha256(b"".join((_FOLDER / name).read_bytes() for name in sorted(_files()))).hexdigest()
    return f"{PySaxonProcessor(license=False).version} {digest[:16]}"


class Skeleton:
    """Compiles schematrons one after the other in one engine."""

    def __init__(self) -> None:
        self._processor = PySaxonProcessor(license=False)
        self._xslt: PyXslt30Processor = self._processor.new_xslt30_processor()
        self._expand = self._load(_EXPAND)
        self._compile = self._load(_COMPILE)

    def sheet(self, schematron: etree._Element) -> etree._Element:
        """The XSLT of a schematron whose includes are in. Raises `NotCompiled`."""
        try:
            concrete = self._run(self._expand, etree.tostring(schematron, encoding="unicode"))
            text = self._run(self._compile, concrete)
        except PySaxonApiError:
            raise NotCompiled("le schématron n'a pas pu être traduit en XSLT") from None
        root = etree.fromstring(text.replace(_WALK, _NARROWER_WALK).encode(), _PARSER)
        root.set("version", "2.0")
        return root

    def try_out(self, path: Path) -> None:
        """Compile a stylesheet as a checker will. Raises `NotCompiled`."""
        try:
            self._xslt.compile_stylesheet(stylesheet_file=str(path))
        except PySaxonApiError:
            raise NotCompiled("le moteur refuse les expressions de ce schématron") from None

    def _run(self, sheet: PyXsltExecutable, text: str) -> str:
        return str(sheet.transform_to_string(xdm_node=self._processor.parse_xml(xml_text=text)))

    def _load(self, name: str) -> PyXsltExecutable:
        return self._xslt.compile_stylesheet(stylesheet_file=str(_FOLDER / name))


def _files() -> list[str]:
    return [path.name for path in _FOLDER.iterdir() if path.suffix == ".xsl"]

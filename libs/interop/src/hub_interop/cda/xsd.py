"""The official XSD, from the operator's copy of the rules (HUB_RULES_DIR): it isn't ours to ship."""

from __future__ import annotations

import threading
from pathlib import Path

from lxml import etree

from hub_interop.soap.errors import MessageUnreadable
from hub_interop.soap.safe_xml import parse_xml

SCHEMA = Path("xsd") / "CDA_extended.xsd"
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024


class RulesUnreadable(Exception):
    """The folder holds no usable rules. The text names the folder and what is missing."""

    code = "DOCUMENT_RULES_UNAVAILABLE"


class XsdValidator:
    """Loaded once per process; may be used from several threads."""

    def __init__(self, rules_dir: Path) -> None:
        path = rules_dir / SCHEMA
        if not path.is_file():
            raise RulesUnreadable(f"{path} n'existe pas : donnez un dossier qui contient {SCHEMA}")
        try:
            self._schema = etree.XMLSchema(etree.parse(path))
        except (etree.XMLSchemaParseError, etree.XMLSyntaxError):
            raise RulesUnreadable(f"{path} n'est pas un schéma lisible") from None
        self._lock = threading.Lock()

    def problems(self, document: bytes) -> list[str]:
        """What the XSD finds: `path: kind of error`, never a value; empty when valid.

        XML that may not come in at all (DOCTYPE, entities, another encoding, too large) is one problem with its code.
        """
        try:
            tree = parse_xml(document, where="document", limit=MAX_DOCUMENT_BYTES)
        except MessageUnreadable as error:
            return [f"document: {error.code}"]
        with self._lock:
            if self._schema.validate(tree):
                return []
            found = [(entry.path, entry.type_name) for entry in self._schema.error_log]  # type: ignore[attr-defined]
        return [f"{_readable(tree, path)}: {kind}" for path, kind in found]


def _readable(tree: etree._ElementTree, path: str | None) -> str:
    """libxml2's path, made of `*[3]`, with the names of the elements."""
    nodes = tree.xpath(path) if path else []
    if not isinstance(nodes, list) or not nodes or not isinstance(nodes[0], etree._Element):
        return "document"
    node: etree._Element | None = nodes[0]
    names: list[str] = []
    while node is not None:
        names.append(etree.QName(node).localname)
        node = node.getparent()
    return "/" + "/".join(reversed(names))

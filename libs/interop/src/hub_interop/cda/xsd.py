"""The official XSD, from the operator's copy of the rules (HUB_RULES_DIR): it isn't ours to ship."""

from __future__ import annotations

import threading
from pathlib import Path

from lxml import etree

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
        """What the XSD finds: element and kind of error, never a value; empty when valid."""
        if len(document) > MAX_DOCUMENT_BYTES:
            return ["document: trop gros"]
        try:
            tree = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
        except etree.XMLSyntaxError as error:
            return [f"document: XML illisible, ligne {error.lineno}"]
        with self._lock:
            if self._schema.validate(tree):
                return []
            return [f"{entry.path or 'document'}: {entry.type_name}" for entry in self._schema.error_log]  # type: ignore[attr-defined]

"""The operator's copy of the rules: what is in it, its hash, a schematron with its includes, a value-set file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from hub_interop.cda.xsd import SCHEMA, RulesUnreadable
from hub_interop.soap.errors import MessageUnreadable
from hub_interop.soap.safe_xml import parse_xml

SCH = "{http://purl.oclc.org/dsdl/schematron}"
SCHEMATRONS = "schematrons"
GENERAL = (
    "profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch",
    "profils/IHE.sch",
    "profils/CI-SIS_ModelesDeContenusCDA.sch",
    "profils/CI-SIS_Modeles_ANS.sch",
)
"""The schematrons that every document has to pass, below `schematrons/`."""

_READ = {SCHEMATRONS: (".sch", ".xml"), "jeuxDeValeurs": (".xml",), "xsd": (".xsd",)}
_DEEPEST_INCLUDE = 20
_LARGEST_FILE = 32 * 1024 * 1024


class SchematronUnreadable(Exception):
    """One schematron can't be read. The text is a French sentence for the manifest."""


@dataclass(frozen=True, slots=True)
class Flat:
    """A schematron with its includes put in, and the includes that are not there."""

    root: etree._Element
    missing: tuple[str, ...]


class Source:
    """A folder laid out as the ANS publishes it: `xsd/`, `schematrons/`, `jeuxDeValeurs/`.

    Raises `RulesUnreadable` when it isn't one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        for needed in (SCHEMA, *(Path(SCHEMATRONS, name) for name in GENERAL)):
            if not (self.folder / needed).is_file():
                raise RulesUnreadable(
                    f"{folder} n'est pas une copie des règles officielles : {needed} n'y est pas "
                    "(il faut les dossiers xsd, schematrons et jeuxDeValeurs)"
                )
        self._spelling: dict[str, Path] = {}
        for path in self.files():
            self._spelling.setdefault(str(path).lower(), path)

    def files(self) -> Iterator[Path]:
        """Everything that an installation may read, relative to the folder, in a fixed order."""
        for top, endings in _READ.items():
            for folder, names, files in os.walk(self.folder / top):
                names.sort()
                for name in sorted(files):
                    if name.endswith(endings):
                        yield Path(folder, name).relative_to(self.folder)

    def content_hash(self, *versions: str) -> str:
        """Hash of everything that may be read (schematrons, value sets, XSD) and of the programs that read it."""
        digest = hashlib.sha256("\0".join(versions).encode())
        try:
            for path in self.files():
                content = hashlib.sha256((self.folder / path).read_bytes()).digest()
                digest.update(os.fsencode(path) + b"\0" + content)
        except OSError as error:
            raise RulesUnreadable(f"un fichier de {self.folder} ne peut pas être lu ({error.strerror})") from None
        return digest.hexdigest()

    def volets(self) -> list[str]:
        """The schematrons of one kind of document each, below `schematrons/`."""
        return sorted(path.name for path in (self.folder / SCHEMATRONS).glob("CI-SIS_*.sch"))

    def flat(self, name: str) -> Flat:
        """The schematron below `schematrons/` with all includes. Raises `SchematronUnreadable`."""
        missing: list[str] = []
        root = self._flatten(Path(SCHEMATRONS, name), missing, 0)
        root.attrib.pop("queryBinding", "")  # the skeleton is one for XSLT 1 and refuses xslt2
        return Flat(root, tuple(missing))

    def value_set(self, schematron: str, reference: str) -> tuple[Path, etree._Element] | None:
        """The file that `doc('reference')` opens from that schematron: its path in the folder and its root.

        None when the file isn't in the folder or isn't XML that may come in. Case counts, as for the engine.
        """
        path = self._inside(Path(SCHEMATRONS, schematron).parent / reference)
        if path is None or not (self.folder / path).is_file():
            return None
        try:
            data = (self.folder / path).read_bytes()
            return path, parse_xml(data, where="valueSet", limit=_LARGEST_FILE).getroot()
        except (OSError, MessageUnreadable):
            return None

    def _inside(self, path: Path) -> Path | None:
        """The path without `..`, when it is in one of the folders that are read."""
        plain = Path(os.path.normpath(path))
        return plain if plain.parts and plain.parts[0] in _READ else None

    def _flatten(self, path: Path, missing: list[str], depth: int) -> etree._Element:
        if depth > _DEEPEST_INCLUDE:
            raise SchematronUnreadable(f"{path.name} s'inclut lui-même")
        try:
            parser = etree.XMLParser(remove_comments=True, resolve_entities=False, no_network=True, load_dtd=False)
            root = etree.fromstring((self.folder / path).read_bytes(), parser)
        except (OSError, etree.XMLSyntaxError):
            raise SchematronUnreadable(f"{path.name} n'est pas lisible") from None
        for include in list(root.iter(f"{SCH}include")):
            self._include(include, path, missing, depth)
        return root

    def _include(self, include: etree._Element, path: Path, missing: list[str], depth: int) -> None:
        parent, reference = include.getparent(), include.get("href", "")
        if parent is None:
            raise SchematronUnreadable(f"{path.name} n'est qu'une inclusion")
        target = self._inside(path.parent / reference)
        found = self._spelling.get(str(target).lower()) if target else None
        if found is None:
            missing.append(reference)
            parent.remove(include)
            return
        included = self._flatten(found, missing, depth + 1)
        included.tail = include.tail
        parent.replace(include, included)

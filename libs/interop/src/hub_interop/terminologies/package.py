"""Reads the operator's package of value sets (JDV_DMP of the GIE SESAM-Vitale): a zip, or a folder, of IHE SVS files.

Sets are recognised by the OID in the file, never by its name. Nothing is written anywhere while reading. What could
harm (bomb, path that leaves the package, DOCTYPE, unreadable set) refuses the whole package; what the hub doesn't use
is ignored, and said.
"""

from __future__ import annotations

import hashlib
import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from hub_interop.terminologies import registry
from hub_interop.terminologies.svs import SvsDocument, SvsUnreadable, read_node, value_set_nodes
from hub_interop.terminologies.valueset import Association, ValueSet

MAX_ARCHIVE = 64 * 1024 * 1024
MAX_FILE = 16 * 1024 * 1024
MAX_TOTAL = 256 * 1024 * 1024
MAX_FILES = 5_000
MAX_RATIO = 200
_RATIO_FROM = 1024 * 1024
_NO_DATA = (".html", ".htm", ".xsd", ".xsl", ".xslt")
_DAY_IN_NAME = re.compile(r"(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])")
_VERSION_DAY = re.compile(r"\A(20\d\d)-?(\d\d)-?(\d\d)")


class PackageRefused(ValueError):
    """The package can't be used: `code` is stable, the text is a French sentence for the operator."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class IgnoredFile:
    """A file of the package that changes nothing, and why (French)."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Package:
    """What a package brings: sets and associations that the hub uses. `version` is its day when its name says it.

    `sha256` is that of the zip (of the names and contents in order, for a folder).
    """

    name: str
    version: str
    sha256: str
    value_sets: tuple[ValueSet, ...] = field(repr=False)
    associations: tuple[Association, ...] = field(repr=False)
    ignored: tuple[IgnoredFile, ...] = field(repr=False)

    @property
    def complete_from(self) -> date:
        """The day from which all that it brings is in force."""
        return max([item.since for item in self.value_sets] + [item.since for item in self.associations])


def read_package(path: Path, since: date | None = None) -> Package:
    """The package at `path`, in force from `since` (without it, each set from the day of its own version).

    Raises PackageRefused: `PACKAGE_MISSING`, `PACKAGE_UNREADABLE`, `PACKAGE_TOO_LARGE`, `PACKAGE_BOMB`,
    `PACKAGE_PATH`, `PACKAGE_ENCRYPTED`, `PACKAGE_XML`, `PACKAGE_TWICE`, `PACKAGE_EMPTY`, `PACKAGE_SINCE`.
    """
    if path.is_dir():
        files = sorted(_folder_files(path))
        digest = hashlib.sha256()
        for name, data in files:
            digest.update(f"{name}\0{len(data)}\0".encode() + data)
        return read_files(path.name, files, digest.hexdigest(), since)
    if not path.is_file():
        raise PackageRefused("PACKAGE_MISSING", f"Le paquet {shown(path.name)} est introuvable.")
    if path.stat().st_size > MAX_ARCHIVE:
        raise PackageRefused("PACKAGE_TOO_LARGE", f"Le paquet dépasse {MAX_ARCHIVE // 2**20} Mio.")
    archive = path.read_bytes()
    return read_files(path.name, sorted(_zip_files(archive)), hashlib.sha256(archive).hexdigest(), since)


def install_package(package: Package) -> None:
    """Uses the sets and associations of `package` from their first day on (JDV_DMP prevails over NOS)."""
    for item in package.value_sets:
        registry.install(item)
    for table in package.associations:
        registry.install_association(table)


def read_files(name: str, files: list[tuple[str, bytes]], sha256: str, since: date | None) -> Package:
    """The package of these files (name, content). Raises PackageRefused."""
    documents, ignored = _documents(files)
    if not documents:
        raise PackageRefused(
            "PACKAGE_EMPTY", "Le paquet ne contient aucun jeu de valeurs que le hub emploie : est-ce le bon fichier ?"
        )
    source = f"paquet {shown(name)} ({sha256[:12]})"
    sets, associations = [], []
    for known, document in sorted(documents.items()):
        first = since or _day(document)
        if document.pairs:
            associations.append(document.association(known, source, first))
        else:
            sets.append(document.value_set(known, source, first))
    days = [item.version for item in documents.values() if _VERSION_DAY.match(item.version)]
    version = _version(name) or max(days, default="sans date")
    return Package(name, version, sha256, tuple(sets), tuple(associations), tuple(ignored))


def shown(name: str) -> str:
    """A file's name fit for a message: printable, short."""
    return "".join(character if character.isprintable() else "?" for character in name)[:80]


def _documents(files: list[tuple[str, bytes]]) -> tuple[dict[str, SvsDocument], list[IgnoredFile]]:
    """The documents by the name of the set, and the files that bring nothing."""
    known = registry.names()
    found: dict[str, tuple[str, SvsDocument]] = {}
    ignored = []
    for file, data in files:
        document, reason = _document(file, data)
        if document is None:
            ignored.append(IgnoredFile(shown(file), reason))
            continue
        name = known[document.oid]
        kept, left = _preferred(found.get(name), (file, document), registry.twin_of(name))
        found[name] = kept
        ignored += left
    return {name: document for name, (_, document) in found.items()}, ignored


def _preferred(
    one: tuple[str, SvsDocument] | None, other: tuple[str, SvsDocument], twin: str
) -> tuple[tuple[str, SvsDocument], list[IgnoredFile]]:
    """Which of two files of the same set counts, and the other one, ignored. Raises PackageRefused when both could."""
    if one is None:
        return other, []
    if one[1].oid != other[1].oid:
        kept, left = (other, one) if one[1].oid == twin else (one, other)
        return kept, [IgnoredFile(shown(left[0]), "le jeu de valeurs du DMP prévaut sur celui du CI-SIS")]
    if one[1] != other[1]:
        names = f"{shown(one[0])} et {shown(other[0])}"
        raise PackageRefused("PACKAGE_TWICE", f"Le paquet contient deux fois le jeu de valeurs {one[1].oid} : {names}.")
    return one, [IgnoredFile(shown(other[0]), f"même contenu que {shown(one[0])}")]


def _document(file: str, data: bytes) -> tuple[SvsDocument | None, str]:
    """The document of a set that the hub uses, or why the file is of no use."""
    if not data.strip():
        return None, "fichier vide"
    if not data.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<"):
        return None, "ce n'est pas un fichier XML"
    if file.lower().endswith(_NO_DATA):
        return None, "page, schéma ou feuille de style"
    try:
        nodes = value_set_nodes(data)
        if not nodes:
            return None, "ce n'est pas un jeu de valeurs (IHE SVS)"
        if not any(node.get("id") in registry.names() for node in nodes):
            return None, "jeu de valeurs que le hub n'emploie pas"
        document = read_node(nodes)
        if bool(document.pairs) != (registry.names()[document.oid] in registry.ASSOCIATIONS):
            raise SvsUnreadable("une association est attendue, ou un jeu de valeurs, et c'est l'autre")
    except SvsUnreadable as error:
        raise PackageRefused("PACKAGE_XML", f"Le fichier {shown(file)} du paquet est refusé : {error}.") from None
    return document, ""


def _version(name: str) -> str:
    day = _DAY_IN_NAME.search(name)
    return "-".join(day.groups()) if day else ""


def _day(document: SvsDocument) -> date:
    day = _VERSION_DAY.match(document.version)
    try:
        if day is not None:
            return date(*(int(part) for part in day.groups()))
    except ValueError:
        pass
    raise PackageRefused(
        "PACKAGE_SINCE",
        f"Le jeu de valeurs {document.oid} ne dit pas de quand il date : donnez le premier jour (--since).",
    )


def _zip_files(archive: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            _refuse_entries(entries)
            yield from ((entry.filename, opened.read(entry)) for entry in entries)  # never more than announced
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        if isinstance(error, PackageRefused):
            raise
        raise PackageRefused("PACKAGE_UNREADABLE", "Le paquet n'est pas une archive zip lisible.") from None


def _refuse_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_FILES:
        raise PackageRefused("PACKAGE_TOO_LARGE", f"Le paquet contient plus de {MAX_FILES} fichiers.")
    if len({entry.filename.casefold() for entry in entries}) != len(entries):
        raise PackageRefused("PACKAGE_TWICE", "Le paquet contient deux fichiers du même nom.")
    for entry in entries:
        _refuse_path(entry.filename, entry.orig_filename)
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise PackageRefused("PACKAGE_PATH", f"Le paquet contient un lien ({shown(entry.filename)}) : refusé.")
        if entry.flag_bits & 0x1:
            raise PackageRefused("PACKAGE_ENCRYPTED", "Le paquet est protégé par un mot de passe.")
        small = entry.file_size <= _RATIO_FROM
        if entry.file_size > MAX_FILE or not (small or entry.file_size <= MAX_RATIO * max(entry.compress_size, 1)):
            raise PackageRefused("PACKAGE_BOMB", f"Le fichier {shown(entry.filename)} du paquet est démesuré.")
    if sum(entry.file_size for entry in entries) > MAX_TOTAL:
        raise PackageRefused("PACKAGE_BOMB", "Le paquet, une fois décompressé, est démesuré.")


def _refuse_path(*names: str) -> None:
    for name in names:
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in parts or "\0" in name or ":" in parts[0]:
            raise PackageRefused("PACKAGE_PATH", f"Le paquet contient un chemin interdit ({shown(name)}).")


def _folder_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    total = 0
    for count, path in enumerate(sorted(folder.rglob("*")), 1):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise PackageRefused("PACKAGE_PATH", f"Le paquet contient un lien ({shown(name)}) : refusé.")
        if not path.is_file():
            continue
        total += path.stat().st_size
        if count > MAX_FILES or total > MAX_TOTAL or path.stat().st_size > MAX_FILE:
            raise PackageRefused("PACKAGE_TOO_LARGE", f"Le dossier est démesuré ({shown(name)}).")
        yield name, path.read_bytes()

"""From the operator's copy of the rules to a folder of rewritten stylesheets, once for each content.

It runs SaxonC, which holds Python's lock and keeps its memory: run it in a process that ends afterwards.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lxml import etree

from hub_interop.cda.xsd import RulesUnreadable
from hub_interop.schematron.manifest import Installed, ManifestUnreadable, Served, read_manifest, write_manifest
from hub_interop.schematron.model import Progress
from hub_interop.schematron.rewrite import REWRITER, rewrite
from hub_interop.schematron.skeleton import NotCompiled, Skeleton, engine_version
from hub_interop.schematron.source import GENERAL, SCHEMATRONS, SchematronUnreadable, Source
from hub_interop.schematron.volets import model_and_version, volet_roots

_UNFINISHED, _LOCK = ".unfinished-", ".lock"
_COMPUTED = "il lit un fichier dont le nom est calculé"
_ALREADY, _FINISHED = "déjà installé", "installé"


def install(source: Path, cache: Path, progress: Callable[[Progress], None] = lambda _: None) -> Path:
    """Install the rules of `source` below `cache`; the installed folder, named by its content hash.

    Nothing is done when it is there. The folder appears whole or not at all, also when two processes install at once
    or one is killed. Raises `RulesUnreadable` for a folder that holds no rules or whose general schematrons can't be
    compiled, OSError when the cache can't be written. A volet that can't be compiled is told in the manifest.
    """
    rules = Source(source)
    engine = engine_version()
    content = rules.content_hash(REWRITER, engine, *sorted(f"{m}={root}" for m, root in volet_roots().items()))
    target = cache / content
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache):
        if _is_whole(target):
            progress(Progress(_ALREADY, 1, 1))
            return target
        _remove_unfinished(cache, target)
        folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=cache))
        try:
            write_manifest(folder, _Installation(rules, folder, progress).run(content, engine))
            _publish(folder, target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    progress(Progress(_FINISHED, 1, 1))
    return target


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """One installation at a time; the lock of a process that is killed is gone with it."""
    with (cache / _LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_whole(folder: Path) -> bool:
    """Whether every file is there with its size: a cache of which a part was cleaned away is installed anew."""
    try:
        installed = read_manifest(folder)
        files = [*((served.path, served.size) for served in installed.schematrons), *installed.copied]
        return all((folder / path).stat().st_size == size for path, size in files)
    except (ManifestUnreadable, OSError):
        return False


def _remove_unfinished(cache: Path, target: Path) -> None:
    """What a killed installation left, and a target that lost files."""
    for folder in [target, *cache.glob(f"{_UNFINISHED}*")]:
        if folder.exists():
            shutil.rmtree(folder)


def _publish(folder: Path, target: Path) -> None:
    """Give the finished folder its name, in one step."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    folder.rename(target)


class _Installation:
    def __init__(self, rules: Source, folder: Path, progress: Callable[[Progress], None]) -> None:
        self._rules, self._folder, self._progress = rules, folder, progress
        self._skeleton = Skeleton()
        self._roots = volet_roots()
        self._problems: list[tuple[str, str]] = []
        self._copied: dict[str, int] = {}

    def run(self, content: str, engine: str) -> Installed:
        """Compile and rewrite all schematrons, and copy the XSD; the manifest."""
        names = [*GENERAL, *self._rules.volets()]
        served = []
        for done, name in enumerate(names, 1):
            one = self._one(name)
            served += [] if one is None else [one]
            self._progress(Progress(Path(name).stem, done, len(names)))
        for schema in self._rules.files():
            if schema.parts[0] == "xsd":
                self._copy(schema)
        copied = tuple(sorted(self._copied.items()))
        return Installed(content, REWRITER, engine, tuple(served), tuple(self._problems), copied)

    def _one(self, name: str) -> Served | None:
        stem, general = Path(name).stem, name in GENERAL
        path = (self._folder / SCHEMATRONS / name).with_suffix(".xsl")
        try:
            flat = self._rules.flat(name)
            sheet = self._skeleton.sheet(flat.root)
            done = rewrite(sheet, lambda reference: self._value_set(name, reference))
            if not done.rules:
                raise NotCompiled("il ne contient aucune règle : ses inclusions manquent")
            path.parent.mkdir(parents=True, exist_ok=True)
            etree.ElementTree(sheet).write(str(path), encoding="UTF-8", xml_declaration=True)
            self._bring_along(name, done.value_sets.left)
            self._skeleton.try_out(path)
        except (SchematronUnreadable, NotCompiled) as error:
            if general:
                raise RulesUnreadable(f"{stem} : {error}") from None
            path.unlink(missing_ok=True)
            self._problems.append((stem, str(error)))
            return None
        self._problems += [(stem, f"une inclusion manque : {Path(reference).name}") for reference in flat.missing]
        return self._served(stem, path, general)

    def _served(self, stem: str, path: Path, general: bool) -> Served:
        data = path.read_bytes()
        model, version = ("", "") if general else model_and_version(stem)
        root = self._roots.get(model, "")
        if not general and not root:
            self._problems.append((stem, "le templateId de ce volet n'est pas connu : aucun document ne l'appelle"))
        place = str(path.relative_to(self._folder))
        return Served(stem, place, hashlib.sha256(data).hexdigest(), len(data), general, root, version if root else "")

    def _value_set(self, schematron: str, reference: str) -> etree._Element | None:
        found = self._rules.value_set(schematron, reference)
        return None if found is None else found[1]

    def _bring_along(self, schematron: str, references: set[str]) -> None:
        """Copy the value sets that are still read at run time, to where the stylesheet will look for them."""
        for reference in sorted(references):
            found = self._rules.value_set(schematron, reference) if reference else None
            if found is None:
                what = f"un jeu de valeurs manque : {Path(reference).name}" if reference else _COMPUTED
                self._problems.append((Path(schematron).stem, what))
                continue
            self._copy(found[0])

    def _copy(self, path: Path) -> None:
        place = self._folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self._rules.folder / path, place)
        self._copied[path.as_posix()] = place.stat().st_size

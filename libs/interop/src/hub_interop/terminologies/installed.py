"""The operator's folder of packages: each zip (or folder) of value sets stands beside a TOML file of the same name.

The TOML file says `since`, the first day (and, when the hub wrote it, `sha256`): `JDV_DMP_2026_07.zip` and
`JDV_DMP_2026_07.toml`. A zip counts once its TOML file is there, so a copy that was cut short is never half used.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from hub_interop.terminologies import registry
from hub_interop.terminologies.package import Package, PackageRefused, install_package, read_package, shown

_MAX_TOML = 64 * 1024


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """A package of the folder, with the first day that the operator gave."""

    path: Path
    since: date
    package: Package = field(repr=False)


def read_installed(folder: Path) -> tuple[InstalledPackage, ...]:
    """The packages of the folder, from the oldest first day on; none when there is no such folder.

    Raises PackageRefused as `read_package` does, and `PACKAGE_NOTE` (TOML file unreadable, without its package or
    without `since`), `PACKAGE_CHANGED` (not the file that was installed), `PACKAGE_SAME_DAY`.
    """
    if not folder.is_dir():
        return ()
    notes = sorted(path for path in folder.glob("*.toml") if not path.name.startswith("."))
    found = sorted((_read(note) for note in notes), key=lambda item: item.since)
    for one, other in itertools.pairwise(found):
        if one.since == other.since:
            raise PackageRefused(
                "PACKAGE_SAME_DAY",
                f"Deux paquets valent à partir du {one.since:%d/%m/%Y} : {shown(one.path.name)} et "
                f"{shown(other.path.name)}.",
            )
    return tuple(found)


def load_installed(folder: Path) -> tuple[InstalledPackage, ...]:
    """Uses the packages of the folder, and only them: what a service does at start. All of them, or none.

    Raises PackageRefused as `read_installed` does; what was in use before then stays so.
    """
    found = read_installed(folder)
    registry.reset()
    for item in found:
        install_package(item.package)
    return found


def add_package(folder: Path, archive: Path, since: date) -> InstalledPackage:
    """Copies the package (a zip) into the folder, in force from `since`: wholly or not at all.

    Services use it at their next start. Raises PackageRefused as `read_package` does, and `PACKAGE_EXISTS`,
    `PACKAGE_SAME_DAY`, `PACKAGE_FOLDER` (not a zip, or a folder that can't be written).
    """
    if archive.is_dir():
        raise PackageRefused("PACKAGE_FOLDER", "Donnez le fichier zip du paquet, pas un dossier.")
    package = read_package(archive, since)
    before = read_installed(folder)
    if any(item.since == since for item in before):
        raise PackageRefused("PACKAGE_SAME_DAY", f"Un paquet installé vaut déjà à partir du {since:%d/%m/%Y}.")
    stem, data = archive.stem.lstrip("."), archive.read_bytes()
    target, note = folder / f"{stem}.zip", folder / f"{stem}.toml"
    if hashlib.sha256(data).hexdigest() != package.sha256:
        raise PackageRefused("PACKAGE_CHANGED", f"Le paquet {shown(archive.name)} a changé pendant sa lecture.")
    if note.exists() or any(item.package.sha256 == package.sha256 for item in before):
        raise PackageRefused("PACKAGE_EXISTS", f"Le paquet {shown(archive.name)} est déjà installé.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(target, data)
        _write(note, f'since = {since.isoformat()}\nsha256 = "{package.sha256}"\n'.encode())
        _sync(folder)
    except OSError as error:
        raise PackageRefused(
            "PACKAGE_FOLDER", f"Le dossier des paquets n'est pas accessible en écriture ({error.strerror})."
        ) from None
    return _read(note)


def _read(note: Path) -> InstalledPackage:
    since, sha256 = _note(note)
    path = next((path for path in (note.with_suffix(".zip"), note.with_suffix("")) if path.exists()), None)
    if path is None:
        raise PackageRefused("PACKAGE_NOTE", f"Le paquet décrit par {shown(note.name)} n'est pas dans le dossier.")
    package = read_package(path, since)
    if sha256 is not None and sha256 != package.sha256:
        raise PackageRefused("PACKAGE_CHANGED", f"Le paquet {shown(path.name)} n'est plus celui qui a été installé.")
    return InstalledPackage(path, since, package)


def _note(note: Path) -> tuple[date, str | None]:
    try:
        with note.open("rb") as stream:
            known = tomllib.loads(stream.read(_MAX_TOML).decode())
    except (OSError, ValueError):
        raise PackageRefused("PACKAGE_NOTE", f"Le fichier {shown(note.name)} n'est pas du TOML lisible.") from None
    since, sha256 = known.get("since"), known.get("sha256")
    if not isinstance(since, date) or isinstance(since, datetime) or not isinstance(sha256, str | None):
        raise PackageRefused(
            "PACKAGE_NOTE", f"Le fichier {shown(note.name)} doit dire le premier jour : since = 2026-12-31."
        )
    return since, sha256


def _write(path: Path, data: bytes) -> None:
    """`data` on the disk under its final name, or nothing: through a hidden file that is renamed."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""What lies in an installed folder: `manifest.json`, written last, so a folder that has it is whole."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "manifest.json"
FORMAT = 2


class ManifestUnreadable(Exception):
    """The folder isn't an installation of the schematrons that this version can use. The text names the folder."""

    code = "DOCUMENT_RULES_UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class Served:
    """One rewritten stylesheet. `root` and `extension` are the templateId that it checks, "" when every document has
    to pass it (or when nobody knows the templateId of the volet). `sha256` and `size` (bytes) are the file's."""

    name: str
    path: str
    sha256: str
    size: int
    general: bool
    root: str = ""
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Installed:
    """The manifest. `problems` are French sentences about what the operator's copy holds and could not be installed
    (or only in part), by the name of the schematron; `copied` are the files brought along, with their size (bytes)."""

    content: str
    rewriter: str
    engine: str
    schematrons: tuple[Served, ...]
    problems: tuple[tuple[str, str], ...]
    copied: tuple[tuple[str, int], ...] = ()

    def general(self) -> tuple[Served, ...]:
        """The schematrons that every document has to pass."""
        return tuple(served for served in self.schematrons if served.general)

    def volets(self) -> tuple[Served, ...]:
        """The schematrons of one kind of document each."""
        return tuple(served for served in self.schematrons if not served.general)


def write_manifest(folder: Path, installed: Installed) -> None:
    """Write it into `folder`."""
    told = {"format": FORMAT, **asdict(installed)}
    (folder / NAME).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")


def read_manifest(folder: Path) -> Installed:
    """The manifest of an installed folder. Raises `ManifestUnreadable`."""
    try:
        told = json.loads((folder / NAME).read_text("utf-8"))
        if told["format"] != FORMAT:
            raise ValueError
        return Installed(
            content=told["content"],
            rewriter=told["rewriter"],
            engine=told["engine"],
            schematrons=tuple(Served(**served) for served in told["schematrons"]),
            problems=tuple((str(name), str(text)) for name, text in told["problems"]),
            copied=tuple((str(name), int(size)) for name, size in told["copied"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise ManifestUnreadable(f"{folder} n'est pas un dossier de schématrons installés par cette version") from None

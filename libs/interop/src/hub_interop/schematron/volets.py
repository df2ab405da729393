"""Which schematron a document has to pass besides the general ones: `ClinicalDocument/templateId`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

from hub_interop.schematron.manifest import Served
from hub_interop.schematron.model import Finding

PREFIX = "1.2.250.1.213.1.1.1."
"""OID under which the ANS numbers its kinds of documents. `PREFIX` + "1" is the structuration minimale itself."""

VERSION_UNKNOWN, WITHOUT_SCHEMATRON = "VOLET_VERSION_UNKNOWN", "VOLET_WITHOUT_SCHEMATRON"

_GENERAL_ROOT = f"{PREFIX}1"
_TEXTS = {
    VERSION_UNKNOWN: "Le document suit un volet dont le schématron de cette version n'est pas installé.",
    WITHOUT_SCHEMATRON: "Le document suit un volet pour lequel aucun schématron n'est installé.",
}
_WHERE = "/ClinicalDocument/templateId"


@dataclass(frozen=True, slots=True)
class TemplateId:
    """One `templateId` of a document's header."""

    root: str
    extension: str


def volet_roots() -> dict[str, str]:
    """templateId root of each model's name, as file names have it."""
    text = (resources.files("hub_interop.schematron") / "volets.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:] if line)
    return {model: PREFIX + suffix for model, suffix in rows}


def model_and_version(stem: str) -> tuple[str, str]:
    """`CI-SIS_VAC-NOTE_2023.01` is model VAC-NOTE, version 2023.01 (which is the templateId's extension)."""
    model, _, version = stem.removeprefix("CI-SIS_").rpartition("_")
    return model, version


def applicable(ids: Iterable[TemplateId], volets: Iterable[Served]) -> tuple[list[Served], list[Finding]]:
    """The schematrons for a document with these templateIds, and what is wrong with those that have none.

    A version without schematron is an error when another version of the volet is installed, a warning when none is.
    """
    installed = {(served.root, served.extension): served for served in volets if served.root}
    known_roots = {root for root, _ in installed}
    found: dict[str, Served] = {}
    problems: list[Finding] = []
    for one in dict.fromkeys(ids):
        if not one.root.startswith(PREFIX) or one.root == _GENERAL_ROOT:
            continue
        served = installed.get((one.root, one.extension))
        if served is not None:
            found.setdefault(served.name, served)
        elif one.root in known_roots:
            problems.append(Finding(VERSION_UNKNOWN, "error", "", _WHERE, _TEXTS[VERSION_UNKNOWN]))
        else:
            problems.append(Finding(WITHOUT_SCHEMATRON, "warning", "", _WHERE, _TEXTS[WITHOUT_SCHEMATRON]))
    return list(found.values()), problems

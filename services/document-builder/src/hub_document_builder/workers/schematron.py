"""`python -m hub_document_builder.workers.schematron INSTALLED`: checks documents with the official rules.

A child of `hub_kit.children.ChildPool`. A request is a document, an answer the verdict as JSON
(`hub_interop.schematron.verdict_from_json`), with the findings of the XSD and of the schematrons. It is ready when all
that an N1 and a note de vaccination need is loaded.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hub_interop.cda.xsd import XsdValidator
from hub_interop.schematron import Finding, ManifestUnreadable, RulesUnreadable, Verdict, verdict_to_json
from hub_interop.schematron.check import SchematronChecker
from hub_kit.children.child import die_with_parent, serve

XSD = "CDA_extended"
XSD_INVALID = "XSD_INVALID"
WARM = ("CI-SIS_VAC-NOTE_2023.01",)
"""Volets loaded before the first request; the others cost a few hundredths of a second when first met."""

_XSD_TEXT = "Le document n'est pas conforme au schéma XML de l'ANS."
_UNREADABLE = "document: "


class OfficialRules:
    """XSD and schematrons of an installed folder. Raises `ManifestUnreadable`, `RulesUnreadable`."""

    def __init__(self, installed: Path) -> None:
        self._schematrons = SchematronChecker(installed, volets=WARM)
        self._xsd = XsdValidator(installed)

    def answer(self, document: bytes) -> bytes:
        """The verdict as JSON."""
        return verdict_to_json(self.verdict(document))

    def verdict(self, document: bytes) -> Verdict:
        """All findings, those of the XSD first. XML that may not come in at all is one finding, the schematrons'."""
        verdict = self._schematrons.check(document)
        problems = [found for found in self._xsd.problems(document) if not found.startswith(_UNREADABLE + "XML_")]
        found = tuple(_finding(problem) for problem in problems)
        return Verdict(verdict.rules, (XSD, *verdict.schematrons), (*found, *verdict.findings))


def _finding(problem: str) -> Finding:
    location, _, kind = problem.partition(": ")
    return Finding(XSD_INVALID, "error", XSD, location, _XSD_TEXT, kind)


def main(arguments: list[str]) -> int:
    """Serve until the parent closes the pipe; 2 when the folder isn't an installation."""
    die_with_parent()
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m hub_document_builder.workers.schematron INSTALLED\n")
        return 2
    try:
        rules = OfficialRules(Path(arguments[0]))
    except (ManifestUnreadable, RulesUnreadable) as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return 2
    serve(rules.answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

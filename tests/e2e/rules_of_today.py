"""The official rules as an operator keeps them: the copy that the tests have, with the types that came later."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import httpx

from hub_local.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
BSI = "96163-1"
"""Bilan de soins infirmiers: in JDV_J07 since 2026-06-29, later than the copy of the tests."""
INSTALL_SECONDS = 240
_LIST = Path("jeuxDeValeurs", "JDV_J07_XdsTypeCode_CISIS.xml")
_VOCABULARY = Path("schematrons/profils/structurationMinimale/include/voc-1.2.250.1.213.1.1.5.471-DYNAMIC.xml")
_ADDED = (
    (_LIST, "Concept", "</ConceptList>"),
    (_VOCABULARY, "concept", "</conceptList>"),
)


def official_rules() -> Path | None:
    """The copy of the official rules, where there is one."""
    folder = Path(os.environ.get("HUB_RULES_DIR", ROOT.parent / "shared" / "ans"))
    return folder if (folder / "xsd" / "CDA_extended.xsd").exists() else None


def rules_of_today(folder: Path) -> Path | None:
    """A copy in that folder which knows all types of documents, None where there are no official rules."""
    source = official_rules()
    if source is None:
        return None
    shutil.copytree(source, folder, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("exemples"))
    for inside in folder.rglob("*/"):
        inside.chmod(0o700)
    for path, element, end in _ADDED:
        file = folder / path
        text = file.read_text("utf-8")
        if f'code="{BSI}"' not in text:
            concept = (
                f'<{element} code="{BSI}" codeSystem="2.16.840.1.113883.6.1" displayName="Bilan de soins infirmiers"/>'
            )
            assert text.count(end) == 1
            file.write_text(text.replace(end, concept + end), "utf-8")
    return folder


async def until_checked(stack: Stack) -> None:
    """Return once document-builder has the schematrons at hand: their first installation takes half a minute."""
    if stack.options.rules_dir is None:
        return
    async with httpx.AsyncClient(verify=stack.internal_tls(), timeout=10) as client, asyncio.timeout(INSTALL_SECONDS):
        while (await client.get(stack.internal_url("document-builder") + "/internal/status")).json()["rules"][
            "problem"
        ]:
            await asyncio.sleep(0.3)

"""`plain_install.py SOURCE INSTALLED TARGET`: the schematrons of an installation again, as the skeleton writes them.

The result has the same manifest, so that the same checker runs both.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

from lxml import etree

from hub_interop.schematron import read_manifest
from hub_interop.schematron.manifest import Served, write_manifest
from hub_interop.schematron.skeleton import Skeleton
from hub_interop.schematron.source import SCHEMATRONS, Source

BASE = "{http://www.w3.org/XML/1998/namespace}base"


def main(source: Path, installed: Path, target: Path) -> None:
    rules, skeleton, manifest = Source(source), Skeleton(), read_manifest(installed)
    served = tuple(plain(rules, skeleton, one, target) for one in manifest.schematrons)
    write_manifest(target, replace(manifest, schematrons=served))


def plain(rules: Source, skeleton: Skeleton, served: Served, target: Path) -> Served:
    name = Path(served.path).with_suffix(".sch").relative_to(SCHEMATRONS)
    sheet = skeleton.sheet(rules.flat(str(name)).root)
    sheet.set(BASE, (rules.folder / SCHEMATRONS / name).parent.as_uri() + "/")
    path = target / served.path
    path.parent.mkdir(parents=True, exist_ok=True)
    etree.ElementTree(sheet).write(str(path), encoding="UTF-8", xml_declaration=True)
    data = path.read_bytes()
    return replace(served, sha256=hashlib.sha256(data).hexdigest(), size=len(data))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

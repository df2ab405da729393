"""The official schematrons at full rate: rewritten once when they are installed, then run by SaxonC in child processes.

Importing this package imports no engine: `hub_interop.schematron.install` and `.check` do, and hold Python's lock for
as long as they work. They belong in a process of their own.
"""

from hub_interop.cda.xsd import RulesUnreadable
from hub_interop.schematron.manifest import Installed, ManifestUnreadable, Served, read_manifest
from hub_interop.schematron.model import Finding, Progress, Verdict, verdict_from_json, verdict_to_json

__all__ = [
    "Finding",
    "Installed",
    "ManifestUnreadable",
    "Progress",
    "RulesUnreadable",
    "Served",
    "Verdict",
    "read_manifest",
    "verdict_from_json",
    "verdict_to_json",
]

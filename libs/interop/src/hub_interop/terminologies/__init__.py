"""Value sets as dated data: codes, systems and labels, looked up by code and day."""

from hub_interop.terminologies.changes import Built, Changes, Tables, changes, tables_on
from hub_interop.terminologies.installed import InstalledPackage, add_package, load_installed, read_installed
from hub_interop.terminologies.package import IgnoredFile, Package, PackageRefused, install_package, read_package
from hub_interop.terminologies.registry import (
    class_of_type,
    concept,
    format_of,
    install,
    uninstall,
    use_clock,
    value_set,
)
from hub_interop.terminologies.reports import check_lines, install_lines, list_lines
from hub_interop.terminologies.svs import SvsUnreadable, read_svs
from hub_interop.terminologies.valueset import Concept, Reason, UnknownCode, ValueSet

__all__ = [
    "Built",
    "Changes",
    "Concept",
    "IgnoredFile",
    "InstalledPackage",
    "Package",
    "PackageRefused",
    "Reason",
    "SvsUnreadable",
    "Tables",
    "UnknownCode",
    "ValueSet",
    "add_package",
    "changes",
    "check_lines",
    "class_of_type",
    "concept",
    "format_of",
    "install",
    "install_lines",
    "install_package",
    "list_lines",
    "load_installed",
    "read_installed",
    "read_package",
    "read_svs",
    "tables_on",
    "uninstall",
    "use_clock",
    "value_set",
]

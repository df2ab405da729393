"""Value sets as dated data: codes, systems and labels, looked up by code and day."""

from hub_interop.terminologies.svs import SvsUnreadable, read_svs
from hub_interop.terminologies.valueset import (
    Concept,
    UnknownCode,
    ValueSet,
    class_of_type,
    concept,
    install,
    uninstall,
    value_set,
)

__all__ = [
    "Concept",
    "SvsUnreadable",
    "UnknownCode",
    "ValueSet",
    "class_of_type",
    "concept",
    "install",
    "read_svs",
    "uninstall",
    "value_set",
]

"""HL7 v2 composites in XDS metadata: XCN (person), XON (organisation), CX (patient identifier), and plain codes.

Separators inside a value are escaped as in HL7 v2 (`&` becomes `\\T\\`), since a pharmacy may well be "X & Fils".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
_SPECIAL = re.compile(r"[\\|^&~]")
_ESCAPED = re.compile(r"\\([EFSTR])\\")
_UNESCAPES = {"E": "\\", "F": "|", "S": "^", "T": "&", "R": "~"}


def escape(value: str) -> str:
    """`value` as one component."""
    return _SPECIAL.sub(lambda match: _ESCAPES[match.group()], value)


def unescape(value: str) -> str:
    """The value of one component."""
    return _ESCAPED.sub(lambda match: _UNESCAPES[match.group(1)], value) if "\\" in value else value


@dataclass(frozen=True, slots=True)
class Xcn:
    """A person or a system that writes: `id^NOM^Prénom^^^^^^&OID&ISO^D^^^IDNPS`.

    `name_type` is D (person) or U (system); `id_type` IDNPS, EI (id with a `/`) or RI (system).
    """

    id: str
    family: str
    given: str
    authority: str
    name_type: str = "D"
    id_type: str = "IDNPS"

    def format(self) -> str:
        """The composite."""
        name = f"{escape(self.id)}^{escape(self.family)}^{escape(self.given)}"
        return f"{name}^^^^^^&{self.authority}&ISO^{escape(self.name_type)}^^^{escape(self.id_type)}"

    @classmethod
    def parse(cls, value: str) -> Xcn:
        """Reads a composite; what it lacks is `""`."""
        parts = _components(value, 13)
        return cls(parts[0], parts[1], parts[2], _authority(value, 8), parts[9], parts[12])  # XCN-1, 2, 3, 9.2, 10, 13


@dataclass(frozen=True, slots=True)
class Xon:
    """An organisation: `Nom^^^^^&OID&ISO^IDNST^^^Struct_IdNat`."""

    name: str
    id: str
    authority: str
    id_type: str = "IDNST"

    def format(self) -> str:
        """The composite."""
        return f"{escape(self.name)}^^^^^&{self.authority}&ISO^{escape(self.id_type)}^^^{escape(self.id)}"

    @classmethod
    def parse(cls, value: str) -> Xon:
        """Reads a composite; what it lacks is `""`."""
        parts = _components(value, 10)
        return cls(parts[0], parts[9], _authority(value, 5), parts[6])  # XON-1, 10, 6.2, 7


@dataclass(frozen=True, slots=True)
class Cx:
    """A patient's identifier: `id^^^&OID&ISO^NH` (NH: matricule INS, PI: local number)."""

    id: str = field(repr=False)
    authority: str
    id_type: str = "NH"

    def format(self) -> str:
        """The composite."""
        return f"{escape(self.id)}^^^&{self.authority}&ISO^{escape(self.id_type)}"

    @classmethod
    def parse(cls, value: str) -> Cx:
        """Reads a composite; what it lacks is `""`."""
        parts = _components(value, 5)
        return cls(parts[0], _authority(value, 3), parts[4])  # CX-1, 4.2, 5


def _components(value: str, count: int) -> list[str]:
    parts = [unescape(part) for part in value.split("^")]
    return parts + [""] * (count - len(parts))


def _authority(value: str, index: int) -> str:
    """The OID of an assigning authority `&OID&ISO`, "" when there is none."""
    parts = value.split("^")
    subcomponents = parts[index].split("&") if index < len(parts) else []
    return unescape(subcomponents[1]) if len(subcomponents) > 1 else ""

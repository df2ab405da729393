"""The rules a document is checked against: the hub's own always, the official ones where the operator has them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from hub_interop.cda import RulesUnreadable, XsdValidator
from hub_interop.cda.xsd import SCHEMA
from hub_kit.errors import ConfigurationError

OWN = "hub:vac-note:2023.01"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is installed. `checked` goes with every document built; `missing` None when building is allowed."""

    xsd: XsdValidator | None
    checked: tuple[str, ...]
    required: bool

    @property
    def installed(self) -> bool:
        """True when the official rules are there."""
        return self.xsd is not None

    @property
    def may_build(self) -> bool:
        """False in production without the official rules, unless the operator allowed it."""
        return self.installed or not self.required

    def problem(self) -> str | None:
        """A sentence for the operator when the official rules are not installed."""
        if self.installed:
            return None
        then = "acts wait for them" if self.required else "documents are built on the hub's own rules alone"
        return f"official rules not installed (HUB_RULES_DIR): {then}"


def load_rules(rules_dir: Path | None, *, required: bool) -> Rules:
    """The rules in force. Raises ConfigurationError when a folder is named and holds none that can be read."""
    if rules_dir is None:
        return Rules(None, (OWN,), required)
    try:
        validator = XsdValidator(rules_dir)
    except RulesUnreadable as error:
        raise ConfigurationError(f"HUB_RULES_DIR: {error}") from None
    digest = hashlib.sha256((rules_dir / SCHEMA).read_bytes()).hexdigest()
    return Rules(validator, (OWN, f"ans:xsd:CDA_extended:{digest[:16]}"), required)

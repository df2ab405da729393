"""The rules a document is checked against: the hub's own always, the official ones where the operator has them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hub_document_builder.schematrons import ChecksUnavailable, Schematrons
from hub_interop.cda import RulesUnreadable, XsdValidator
from hub_interop.cda.xsd import SCHEMA
from hub_kit.blobs import maybe_in_thread
from hub_kit.errors import ConfigurationError

OWN = "hub:documents:2026.11"
UNCHECKED = "official rules not installed (HUB_RULES_DIR)"

__all__ = ["ChecksUnavailable", "Profile", "Rules", "load_rules"]


class Profile(StrEnum):
    """Which documents the official schematrons see (EX_2.1-1090 asks for all of them)."""

    CONFORME = "conforme"
    DEBIT = "debit"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is installed. `required`: without the official rules nothing is built. `one_in`: the sample of *débit*."""

    xsd: XsdValidator | None
    schematrons: Schematrons | None
    profile: Profile
    required: bool
    xsd_digest: str = ""
    one_in: int = 1

    @property
    def installed(self) -> bool:
        """True when the operator's copy is there."""
        return self.xsd is not None

    @property
    def may_build(self) -> bool:
        """False in production without the official rules, unless the operator allowed it."""
        return self.installed or not self.required

    @property
    def checked(self) -> tuple[str, ...]:
        """What every document is checked against."""
        return (OWN, f"ans:xsd:CDA_extended:{self.xsd_digest}") if self.installed else (OWN,)

    def checked_for(self, unique_id: str) -> tuple[str, ...]:
        """What the document of that id is checked against."""
        if self.schematrons is None or not self.sees(unique_id):
            return self.checked
        return (*self.checked, f"ans:schematron:{self.schematrons.digest}")

    def sees(self, unique_id: str) -> bool:
        """Do the schematrons see the document of that id? The same document always gets the same answer."""
        if self.schematrons is None or self.profile is Profile.OFF:
            return False
        if self.profile is Profile.CONFORME:
            return True
        return int.from_bytes(hashlib.sha256(unique_id.encode()).digest()[:4]) % self.one_in == 0

    async def errors(self, unique_id: str, document: bytes) -> tuple[str, ...]:
        """What the official rules say against it, rules and places without values; empty when it may go.

        The XSD always; it is the schematrons' children that apply it to what they see. Raises ChecksUnavailable: the
        document waits, it isn't sent unchecked.
        """
        if self.schematrons is not None and self.sees(unique_id):
            return await self.schematrons.errors(document)
        if self.xsd is None:
            return ()
        return tuple(await maybe_in_thread(len(document), self.xsd.problems, document))

    def problem(self) -> str | None:
        """A sentence for the operator when documents are not checked as they should be."""
        if not self.installed:
            then = "acts wait for them" if self.required else "documents are built on the hub's own rules alone"
            return f"{UNCHECKED}: {then}"
        if self.schematrons is None or self.profile is Profile.OFF:
            return "official schematrons off: documents are checked against the XSD and the hub's own rules"
        return self.schematrons.problem()


def load_rules(
    rules_dir: Path | None, schematrons: Schematrons | None, profile: Profile, *, required: bool, one_in: int = 20
) -> Rules:
    """The rules in force. Raises ConfigurationError when a folder is named and holds none that can be read."""
    if rules_dir is None:
        return Rules(None, None, profile, required)
    try:
        validator = XsdValidator(rules_dir)
    except RulesUnreadable as error:
        raise ConfigurationError(f"HUB_RULES_DIR: {error}") from None
    digest = hashlib.sha256((rules_dir / SCHEMA).read_bytes()).hexdigest()
    return Rules(validator, schematrons, profile, required, digest[:16], one_in)

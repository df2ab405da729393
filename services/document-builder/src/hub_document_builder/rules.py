"""The rules a document is checked against: the hub's own always, the official ones where the operator has them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from hub_contracts.document_types import document_types
from hub_document_builder.upstreams.schematrons import ChecksUnavailable, Schematrons
from hub_interop.cda import RulesUnreadable, XsdValidator
from hub_interop.cda.xsd import SCHEMA
from hub_interop.terminologies import SvsUnreadable, read_svs
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
    """What is installed. `required`: without the official rules nothing is built.

    `one_in`: the sample of *débit*. `known_types`: what the operator's JDV_J07 has, None when it has none.
    `unchecked_allowed`: the operator lets documents go without the official rules.
    """

    xsd: XsdValidator | None
    schematrons: Schematrons | None
    profile: Profile
    required: bool
    xsd_digest: str = ""
    one_in: int = 1
    known_types: frozenset[str] | None = None
    unchecked_allowed: bool = False

    @property
    def installed(self) -> bool:
        """True when the operator's copy is there."""
        return self.xsd is not None

    def may_build(self, *, production: bool) -> bool:
        """False for a structure in production (or any, in a hub in production) without the official rules.

        Unless the operator allowed it.
        """
        return self.installed or self.unchecked_allowed or not (self.required or production)

    def available(self, unique_id: str) -> bool:
        """False while the schematrons that must see the document can't: nothing is printed or examined in vain."""
        return self.schematrons is None or not self.sees(unique_id) or self.schematrons.ready

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

    def too_old_for(self, document_type: str) -> bool:
        """True when the schematrons would refuse a type that is newer than the operator's copy of the rules."""
        checks = self.schematrons is not None and self.profile is not Profile.OFF
        return checks and self.known_types is not None and document_type not in self.known_types

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
            if not self.required and not self.unchecked_allowed:
                then += ", acts of structures in production wait"
            return f"{UNCHECKED}: {then}"
        if self.schematrons is None or self.profile is Profile.OFF:
            return "official schematrons off: documents are checked against the XSD and the hub's own rules"
        return self.schematrons.problem() or self._too_old()

    def _too_old(self) -> str | None:
        newer = sorted({kind.type for kind in document_types().values() if self.too_old_for(kind.type)})
        return f"official rules too old for {', '.join(newer)} (JDV_J07): such acts wait" if newer else None


def load_rules(
    rules_dir: Path | None,
    schematrons: Schematrons | None,
    profile: Profile,
    *,
    required: bool,
    one_in: int = 20,
    unchecked_allowed: bool = False,
) -> Rules:
    """The rules in force. Raises ConfigurationError when a folder is named and holds none that can be read."""
    if rules_dir is None:
        return Rules(None, None, profile, required, unchecked_allowed=unchecked_allowed)
    try:
        validator = XsdValidator(rules_dir)
    except RulesUnreadable as error:
        raise ConfigurationError(f"HUB_RULES_DIR: {error}") from None
    digest = hashlib.sha256((rules_dir / SCHEMA).read_bytes()).hexdigest()
    known = _known_types(rules_dir)
    return Rules(validator, schematrons, profile, required, digest[:16], one_in, known, unchecked_allowed)


def _known_types(rules_dir: Path) -> frozenset[str] | None:
    """The document types of the operator's JDV_J07. Raises ConfigurationError when it is there and unreadable."""
    [*files] = (rules_dir / "jeuxDeValeurs").glob("JDV_J07*.xml")
    if not files:
        return None
    try:
        found = read_svs(files[0].read_bytes(), name="document_type", source="HUB_RULES_DIR", since=date.min)
    except SvsUnreadable as error:
        raise ConfigurationError(f"HUB_RULES_DIR: {files[0].name}: {error}") from None
    return frozenset(concept.code for concept in found)

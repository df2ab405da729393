"""Who may act for whom: an account's memberships, with their scopes and dates (design rules 13 and 14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from hub_contracts.periods import covers


class Scope(StrEnum):
    """Rights of an LGO account, in its token and in its memberships: both must give it."""

    ACTS_WRITE = "acts:write"
    ACTS_READ = "acts:read"
    PATIENTS_DECLARE = "patients:declare"


@dataclass(frozen=True, slots=True)
class Membership:
    """What an account may do for a structure; `until` is excluded."""

    structure_id: UUID
    scopes: frozenset[str]
    since: datetime
    until: datetime | None

    def gives(self, scope: str, moment: datetime) -> bool:
        """Is that right given at that moment?"""
        return scope in self.scopes and covers(self.since, self.until, moment)


@dataclass(frozen=True, slots=True)
class Account:
    """An LGO account. `issuer` None: whichever configured issuer names its client_id."""

    account_id: UUID
    client_id: str
    issuer: str | None
    active: bool
    memberships: tuple[Membership, ...]

    def structures(self, scope: str, moment: datetime) -> frozenset[UUID]:
        """The structures for which the account has that right at that moment."""
        return frozenset(m.structure_id for m in self.memberships if m.gives(scope, moment))

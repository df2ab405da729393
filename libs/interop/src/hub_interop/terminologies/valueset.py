"""What a value set is: dated concepts, with the reason when a code isn't accepted on a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

_ONE_DAY = timedelta(days=1)


class Reason(StrEnum):
    """Why a code isn't accepted: the set never had it, doesn't have it yet, or has it no longer."""

    UNKNOWN = "unknown"
    NOT_YET = "not_yet"
    ENDED = "ended"


class UnknownCode(LookupError):
    """The code is not in the value set on that day. The text names the set, never the code, which a person gave.

    `reason` tells a code that was never there from one that isn't in force; `day` is then its first or last day.
    """

    def __init__(self, name: str, reason: Reason = Reason.UNKNOWN, day: date | None = None) -> None:
        when = f"{day:%d/%m/%Y}" if day is not None else "une autre date"
        super().__init__(
            {
                Reason.UNKNOWN: f"code absent du jeu de valeurs {name}",
                Reason.NOT_YET: f"code pas encore en vigueur dans le jeu de valeurs {name} (à partir du {when})",
                Reason.ENDED: f"code qui n'est plus en vigueur dans le jeu de valeurs {name} (jusqu'au {when})",
            }[reason]
        )
        self.value_set = name
        self.reason = reason
        self.day = day


@dataclass(frozen=True, slots=True)
class Concept:
    """A code with its system (OID) and French label."""

    code: str
    system: str
    label: str
    since: date | None = None
    until: date | None = None

    def holds(self, on: date) -> bool:
        """Is the code in force on that day? Without dates of its own it is while its set is."""
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A dated value set. `until` is the last day it holds, None while it is in force.

    `homonyms` are the concepts whose code is already another system's (JDV_J59 has two `11`, JDV_J65 two `21`).
    `versions` are all the versions of the set that are installed, this one included: a lookup by day uses the right
    one. Empty when it is the only one.
    """

    name: str
    oid: str
    version: str
    source: str
    since: date
    until: date | None = None
    concepts: dict[str, Concept] = field(default_factory=dict, repr=False)
    twin: str = ""
    homonyms: tuple[Concept, ...] = field(default=(), repr=False)
    versions: tuple[ValueSet, ...] = field(default=(), repr=False, compare=False)

    def get(self, code: str | None, on: date | None = None, system: str | None = None) -> Concept | None:
        """The concept, None when the set lacks it (or set or code doesn't hold on that day).

        `system` (OID) chooses between two concepts of the same code.
        """
        if on is None:
            return self._find(code, system)
        version = version_on(self.versions or (self,), on)
        found = version._find(code, system) if version is not None else None
        return found if found is not None and found.holds(on) else None

    def refusal(self, code: str | None, on: date | None = None, system: str | None = None) -> UnknownCode | None:
        """Why `get` finds nothing: None when it finds the code."""
        if self.get(code, on, system) is not None:
            return None
        days = list(self._days(code, system))
        coming = [first for first, _ in days if on is not None and on < first]
        ended = [last for _, last in days if on is not None and last is not None and last < on]
        if coming:
            return UnknownCode(self.name, Reason.NOT_YET, min(coming))
        return UnknownCode(self.name, Reason.ENDED, max(ended)) if ended else UnknownCode(self.name)

    def holds(self, on: date) -> bool:
        """Is the set in force on that day?"""
        return self.since <= on and (self.until is None or on <= self.until)

    def __iter__(self) -> Iterator[Concept]:
        yield from self.concepts.values()
        yield from self.homonyms

    def _days(self, code: str | None, system: str | None) -> Iterator[tuple[date, date | None]]:
        """First and last day of the code in each version that has it, until a more recent version takes its place."""
        versions = self.versions or (self,)
        for index, version in enumerate(versions):
            item = version._find(code, system)
            replaced = min((later.since - _ONE_DAY for later in versions[index + 1 :]), default=None)
            if item is not None and (replaced is None or version.since <= replaced):
                last = min((day for day in (version.until, item.until, replaced) if day is not None), default=None)
                yield (max(version.since, item.since or version.since), last)

    def _find(self, code: str | None, system: str | None) -> Concept | None:
        found = self.concepts.get(code) if code is not None else None
        if found is None or system is None or found.system == system:
            return found
        return next((item for item in self.homonyms if (item.code, item.system) == (code, system)), None)


@dataclass(frozen=True, slots=True)
class Association:
    """A dated association: the code that follows from another one (type to class, template to format)."""

    name: str
    oid: str
    version: str
    source: str
    since: date
    until: date | None = None
    pairs: dict[str, str] = field(default_factory=dict, repr=False)

    def holds(self, on: date) -> bool:
        """Is the association in force on that day?"""
        return self.since <= on and (self.until is None or on <= self.until)


_Dated = TypeVar("_Dated", ValueSet, Association)


def version_on(versions: tuple[_Dated, ...], on: date) -> _Dated | None:
    """The version that holds on that day: the last one of the list, which goes from the least to the most recent."""
    return next((version for version in reversed(versions) if version.holds(on)), None)


def with_concepts(concepts: list[Concept]) -> tuple[dict[str, Concept], tuple[Concept, ...]]:
    """`concepts` by code, and apart those whose code is already another system's. A repeated one counts once."""
    by_code: dict[str, Concept] = {}
    homonyms: dict[tuple[str, str], Concept] = {}
    for item in concepts:
        first = by_code.setdefault(item.code, item)
        if first.system != item.system:
            homonyms.setdefault((item.code, item.system), item)
    return by_code, tuple(homonyms.values())

"""Errors of the metadata and of the registry messages."""

from __future__ import annotations

from dataclasses import dataclass

from hub_interop.soap.errors import ExchangeError


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: stable code, the field (`documents[0].title`), the rule's source, what to do. No value."""

    code: str
    where: str
    rule: str
    action: str


class MetadataInvalid(ExchangeError):
    """The submission breaks rules that the DMP enforces: it must not be sent. `violations` holds all of them."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        first = violations[0]
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        super().__init__(first.code, first.where, f"{first.action} [{first.rule}]{more}")
        self.violations = violations

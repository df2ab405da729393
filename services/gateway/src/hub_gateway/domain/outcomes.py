"""What became of one act of a request."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hub_contracts.acts import Act
from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem


@dataclass(frozen=True, slots=True)
class Submission:
    """One act as it was sent: readable, or with the problems of its form. `index` counts from 0."""

    index: int
    external_id: str | None
    act: Act | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The act is in the hub. `already_known`: it was there, with the same content; nothing new happens."""

    index: int
    external_id: str
    act_id: UUID
    state: str
    already_known: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """The act stayed outside. `code` stands for all problems."""

    index: int
    external_id: str | None
    code: ErrorCode
    problems: tuple[Problem, ...]


Outcome = Accepted | Refused

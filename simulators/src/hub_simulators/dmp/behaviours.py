"""What the control plane scripts: a queue of misbehaviours, each matched by operation, structure and patient."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum


class Action(StrEnum):
    """What happens to a matched request; `latency` only delays it."""

    LATENCY = "latency"
    HTTP_ERROR = "http_error"
    FAULT = "fault"
    REGISTRY_ERROR = "registry_error"
    STORE_THEN_DROP = "store_then_drop"
    DROP_THEN_STORE_LATE = "drop_then_store_late"
    RESET = "reset"
    TRUNCATE = "truncate"
    HANG = "hang"


@dataclass(slots=True)
class Behaviour:
    """One scripted behaviour.

    `count`: applications left (None = no limit); `probability`: chance for each matching request, drawn from `seed`.
    `latency_ms` delays any action. `seconds`: delay of drop_then_store_late, patience of hang.
    """

    action: Action
    operation: str | None = None
    structure: str | None = None
    ins: str | None = None
    latency_ms: float = 0.0
    status: int = 503
    code: str = "XDSRepositoryError"
    text: str = "Erreur programmée"
    seconds: float = 1.0
    count: int | None = 1
    probability: float | None = None
    seed: int = 0
    id: int = 0
    applied: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - a reproducible script, not a secret

    def takes(self, operation: str, structure: str, ins: str) -> bool:
        """Tell whether this request is concerned, and use up one application when it is."""
        if self.count is not None and self.applied >= self.count:
            return False
        wanted = ((self.operation, operation), (self.structure, structure), (self.ins, ins))
        if any(expected is not None and expected != value for expected, value in wanted):
            return False
        if self.probability is not None and self._random.random() >= self.probability:
            return False
        self.applied += 1
        return True

    @property
    def spent(self) -> bool:
        """Tell whether it can't apply any more."""
        return self.count is not None and self.applied >= self.count


class Script:
    """The behaviours in order; the first that takes a request wins."""

    def __init__(self) -> None:
        self._queue: list[Behaviour] = []
        self._next_id = 1

    def add(self, behaviour: Behaviour) -> Behaviour:
        """Append a behaviour and give it a number."""
        behaviour.id = self._next_id
        self._next_id += 1
        self._queue.append(behaviour)
        return behaviour

    def pick(self, operation: str, structure: str, ins: str) -> Behaviour | None:
        """Return the behaviour for this request, None for a normal answer; spent ones leave the queue."""
        for behaviour in self._queue:
            if behaviour.takes(operation, structure, ins):
                if behaviour.spent:
                    self._queue.remove(behaviour)
                return behaviour
        return None

    @property
    def pending(self) -> list[Behaviour]:
        """The behaviours that can still apply."""
        return list(self._queue)

    @property
    def empty(self) -> bool:
        """Tell whether nothing is scripted."""
        return not self._queue

    def clear(self) -> None:
        """Back to normal."""
        self._queue.clear()

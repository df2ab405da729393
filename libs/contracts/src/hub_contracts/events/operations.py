"""Events of operators: they may stand in any service's stream."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from hub_contracts.events.base import Event


class DeadItemsReplayed(Event):
    """An operator gave dead items another try: who and why (design rule 18)."""

    event_type: ClassVar[str] = "dead-items.replayed.v1"
    replay_id: UUID
    event_ids: tuple[UUID, ...]
    who: str
    why: str
    replayed_at: AwareDatetime

    @property
    def key(self) -> str:
        """The replay's id."""
        return str(self.replay_id)

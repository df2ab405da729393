"""Stream hub.access: accesses to what the hub keeps."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from hub_contracts.events.base import Event


class ActRead(Event):
    """An LGO account read the follow-up of acts. `act_ids` are those shown, at most 100."""

    event_type: ClassVar[str] = "act.read.v1"
    access_id: UUID
    account_id: UUID
    structure_id: UUID | None
    act_ids: tuple[UUID, ...]
    read_at: AwareDatetime

    @property
    def key(self) -> str:
        """The access's id."""
        return str(self.access_id)

"""What all events share.

Nothing here carries a trait, an INS or clinical content in clear: those travel in `Sealed` parts (design rule 10).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self, TypedDict
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from hub_contracts.acts import Flow
from hub_contracts.errors import ErrorCode
from hub_contracts.states import Stage

Sealed = Annotated[str, Field(json_schema_extra={"x-pii": "sealed"})]
"""A sealed part: `<key day>.<nonce>.<ciphertext>` (base64url), AES-256-GCM under a transit key."""


class Event(BaseModel):
    """Base of all events. Producers forbid unknown fields, consumers read with `parse` and ignore them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    event_type: ClassVar[str]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read an event as a consumer: unknown fields are ignored. Raises pydantic.ValidationError."""
        return cls.model_validate_json(data, extra="ignore")

    @property
    def key(self) -> str:
        """The Kafka key and ordering key."""
        raise NotImplementedError

    @property
    def lane(self) -> str:
        """Whose work it is: the structure, for fairness (design rule 7)."""
        return ""

    @property
    def act_version(self) -> int:
        """0 for events that are not about an act."""
        return 0


class ActAbout(TypedDict):
    """What all events of one version of an act have in common."""

    act_id: UUID
    version: int
    structure_id: UUID
    flow: Flow


class ActEvent(Event):
    """An event about one version of an act."""

    act_id: UUID
    version: Annotated[int, Field(ge=1)]
    structure_id: UUID
    flow: Flow = Flow.LIVE

    @property
    def key(self) -> str:
        """The act's id."""
        return str(self.act_id)

    @property
    def lane(self) -> str:
        """The structure's id."""
        return str(self.structure_id)

    @property
    def about(self) -> ActAbout:
        """For the next event about the same version of that act."""
        return {"act_id": self.act_id, "version": self.version, "structure_id": self.structure_id, "flow": self.flow}

    @property
    def act_version(self) -> int:
        """The version of the act that the event speaks of."""
        return self.version


class DeclarationEvent(Event):
    """An event about what an LGO declared about a patient, outside any act."""

    declaration_id: UUID
    structure_id: UUID

    @property
    def key(self) -> str:
        """The declaration's id."""
        return str(self.declaration_id)

    @property
    def lane(self) -> str:
        """The structure's id."""
        return str(self.structure_id)


class Problem(BaseModel):
    """One thing wrong: a stable code, where in the LGO's input (JSON pointer), and a French sentence without values."""

    model_config = ConfigDict(frozen=True)
    code: str
    pointer: str = ""
    text: str


class ActRefused(ActEvent):
    """The road ends here. `excluded`: a rule keeps the act out of the DMP, it does not count against the feed."""

    event_type: ClassVar[str] = "act.refused.v1"
    stage: Stage
    code: ErrorCode
    excluded: bool = False
    problems: tuple[Problem, ...] = ()
    patient_id: UUID | None = None
    upstream_code: str | None = None


class ActBlocked(ActEvent):
    """A dead item: the hub could not do its work, an operator acts (design rule 19)."""

    event_type: ClassVar[str] = "act.blocked.v1"
    stage: Stage
    code: ErrorCode

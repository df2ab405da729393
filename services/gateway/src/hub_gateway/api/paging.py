"""Filters and pages of the list of acts. A page goes on after the last act shown: none is skipped or shown twice."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hub_contracts.errors import ErrorCode
from hub_contracts.states import ActState
from hub_gateway.store.acts import ActFilter
from hub_kit.errors import HubError

_NO_NUL = r"^[^\x00]*$"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SLACK = timedelta(minutes=1)
_MAX_MS = (1 << 48) - 1


class ListQuery(BaseModel):
    """Les filtres se combinent."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    structure: str | None = Field(
        None, max_length=64, pattern=_NO_NUL, description="Struct_IdNat, tel que porté un jour"
    )
    state: ActState | None = Field(None, description="État de l'acte")
    external_id: str | None = Field(
        None, max_length=64, pattern=_NO_NUL, description="Identifiant de l'acte dans le logiciel"
    )
    since: AwareDatetime | None = Field(None, alias="from", description="Reçu à partir de ce moment, inclus")
    until: AwareDatetime | None = Field(None, alias="to", description="Reçu avant ce moment, exclu")
    cursor: str | None = Field(None, max_length=64, description="Le `next` de la page précédente")
    limit: int = Field(50, ge=1, le=200, description="Actes dans la page, au plus")


def act_filter(query: ListQuery, structures: Iterable[UUID]) -> ActFilter:
    """The store's filter. Raises HubError CURSOR_INVALID."""
    return ActFilter(
        structures=tuple(structures),
        state=query.state.value if query.state is not None else None,
        external_id=query.external_id,
        since=query.since,
        since_id=_bound(query.since, -_SLACK),
        until=query.until,
        until_id=_bound(query.until, _SLACK),
        before=_act_of(query.cursor) if query.cursor is not None else None,
    )


def cursor_of(act_id: UUID) -> str:
    """The mark of a page's end, opaque to the client."""
    return base64.urlsafe_b64encode(act_id.bytes).rstrip(b"=").decode()


def _act_of(cursor: str) -> UUID:
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        raise HubError(ErrorCode.CURSOR_INVALID) from None


def _bound(moment: datetime | None, slack: timedelta) -> UUID | None:
    """Act ids begin with their moment: a bound on the id lets the index do the work of one on the moment."""
    if moment is None:
        return None
    milliseconds = (moment - _EPOCH + slack) // timedelta(milliseconds=1)
    return UUID(int=min(max(milliseconds, 0), _MAX_MS) << 80)

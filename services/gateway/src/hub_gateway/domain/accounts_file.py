"""The accounts file: which LGO accounts there are, and for which structures each may act."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self
from uuid import UUID

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub_gateway.domain.standing import Scope
from hub_kit.errors import ConfigurationError

_Frozen = ConfigDict(frozen=True, extra="forbid")


class MembershipEntry(BaseModel):
    """One structure an account serves, by its stable id or by the national identifier it wears now."""

    model_config = _Frozen
    structure_id: UUID | None = None
    structure: str | None = None
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]
    since: AwareDatetime
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _one_name_and_order(self) -> Self:
        if (self.structure_id is None) == (self.structure is None):
            raise ValueError("give structure_id or structure, one of them")
        if self.until is not None and self.until <= self.since:
            raise ValueError("until must be later than since")
        return self


class AccountEntry(BaseModel):
    """One account. Without `issuer`, any configured issuer may name its client_id."""

    model_config = _Frozen
    client_id: Annotated[str, Field(min_length=1, max_length=200)]
    issuer: str | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)]
    active: bool = True
    memberships: tuple[MembershipEntry, ...] = ()


class AccountsFile(BaseModel):
    """The file as it is written (YAML)."""

    model_config = _Frozen
    accounts: tuple[AccountEntry, ...]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [account.client_id for account in self.accounts]
        if len(names) != len(set(names)):
            raise ValueError("a client_id is there twice")
        return self


class AccountsRefused(ConfigurationError):
    """The accounts file can't be loaded: nothing was changed. The message lists every reason."""

    code = "ACCOUNTS_REFUSED"


def read_accounts(path: Path) -> AccountsFile:
    """The file. Raises AccountsRefused when it can't be read or isn't what it should be."""
    try:
        return AccountsFile.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AccountsRefused(f"{path.name} can't be read as YAML ({type(error).__name__})") from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        lines = "\n".join(f"  {'.'.join(map(str, item['loc']))}: {item['msg']}" for item in found)
        raise AccountsRefused(f"{path.name}:\n{lines}") from None

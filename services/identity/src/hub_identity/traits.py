"""Are these the same person's traits? Compared by key, as RNIV compares them: never changed, never filled in."""

from __future__ import annotations

from typing import Protocol

from hub_interop.ins import TraitRefused, comparison_key


class Traits(Protocol):
    """Traits stricts, as a declared Patient or a kept QualifiedIdentity holds them."""

    @property
    def birth_name(self) -> str: ...
    @property
    def birth_given_names(self) -> str: ...
    @property
    def first_birth_given_name(self) -> str: ...
    @property
    def sex(self) -> str: ...
    @property
    def birth_date(self) -> str: ...
    @property
    def birth_place_code(self) -> str | None: ...


def differing_traits(declared: Traits, kept: Traits) -> tuple[str, ...]:
    """JSON pointers (into the act) of the traits that differ from the kept ones; empty when it is the same person.

    The list of given names and the birth place may be missing in what is declared; name, first given name, sex and
    birth date may not: without them nothing says that it is the same person (RNIV EXI SI 29/30).
    """
    checks = {
        "birth_name": _same(declared.birth_name, kept.birth_name),
        "first_birth_given_name": _same_first(declared, kept),
        "birth_given_names": not declared.birth_given_names
        or _same(declared.birth_given_names, kept.birth_given_names),
        "sex": declared.sex == kept.sex,
        "birth_date": declared.birth_date == kept.birth_date,
        "birth_place_code": not declared.birth_place_code or declared.birth_place_code == kept.birth_place_code,
    }
    return tuple(f"/patient/{name}" for name, same in checks.items() if not same)


def _same_first(declared: Traits, kept: Traits) -> bool:
    if declared.first_birth_given_name:
        return _same(declared.first_birth_given_name, kept.first_birth_given_name)
    return bool(declared.birth_given_names)


def _same(one: str, other: str) -> bool:
    return one == other or _key(one) == _key(other)


def _key(text: str) -> str:
    """The comparison key; a text that has none is compared as it is."""
    try:
        return comparison_key(text)
    except TraitRefused:
        return text

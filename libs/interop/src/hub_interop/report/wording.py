"""Words that a patient may not understand, or shouldn't discover in a document: flagged, never changed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources


class Reason(StrEnum):
    """Why a word is flagged."""

    SENSITIVE = "sensible"
    DIFFICULT = "difficile"


@dataclass(frozen=True, slots=True)
class Flag:
    """A word of the list found in a text. `word` is the list's form, not the author's; `where` names the text."""

    word: str
    reason: Reason
    advice: str
    where: str


@dataclass(frozen=True, slots=True)
class Wording:
    """A line of the list: the word or phrase, why, what to write or do instead, whether its capitals count."""

    word: str
    reason: Reason
    advice: str
    exact: bool


@dataclass(frozen=True, slots=True)
class _Search:
    """All words in one pattern, and the way back from what was found to the list."""

    pattern: re.Pattern[str]
    by_form: dict[str, Wording]


def flagged_words(pieces: Iterable[tuple[str, str]]) -> tuple[Flag, ...]:
    """The words of the list in these texts, given as (where, text): each once for a `where`, in reading order.

    Whole words; accents, capitals and a plural in s or x make no difference, except for the abbreviations that would
    read as ordinary words in small letters.
    """
    found: dict[tuple[str, str], Flag] = {}
    for where, text in pieces:
        matches = [(match.start(), wording) for search in _searches() for match, wording in _matches(search, text)]
        for _, wording in sorted(matches, key=lambda each: each[0]):
            flag = Flag(wording.word, wording.reason, wording.advice, where)
            found.setdefault((where, wording.word), flag)
    return tuple(found.values())


def wordings() -> tuple[Wording, ...]:
    """The whole list, as the file has it."""
    return _list()


@cache
def _list() -> tuple[Wording, ...]:
    text = (resources.files("hub_interop.report") / "wording.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:] if line)
    return tuple(Wording(word, Reason(reason), advice, exact == "oui") for word, reason, exact, advice in rows)


@cache
def _searches() -> tuple[_Search, _Search]:
    """Without regard to capitals, and with."""
    return _search(exact=False), _search(exact=True)


def _search(*, exact: bool) -> _Search:
    by_form = {_plain(each.word, exact=exact): each for each in _list() if each.exact == exact}
    longest_first = sorted(by_form, key=len, reverse=True)
    alternatives = "|".join(_any_plural(form) for form in longest_first)
    return _Search(re.compile(rf"(?<![^\W_])(?:{alternatives})(?![^\W_])"), by_form)


def _any_plural(form: str) -> str:
    """The pattern of a phrase whose every word may end in s or x."""
    return r"[\s’'\-]+".join(f"{re.escape(word)}[sx]?" for word in re.split(r"[\s’'\-]+", form))


def _matches(search: _Search, text: str) -> Iterable[tuple[re.Match[str], Wording]]:
    exact = next(iter(search.by_form.values())).exact
    for match in search.pattern.finditer(_plain(text, exact=exact)):
        yield match, _found(search, match.group())


def _found(search: _Search, form: str) -> Wording:
    """The line of the list for what was found, plural or not."""
    if form in search.by_form:
        return search.by_form[form]
    return next(wording for known, wording in search.by_form.items() if re.fullmatch(_any_plural(known), form))


def _plain(text: str, *, exact: bool) -> str:
    """Without accents; without capitals either unless they count."""
    letters = unicodedata.normalize("NFD", text.replace("œ", "oe").replace("Œ", "OE"))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return bare if exact else bare.casefold()

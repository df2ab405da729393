"""Relative links of the documentation lead somewhere, headings included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[3]
SKIPPED = {".venv", ".data", "node_modules", ".git"}
LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?:    .*\n)+", re.MULTILINE)


def pages(root: Path = ROOT) -> list[Path]:
    """Every Markdown file of the project."""
    return sorted(p for p in root.rglob("*.md") if not SKIPPED & set(p.relative_to(root).parts))


def links(text: str) -> list[str]:
    """Targets of the links outside code blocks, external ones left out."""
    kept = INDENTED.sub("", FENCE.sub("", text))
    return [target for target in LINK.findall(kept) if "://" not in target and not target.startswith("mailto:")]


def anchors(text: str) -> set[str]:
    """What `#…` may name: each heading in lower case, spaces as hyphens, other signs left out."""
    headings = re.findall(r"^#{1,6} +(.+?) *$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> Iterator[str]:
    """The links of that page that lead nowhere."""
    for target in links(page.read_text("utf-8")):
        path, _, fragment = unquote(target).partition("#")
        found = (page.parent / path).resolve() if path else page
        lost = bool(fragment) and found.suffix == ".md" and found.exists() and fragment not in anchors(_text(found))
        if lost or not found.exists():
            yield target


def _text(page: Path) -> str:
    return page.read_text("utf-8")


@pytest.mark.parametrize("page", pages(), ids=lambda p: str(p.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    assert list(broken(page)) == []


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    other = tmp_path / "autre.md"
    other.write_text("# Une page\n\n## L'état d'un acte\n", "utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "[bon](autre.md) [bon](autre.md#létat-dun-acte) [loin](https://example.org/x)\n\n"
        "    [code](nulle-part.md)\n\n[perdu](absent.md) [perdu](autre.md#absent)\n",
        "utf-8",
    )
    assert list(broken(page)) == ["absent.md", "autre.md#absent"]


def test_every_page_of_docs_is_reached_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    reached, waiting = {index}, [index]
    while waiting:
        page = waiting.pop()
        for target in links(page.read_text("utf-8")):
            found = (page.parent / unquote(target).partition("#")[0]).resolve()
            if found.suffix == ".md" and found.exists() and found not in reached:
                reached.add(found)
                waiting.append(found)
    decisions = ROOT / "docs" / "adr"
    alone = [p for p in pages(ROOT / "docs") if p not in reached and decisions not in p.parents]
    assert [str(p.relative_to(ROOT)) for p in alone] == []

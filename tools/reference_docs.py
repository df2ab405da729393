"""Generates docs/reference from the code. Without argument it writes; `--check` says what is out of date."""

from __future__ import annotations

import sys
from pathlib import Path

from reference_pages import document_types, errors, events, metrics, settings, states, topics

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
PAGES = {
    "evenements": events,
    "topics": topics,
    "erreurs": errors,
    "metriques": metrics,
    "parametres": settings,
    "etats": states,
    "types-de-documents": document_types,
}
NOTICE = "<!-- Page générée par `make docs` (tools/reference_docs.py) : ne pas la modifier à la main. -->"


def pages() -> dict[str, str]:
    """The text of each file of docs/reference, by name."""
    return {f"{name}.md": f"{NOTICE}\n# {page.TITLE}\n\n{page.body().rstrip()}\n" for name, page in PAGES.items()}


def out_of_date(folder: Path = FOLDER) -> list[str]:
    """Names of the files that are missing, are not what the code says, or that nothing generates any more."""
    wanted = pages()
    wrong = [name for name, text in wanted.items() if _read(folder / name) != text]
    return sorted(wrong + [path.name for path in folder.glob("*.md") if path.name not in wanted])


def write(folder: Path = FOLDER) -> None:
    """Write every file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def main(arguments: list[str]) -> int:
    """The command line; 1 when `--check` finds something out of date."""
    if arguments == ["--check"]:
        wrong = out_of_date()
        lines = [f"docs/reference/{name}: out of date, run `make docs`" for name in wrong]
        print("\n".join(lines or ["docs/reference: ok"]))
        return 1 if wrong else 0
    if arguments:
        print("usage: reference_docs.py [--check]", file=sys.stderr)
        return 2
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The generated pages are those of the code."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """tools/reference_docs.py, whose folder is no package."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import reference_docs
    finally:
        sys.path.remove(str(ROOT / "tools"))
    found: ModuleType = reference_docs
    return found


def test_committed_pages_are_up_to_date(generator: ModuleType) -> None:
    assert generator.out_of_date() == [], "run `make docs`"


def test_what_is_written_is_up_to_date_and_what_is_changed_is_not(generator: ModuleType, tmp_path: Path) -> None:
    generator.write(tmp_path)
    assert generator.out_of_date(tmp_path) == []
    (tmp_path / "etats.md").write_text("autre chose\n", "utf-8")
    (tmp_path / "erreurs.md").unlink()
    (tmp_path / "ancienne.md").write_text("plus rien ne l'écrit\n", "utf-8")
    assert generator.out_of_date(tmp_path) == ["ancienne.md", "erreurs.md", "etats.md"]


def test_every_event_code_state_and_metric_has_its_line(generator: ModuleType) -> None:
    from hub_contracts.errors import ErrorCode
    from hub_contracts.events import EVENT_TYPES
    from hub_contracts.states import ActState
    from hub_contracts.topics import load_topics
    from hub_kit.telemetry.metric_defs import CATALOGUE

    pages = generator.pages()
    assert [name for name in EVENT_TYPES if f"### {name}\n" not in pages["evenements.md"]] == []
    assert [code for code in ErrorCode if f"| `{code.value}` |" not in pages["erreurs.md"]] == []
    assert [state for state in ActState if f"| `{state.value}` |" not in pages["etats.md"]] == []
    assert [metric.name for metric in CATALOGUE if f"| `{metric.name}` |" not in pages["metriques.md"]] == []
    assert [topic.name for topic in load_topics() if f"| [{topic.name}](" not in pages["topics.md"]] == []


def test_every_type_point_and_problem_has_its_line(generator: ModuleType) -> None:
    from hub_contracts.acts import interview_topics
    from hub_contracts.document_types import document_types
    from hub_document_builder.domain import TEXTS
    from hub_interop.cda import CATALOGUE
    from hub_interop.pdf import FILE_PROBLEM_TEXTS

    pages = generator.pages()
    types, errors = pages["types-de-documents.md"], pages["erreurs.md"]
    own = [kind.act for kind in document_types().values() if kind.content != "document"]
    supplied = document_types().keys() - set(own)
    assert [act for act in own if f"### {act}\n" not in types] == []
    assert [act for act in supplied if f"| `{act}` |" not in types] == []
    points = [point for known in interview_topics().values() for point in known.items()]
    assert [code for code, text in points if f"| `{code}` | {text} |" not in types] == []
    assert [code for code in (*TEXTS, *CATALOGUE, *FILE_PROBLEM_TEXTS) if f"| `{code}` |" not in errors] == []


def test_cells_stay_on_their_line_and_in_their_column(generator: ModuleType) -> None:
    for name, text in generator.pages().items():
        lines = text.splitlines()
        for number, line in enumerate(lines):
            if line.startswith("|---"):
                width = _cells(line)
                rows = [lines[number - 1]]
                for row in lines[number + 1 :]:
                    if not row.startswith("|"):
                        break
                    rows.append(row)
                assert {_cells(row) for row in rows} == {width}, f"{name}, table at line {number}"


def _cells(line: str) -> int:
    return line.replace("\\|", "").count("|")

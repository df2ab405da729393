"""The simulators share no building code with the hub: one mistake must not hide in both."""

from __future__ import annotations

import ast
from pathlib import Path

import hub_simulators


def test_no_module_of_the_hub_is_imported() -> None:
    found = set()
    for path in Path(hub_simulators.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found |= {name.partition(".")[0] for name in names}
    assert "hub_simulators" in found
    assert {name for name in found if name.startswith("hub_")} == {"hub_simulators"}

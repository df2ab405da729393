"""What the tests of the schematrons share."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def run_install(source: Path, cache: Path) -> tuple[int, list[dict[str, object]]]:
    """Exit status and what was printed."""
    command = [sys.executable, "-m", "hub_document_builder.workers.install_rules", str(source), str(cache)]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return run.returncode, [json.loads(line) for line in run.stdout.splitlines()]

"""`python -m hub_document_builder.workers.install_rules SOURCE CACHE`: installs the operator's copy of the rules.

Prints one JSON object a line: `{"step", "done", "total"}` for each step, then `{"installed": FOLDER}` or
`{"code", "error"}` with a French sentence and exit status 2.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from hub_interop.schematron import Progress, RulesUnreadable
from hub_interop.schematron.install import install

CACHE_UNWRITABLE = "RULES_CACHE_UNWRITABLE"


def main(arguments: list[str]) -> int:
    """Install and say so."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m hub_document_builder.workers.install_rules SOURCE CACHE\n")
        return 2
    source, cache = map(Path, arguments)
    try:
        _print(installed=str(install(source, cache, _progress)))
    except RulesUnreadable as error:
        _print(code=error.code, error=str(error))
        return 2
    except OSError as error:
        _print(code=CACHE_UNWRITABLE, error=f"{cache} : {os.strerror(error.errno or 0)}")
        return 2
    return 0


def _progress(progress: Progress) -> None:
    _print(step=progress.step, done=progress.done, total=progress.total)


def _print(**told: object) -> None:
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`checker_child.py INSTALLED`: a child that answers the schematrons' verdict on a document, with its CPU seconds."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from hub_interop.schematron import verdict_to_json
from hub_interop.schematron.check import SchematronChecker
from hub_kit.children.child import serve

checker = SchematronChecker(Path(sys.argv[1]))


def answer(document: bytes) -> bytes:
    if document == b"cpu":
        return str(time.process_time()).encode()
    return verdict_to_json(checker.check(document))


serve(answer)

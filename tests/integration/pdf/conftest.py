"""Puts the unit tests' samples on the path: the same files are made there and validated here."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "interop_pdf"))

"""How much of a file is looked at before it's refused."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileLimits:
    """Sizes beyond which a file is refused.

    `max_pixels` is for one page of an image, `max_total_pixels` for all of them; `max_objects` counts what a PDF is
    made of, `max_references` the places that name one of them, `max_items` the entries of its dictionaries and arrays,
    `max_delimiters` the bytes that can end a token (6 % of compressed data, 50 % of a file made to fill the memory).
    """

    max_bytes: int = 20 * 1024 * 1024
    max_pages: int = 200
    max_characters: int = 500_000
    max_pixels: int = 40_000_000
    max_total_pixels: int = 200_000_000
    max_objects: int = 20_000
    max_references: int = 60_000
    max_items: int = 500_000
    max_delimiters: int = 3_000_000

"""Plain tables for the terminal."""

import unicodedata
from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows below their header, in columns as wide as their widest cell."""
    lines = [header, *rows]
    widths = [max(width(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            cell + " " * (widest - width(cell)) for cell, widest in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def printable(text: str) -> str:
    """Foreign text with escapes for what would make a terminal do something; lines stay lines."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text
    )


def width(text: str) -> int:
    """Columns that the text takes on a terminal; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)

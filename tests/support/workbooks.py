"""Reads the first sheet of a spreadsheet file (ECMA-376), as plainly as a spreadsheet would."""

import io
from typing import Any
from xml.etree.ElementTree import Element, fromstring
from zipfile import ZipFile

_CELLS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheet(workbook: bytes) -> list[dict[str, Any]]:
    """Rows by the first row's names; an empty cell is missing. No cell may be a formula."""
    with ZipFile(io.BytesIO(workbook)) as archive:
        words = _xml(archive.read("xl/sharedStrings.xml")).findall(f"{_CELLS}si")
        texts = ["".join(each.itertext()) for each in words]
        body = _xml(archive.read("xl/worksheets/sheet1.xml"))
    header, *rows = [
        {_column(cell): _value(cell, texts) for cell in row.findall(f"{_CELLS}c")}
        for row in body.iter(f"{_CELLS}row")
    ]
    return [{header[column]: value for column, value in row.items()} for row in rows]


def _xml(content: bytes) -> Element:
    return fromstring(content)  # noqa: S314 - we wrote it ourselves


def _column(cell: Element) -> str:
    return cell.attrib["r"].rstrip("0123456789")


def _value(cell: Element, texts: list[str]) -> Any:
    assert cell.find(f"{_CELLS}f") is None
    number = cell.findtext(f"{_CELLS}v", "")
    return texts[int(number)] if cell.attrib.get("t") == "s" else float(number)

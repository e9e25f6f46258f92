"""Rows of results as docutils tables, with a header row and a caption."""

from collections.abc import Sequence

from docutils import nodes

Cell = str | nodes.Node


class ResultTable(nodes.table):
    """Drawn like a table; Sphinx numbers only nodes whose class is the table's own."""


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> nodes.table:
    """A table whose first row is its header; a cell is text or an inline node."""
    group = nodes.tgroup("", cols=len(header))
    group += [nodes.colspec("", colwidth=1) for _ in header]
    group += nodes.thead("", row_of(header))
    group += nodes.tbody("", *(row_of(row) for row in rows))
    return ResultTable("", nodes.title("", title), group, classes=["results"])


def row_of(cells: Sequence[Cell]) -> nodes.row:
    """One row; a cell that reads as a number is marked, so that it aligns to the right."""
    row = nodes.row()
    for cell in cells:
        node = nodes.Text(cell) if isinstance(cell, str) else cell
        entry = nodes.entry("", nodes.paragraph("", "", node))
        if isinstance(cell, str) and cell[:1].isdigit() and cell.replace(",", "").isnumeric():
            entry["classes"].append("number")
        row += entry
    return row


def duration(seconds: float) -> str:
    """Seconds as people say them: 45 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"

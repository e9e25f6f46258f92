"""SVG drawings as an EPUB may hold them, with no more digits than a reader sees."""

import re

DIGITS = 2
"""Decimals of a coordinate; a drawing's unit is a point, 1/72 inch."""

PROLOGUE = re.compile(r"<\?xml.*?\?>\s*|<!DOCTYPE.*?>\s*|\s*<metadata>.*?</metadata>", re.DOTALL)
"""What names files of other hosts (EPUB forbids it) or says who drew it."""

EMPTY_PATH = re.compile(r"<path(?![^>]*\sd=)([^>]*?)/>")
"""A glyph without strokes, the space: the standard wants its outline nevertheless."""

OUTLINE = re.compile(r'(?<=\sd=")[^"]*')
NUMBER = re.compile(r"-?\d+\.\d+")
AROUND = re.compile(r"\s*([A-Za-z])\s*")
"""A command of an outline, and the blanks that it needs not."""

BETWEEN = re.compile(r"<!--.*?-->|(?<=>)\n\s*(?=<)", re.DOTALL)
"""What stands between elements: the words of a text, said before its glyphs, and line breaks. A
blank on one line is left, since in a text it is seen."""


def lighter(svg: str) -> str:
    """The same drawing without prologue, metadata and needless blanks, its outlines rounded."""
    svg = BETWEEN.sub("", PROLOGUE.sub("", svg))
    return OUTLINE.sub(shorter, EMPTY_PATH.sub(r'<path\1 d=""/>', svg))


def shorter(outline: re.Match) -> str:
    """An outline with rounded numbers and without needless blanks."""
    return AROUND.sub(r"\1", " ".join(NUMBER.sub(rounded, outline[0]).split()))


def rounded(number: re.Match) -> str:
    """A number with at most DIGITS decimals."""
    return f"{float(number[0]):.{DIGITS}f}".rstrip("0").rstrip(".")

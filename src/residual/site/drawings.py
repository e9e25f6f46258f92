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


def lighter(svg: str) -> str:
    """The same drawing without prologue and metadata, its outlines rounded."""
    svg = EMPTY_PATH.sub(r'<path\1 d=""/>', PROLOGUE.sub("", svg))
    return OUTLINE.sub(lambda outline: NUMBER.sub(rounded, outline[0]), svg)


def rounded(number: re.Match) -> str:
    """A number with at most DIGITS decimals."""
    return f"{float(number[0]):.{DIGITS}f}".rstrip("0").rstrip(".")

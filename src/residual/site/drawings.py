"""SVG drawings as an EPUB may hold them, with no more digits than a reader sees, and stacked."""

import re
from collections.abc import Iterable
from copy import deepcopy
from xml.etree import ElementTree

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


SVG = "http://www.w3.org/2000/svg"
SIDE_BY_SIDE = ["patch_1", "axes_1", "axes_2"]
"""The parts of a drawing of two panels, as Matplotlib names them."""

ROOM = 8
"""Points left of a panel that belong to it: its ticks."""


def stacked(svg: str) -> str | None:
    """The drawing with its second panel below the first, for a narrow screen.

    None unless it has two panels of one height side by side that share the y axis; the numbers of
    that axis, drawn at the first panel alone, are repeated at the second.
    """
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(svg)
    whole = root.find(f"{{{SVG}}}g")
    parts = list(whole if whole is not None else ())
    if [part.get("id") for part in parts] != SIDE_BY_SIDE:
        return None
    paper, first, second = parts
    (left, top), (start, second_top) = corner(first), corner(second)
    numbers = writing(vertical(first))
    if top != second_top or start <= left or not numbers or writing(vertical(second)):
        return None
    _, _, width, height = map(float, root.get("viewBox").split())
    shift, across = start - left, max(start - ROOM, width - (start - left))
    second.append(ElementTree.Element(f"{{{SVG}}}g", transform=f"translate({shift:.2f} 0)"))
    second[-1].extend(map(without_ids, numbers))
    second.set("transform", f"translate({-shift:.2f} {height:.2f})")
    whole.remove(paper)
    root.set("viewBox", f"0 0 {across:.2f} {2 * height:.2f}")
    root.set("width", f"{across:.2f}pt")
    root.set("height", f"{2 * height:.2f}pt")
    return ElementTree.tostring(root, encoding="unicode")


def corner(axes: ElementTree.Element) -> tuple[float, float]:
    """The left and upper end of a panel's ground, its first part, in points."""
    outline = axes[0].find(f"{{{SVG}}}path").get("d")
    points = [float(number) for number in re.findall(r"-?[\d.]+", outline)]
    return round(min(points[0::2]), 1), round(min(points[1::2]), 1)


def vertical(axes: ElementTree.Element) -> list[ElementTree.Element]:
    """The parts of a panel's y axis, the second that it has."""
    named = [part for part in axes if part.get("id", "").startswith("matplotlib.axis_")]
    return [part for axis in named[1:] for part in axis]


def writing(parts: Iterable[ElementTree.Element]) -> list[ElementTree.Element]:
    """What is written in parts of a drawing."""
    held = (element for part in parts for element in part.iter())
    return [element for element in held if element.get("id", "").startswith("text_")]


def without_ids(part: ElementTree.Element) -> ElementTree.Element:
    """A copy that may stand beside the original."""
    copied = deepcopy(part)
    for element in copied.iter():
        element.attrib.pop("id", None)
    return copied

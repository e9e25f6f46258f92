"""The cover of the EPUB edition, drawn: the mark of the book, its name, what it is about."""

import io

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch
from matplotlib.path import Path as Line

BLUE, WHITE, GOLD = "#0b3d66", "#ffffff", "#ffb000"
SUBTITLE = "Why deep residual networks work,\nclaim by claim on the paper’s own networks"
INCHES, DOTS = (6, 8), 200


def cover(title: str) -> bytes:
    """A PNG of 1200 × 1600 pixels, the same bytes for the same title."""
    figure = Figure(figsize=INCHES, facecolor=BLUE)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 60), ylim=(0, 80), aspect="equal")
    axes.axis("off")
    draw_block(axes)
    name = {"color": WHITE, "ha": "left", "va": "top"}
    broken = title.replace(" by ", "\nby ")
    axes.text(7, 33, broken, fontsize=38, fontweight="bold", linespacing=1.1, **name)
    axes.text(7, 16, SUBTITLE, fontsize=12.5, linespacing=1.4, **name)
    file = io.BytesIO()
    with matplotlib.rc_context({"font.family": "DejaVu Sans"}):
        figure.savefig(file, format="png", dpi=DOTS, facecolor=BLUE, metadata={"Software": None})
    return file.getvalue()


def draw_block(axes) -> None:
    """A residual block: two layers in a row, a shortcut around them, and the sum."""
    stroke = {"edgecolor": WHITE, "linewidth": 6}
    for top, bottom in ((74, 68), (60, 57), (49, 44)):
        axes.plot([18, 18], [top, bottom], color=WHITE, linewidth=6, solid_capstyle="round")
    for bottom in (60, 49):
        box = FancyBboxPatch((9, bottom), 18, 8, "round,pad=0,rounding_size=2", fill=False)
        box.update(stroke)
        axes.add_patch(box)
    points = [(18, 72), (34, 72), (42, 72), (42, 64), (42, 50), (42, 41.5), (34, 41.5), (18, 41.5)]
    bends = [Line.MOVETO, Line.LINETO, Line.CURVE3, Line.CURVE3]
    bends += [Line.LINETO, Line.CURVE3, Line.CURVE3, Line.LINETO]
    shortcut = PathPatch(Line(points, bends), fill=False, edgecolor=GOLD, linewidth=8)
    axes.add_patch(shortcut)
    axes.add_patch(Circle((18, 41.5), 2.8, color=GOLD, zorder=3))

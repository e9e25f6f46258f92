"""A drawing of the two kinds of block (after the idea of the paper's Fig. 2, our own drawing)."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from companion.figures.style import HUES, panels

STEPS = ("3×3 conv, BN", "ReLU", "3×3 conv, BN")


def block_diagram() -> Figure:
    """A plain block and a residual block side by side; only the shortcut differs."""
    figure, axes = panels(1, 2, 4.2)
    for ax, kind in zip(axes, HUES):
        ax.set(xlim=(0, 10), ylim=(0, 14), title=f"{kind} block")
        ax.set_axis_off()
        draw_path(ax, kind)
        if kind == "residual":
            draw_shortcut(ax)
    return figure


def draw_path(ax: Axes, kind: str) -> None:
    """The two layers from x at the top to the output at the bottom."""
    ax.text(4, 13.3, "x", ha="center", va="center", style="italic", fontsize=13)
    tops = (12.0, 9.6, 7.6)
    for text, top in zip(STEPS, tops):
        layer = "conv" in text
        box = FancyBboxPatch((1.6, top - 1.2), 4.8, 1.1, boxstyle="round,pad=0.08", linewidth=1.3)
        box.set(edgecolor=HUES[kind], facecolor="white" if layer else "#eeeeee")
        ax.add_patch(box)
        ax.text(4, top - 0.65, text, ha="center", va="center", fontsize=10.5)
    for start, end in ((12.9, 12.1), (10.7, 9.7), (8.3, 7.7)):
        arrow(ax, (4, start), (4, end), HUES[kind])
    if kind == "residual":
        arrow(ax, (4, 6.3), (4, 5.05), HUES[kind])
        ax.text(3.6, 5.7, "F(x)", ha="right", va="center", fontsize=12)
        ax.text(4, 4.5, "+", ha="center", va="center", fontsize=15)
        ax.add_patch(Circle((4, 4.5), 0.5, fill=False, edgecolor=HUES[kind], linewidth=1.3))
        arrow(ax, (4, 4.0), (4, 2.8), HUES[kind])
        ax.text(4.4, 3.4, "H(x) = F(x) + x", ha="left", va="center", fontsize=12)
    else:
        arrow(ax, (4, 6.3), (4, 2.8), HUES[kind])
        ax.text(4.4, 4.6, "H(x)", ha="left", va="center", fontsize=12)
    ax.text(4, 2.4, "ReLU", ha="center", va="center", fontsize=10.5)
    arrow(ax, (4, 2.0), (4, 0.8), HUES[kind])


def draw_shortcut(ax: Axes) -> None:
    """The shortcut around both layers."""
    colour = HUES["residual"]
    ax.plot([4, 7.6, 7.6], [12.6, 12.6, 4.5], color=colour, linewidth=2.2)
    arrow(ax, (7.6, 4.5), (4.55, 4.5), colour)
    ax.text(7.9, 8.9, "x", ha="left", style="italic", fontsize=13)
    ax.text(7.9, 8.0, "shortcut", ha="left", fontsize=9.5)


def arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    """A straight arrow."""
    style = {"arrowstyle": "-|>", "mutation_scale": 11, "shrinkA": 0, "shrinkB": 0}
    ax.add_patch(FancyArrowPatch(start, end, color=colour, linewidth=1.3, **style))

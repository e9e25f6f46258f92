"""The picture of a claim: a row for each scale, set or depth, a dot for each training.

The interval is a bar with its estimate, the threshold the only vertical line; words at its two
sides say what lies there. What decides is drawn dark, the rest pale. One picture serves light and
dark pages: it has no background, and its colours hold a contrast of 3 to 1 on both.
"""

import io
import math
import warnings
from collections.abc import Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from residual.claims import Claim, Measure, Verdict, of_ours
from residual.claims.wording import BETWEEN, word
from residual.statistics import number

DARK, PALE, GREY = "#8a5fd0", "#9c86bf", "#7a7a7a"
LOOK = {
    "svg.fonttype": "none",  # the page's own fonts, which have Chinese
    "svg.hashsalt": "strip",
    "font.family": "sans-serif",
    "axes.unicode_minus": True,
    "text.color": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
}
Row = tuple[str, Measure, bool]
"""The label of a row, what it shows, and whether that decides."""

ROW, HEAD, WIDTH = 0.36, 0.6, 4.4  # inches: as wide as a phone, where it is read as well
SIZE = 8.5  # points


def rows(claim: Claim, verdicts: Sequence[Verdict], language: str) -> list[Row]:
    """The measures that the strip shows, the one that decides first, each with its label."""
    found = []
    for verdict in verdicts:
        for measure in verdict.measures:
            if measure.name not in claim.drawn or not measure.trainings:
                continue
            parts = [part for part in measure.group.split("/") if part]
            if claim.judged_on == "both" and {"first", "second"} & {*parts}:
                continue  # a part of what is drawn already: its numbers stand in the table
            groups = [word("groups", part, language) for part in parts]
            whose = "desk" if verdict.scale == "public" and of_ours(measure) else verdict.scale
            of = [word("groups", measure.name, language)] if len(claim.drawn) > 1 else []
            label = BETWEEN[language].join([word("scales", whose, language), *of, *groups])
            found.append((label, measure, verdict is verdicts[0] and measure.judged))
    return found


def strip(claim: Claim, verdicts: Sequence[Verdict], language: str = "en") -> str | None:
    """The picture as SVG; None for a claim without one, or with nothing measured.

    `verdicts` are the claim's at each scale, the one that is shown first.
    """
    drawn = rows(claim, verdicts, language) if claim.strip else []
    if not drawn:
        return None
    height = ROW * len(drawn) + HEAD
    with rc_context(LOOK), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # the page's fonts have it
        fig = Figure(figsize=(WIDTH, height))
        ax = fig.add_axes((0.02, 0.3 / height, 0.96, 1 - 0.55 / height))
        draw(ax, claim, drawn, language)
        return svg(fig)


def svg(fig: Figure) -> str:
    """A figure as SVG without a background, the same every time."""
    file = io.StringIO()
    fig.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return file.getvalue()


def draw(ax, claim: Claim, drawn: list[Row], language: str) -> None:
    """Dots, intervals, threshold and words on one pair of axes."""
    threshold = next((m.threshold for _, m, _ in drawn if m.threshold is not None), None)
    values = [v for _, m, _ in drawn for v in m.trainings.values()]
    logarithmic = claim.strip["log"] and min(values) > 0
    low, high = limits(drawn, values, threshold, logarithmic)
    for y, (_, measure, judged) in enumerate(drawn):
        colour, about = DARK if judged else PALE, measure.interval
        inside = [min(max(v, low), high) for v in measure.trainings.values()]
        ax.scatter(inside, [y] * len(inside), s=22, color=colour, alpha=0.75, lw=0, zorder=3)
        if math.isfinite(about.lower) and math.isfinite(about.upper):
            ends = [min(max(end, low), high) for end in (about.lower, about.upper)]
            ax.plot(ends, [y, y], color=colour, lw=2, solid_capstyle="butt")
            ax.plot(about.estimate, y, "|", color=colour, ms=12, mew=2)
    ax.set(ylim=(len(drawn) - 0.6, -0.85), yticks=[])
    for y, (label, _, _) in enumerate(drawn):  # above its row, on what is under it
        place = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": SIZE}
        ax.annotate(label, (0, y - 0.42), **place)
    if logarithmic:
        ax.set_xscale("log")
        ax.xaxis.set_minor_locator(NullLocator())
    else:
        ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.set_xlim(low, high)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 2)))
    ax.xaxis.tick_top()
    ax.tick_params(which="both", length=0, labelsize=8)
    ax.spines[:].set_visible(False)
    if threshold is not None:
        places = range(len(drawn))  # the line leaves room for the labels
        bottom, top = [y + 0.3 for y in places], [y - 0.2 for y in places]
        ax.vlines([threshold] * len(drawn), bottom, top, color=GREY, lw=1)
        for end, side, shift, text in (("low", "right", -6, "← {}"), ("high", "left", 6, "{} →")):
            ax.annotate(
                text.format(claim.strip[end][language]),
                (threshold, 0),
                (shift, -4),
                ("data", "axes fraction"),
                "offset points",
                ha=side,
                va="top",
                fontsize=SIZE,
                color=GREY,
            )


def limits(
    drawn: list[Row], values: list[float], threshold: float | None, logarithmic: bool
) -> tuple[float, float]:
    """The ends of the axis: every training, the intervals of what decides, and room for the words
    on both sides of the threshold. An interval that reaches further is cut at the edge."""
    ends = [end for _, m, judged in drawn if judged for end in (m.interval.lower, m.interval.upper)]
    shown = [v for v in (*values, *ends) if math.isfinite(v) and (v > 0 or not logarithmic)]
    if threshold is not None:
        shown.append(threshold)
    forward = math.log if logarithmic else float
    back = math.exp if logarithmic else float
    low, high = forward(min(shown)), forward(max(shown))
    span = (high - low) or 1.0
    low, high = low - 0.05 * span, high + 0.05 * span
    if threshold is not None:  # a third of the width for each word
        at = forward(threshold)
        low, high = min(low, at - 0.5 * (high - at)), max(high, at + 0.5 * (at - low))
    return back(low), back(high)

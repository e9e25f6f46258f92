"""The forest plot of the public trainings: a row a source, the sets apart, a diamond for each set.

Two questions in two panels: by how much a deep plain network errs more than a shallow one, and more
than a residual one of its depth. Drawn from the measures of the claims on them.
"""

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from companion.strips import DARK, GREY, LOOK, PALE, SIZE, svg
from residual.claims import Measure, judged
from residual.claims.wording import word
from residual.statistics import number

PANELS = (
    ("degradation-train", "ratio", "training error, plain-56 over plain-20"),
    ("residual-cures", "gain", "training error, plain-56 over ResNet-56"),
)
SETS = ("second", "first")
ROW = 0.26  # inches


def measures() -> list[dict[str, Measure]]:
    """For each panel the measure of each set of sources."""
    found = []
    for claim, name, _ in PANELS:
        by_group = {m.group: m for m in judged(claim, "public").measures if m.name == name}
        found.append({s: by_group[s] for s in SETS if s in by_group})
    return found


def rows(parts: list[dict[str, Measure]]) -> list[tuple[str, str]]:
    """Each source of each set, and after them the set itself: (set, source), the last without."""
    told = []
    for one in SETS:
        sources = {s: None for part in parts if one in part for s in part[one].trainings}
        told += [(one, source) for source in sources] + ([(one, "")] if sources else [])
    return told


def drawn() -> str:
    """The plot as SVG."""
    parts = measures()
    places = rows(parts)
    with rc_context(LOOK):
        fig = Figure(figsize=(8.0, ROW * len(places) + 0.8), layout="constrained")
        axes = fig.subplots(1, len(PANELS), sharey=True)
        for ax, part, (_, _, title) in zip(axes, parts, PANELS):
            panel(ax, part, places)
            ax.set_title(title, fontsize=9.5, color=GREY)
        labels = [source or f"{word('groups', one)}, together" for one, source in places]
        axes[0].set_yticks(range(len(places)), labels, fontsize=SIZE)
        axes[0].set_ylim(len(places) - 0.4, -0.6)
        return svg(fig)


def panel(ax: Axes, part: dict[str, Measure], places: list[tuple[str, str]]) -> None:
    """One question: a dot a source, a diamond as wide as the interval for each set."""
    ax.set_xscale("log")
    for y, (one, source) in enumerate(places):
        colour = DARK if one == SETS[0] else PALE
        if source and one in part and source in part[one].trainings:
            ax.plot(part[one].trainings[source], y, "o", color=colour, ms=5)
        elif not source and one in part:
            about = part[one].interval
            across = (about.lower, about.estimate, about.upper, about.estimate, about.lower)
            if about.seeds >= 3:
                ax.fill(across, (y, y - 0.3, y, y + 0.3, y), color=colour, lw=0)
    ax.axvline(1, color=GREY, lw=1)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 2)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.tick_params(which="both", length=0, labelsize=8)
    ax.spines[:].set_visible(False)


def forest() -> str:
    """The plot as a Markdown image, with what it shows in words."""
    told = [
        f"{title}: " + "; ".join(f"{word('groups', s)} {m.interval}" for s, m in part.items())
        for (_, _, title), part in zip(PANELS, measures())
        if part
    ]
    return f"![{'. '.join(told)}.](forest:public.en)" if told else "Not measured yet."

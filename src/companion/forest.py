"""The forest plot of the public trainings: a row a source, the sets apart, a diamond for each set.

Two questions, a picture each: by how much a deep plain network errs more than a shallow one, and
more than a residual one of its depth. Drawn from the measures of the claims on them.
"""

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from companion.strips import DARK, GREY, LOOK, PALE, SIZE, WIDTH, svg
from residual.claims import Measure, judged
from residual.claims.wording import word
from residual.statistics import FEWEST_SEEDS, number

QUESTIONS = {
    "degradation-train": ("ratio", "training error, plain-56 over plain-20"),
    "residual-cures": ("gain", "training error, plain-56 over ResNet-56"),
}
"""The measure of a claim, and what it is."""
SETS = ("second", "first")
ROW = 0.26  # inches


def measures(claim: str) -> dict[str, Measure]:
    """What a claim measures on each set of sources."""
    name, _ = QUESTIONS[claim]
    by_group = {m.group: m for m in judged(claim, "public").measures if m.name == name}
    return {one: by_group[one] for one in SETS if one in by_group}


def drawn(claim: str) -> str:
    """One question as SVG: a dot a source, a diamond as wide as the interval for each set."""
    found = measures(claim)
    with rc_context(LOOK):
        fig = Figure(layout="constrained")
        ax = fig.add_subplot()
        labels: list[str] = []
        for one, measure in found.items():
            colour = DARK if one == SETS[0] else PALE
            for source, value in measure.trainings.items():
                ax.plot(value, len(labels), "o", color=colour, ms=5)
                labels.append(source)
            if measure.interval.seeds >= FEWEST_SEEDS:
                diamond(ax, measure, len(labels), colour)
                labels.append(f"{word('groups', one)}, together")
        fig.set_size_inches(WIDTH, ROW * len(labels) + 0.7)
        ax.set(title=QUESTIONS[claim][1], xscale="log", ylim=(len(labels) - 0.4, -0.6))
        ax.set_yticks(range(len(labels)), labels, fontsize=SIZE)
        ax.title.set(fontsize=9.5, color=GREY)
        ax.axvline(1, color=GREY, lw=1)
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 2)))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.tick_params(which="both", length=0, labelsize=8)
        ax.spines[:].set_visible(False)
        return svg(fig)


def diamond(ax: Axes, measure: Measure, y: int, colour: str) -> None:
    """The mean of a set with its interval."""
    about = measure.interval
    across = (about.lower, about.estimate, about.upper, about.estimate, about.lower)
    ax.fill(across, (y, y - 0.3, y, y + 0.3, y), color=colour, lw=0)


def forest() -> str:
    """The pictures as Markdown, each with what it shows in words."""
    told = []
    for claim, (_, title) in QUESTIONS.items():
        means = [f"{word('groups', s)} {m.interval}" for s, m in measures(claim).items()]
        if means:
            told.append(f"![{title}: {'; '.join(means)}.](forest:{claim})")
    return " ".join(told) or "Not measured yet."

"""What was measured of the engine's speed on each device in benchmarks/results/."""

import json
from pathlib import Path

import pandas as pd
from docutils import nodes
from scipy.stats import linregress
from sphinx.util.docutils import SphinxDirective

from companion import figures
from companion.chapter.display import rendered
from companion.figures.speed import WAYS
from companion.site.figures import UnnumberedFigure
from companion.site.images import kept_image
from companion.site.provenance import device_words
from companion.site.tables import table
from residual.statistics import number, per_cent
from residual.store import ROOT

RESULTS = ROOT / "benchmarks" / "results"
HEADER = (
    "Depth",
    "Images/s",
    "ms an iteration",
    "Loop over bare step",
    "Share of GEMM rate",
    "Times the usual way",
    "Probe, forward passes",
)
NOT_MEASURED = "On a CUDA device: not measured yet."


def stored() -> list[Path]:
    """The files of results, one a device."""
    return sorted(RESULTS.glob("*.json"))


class BenchmarkTable(SphinxDirective):
    """One table a device; a sentence in place of what was not measured."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        results = [json.loads(path.read_text("utf-8")) for path in stored()]
        shown: list[nodes.Node] = [device_table(result) for result in results]
        if not any(result["provenance"]["device_type"] == "cuda" for result in results):
            shown.append(nodes.paragraph("", NOT_MEASURED))
        return shown


class BenchmarkFigure(SphinxDirective):
    """Time of an iteration against depth: a drawing for each device with two depths or more."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        measured = [(path.stem, json.loads(path.read_text("utf-8"))) for path in stored()]
        return [self.figure(name, result) for name, result in measured if len(result["rows"]) > 1]

    def figure(self, name: str, result: dict) -> nodes.figure:
        """The drawing of one device's result, its caption and alt text from the numbers."""
        frame = by_depth(result)
        figure = figures.iteration_time(frame)
        content, narrow = (rendered(f, "svg") for f in (figure, figures.narrow(figure)))
        caption, alt = finding(frame), shape(frame)
        image = kept_image(self.env, f"fig-speed-{name}.svg", content, alt, narrow.decode())
        self.set_source_info(image)
        words = nodes.caption("", f"{caption} {device_words([result['device']])}.")
        return UnnumberedFigure("", image, words, classes=["result"])


def by_depth(result: dict) -> pd.DataFrame:
    """Milliseconds of an iteration by depth: this engine's and the usual way's."""
    rows = [
        {
            "depth": row["depth"],
            "engine": row["milliseconds_per_iteration"],
            "usual": 1e3 * result["batch_size"] / row["usual_images_per_second"],
        }
        for row in result["rows"]
    ]
    return pd.DataFrame(rows).sort_values("depth")


def finding(frame: pd.DataFrame) -> str:
    """What a layer costs, by the least-squares line, and how far from it a depth lies."""
    fit = linregress(frame["depth"], frame["engine"])
    off = (frame["engine"] / (fit.intercept + fit.slope * frame["depth"]) - 1).abs().max()
    return (
        f"Each layer more costs {number(fit.slope)} ms an iteration; every depth lies within "
        f"{per_cent(off, 2)} of a straight line."
    )


def shape(frame: pd.DataFrame) -> str:
    """What is to be seen, for readers who do not see it."""
    first, last = frame.iloc[0], frame.iloc[-1]
    told = (
        f"{name} from {number(first[column])} to {number(last[column])} ms"
        for column, (name, _) in WAYS.items()
    )
    return (
        f"Line chart of milliseconds an iteration, from depth {first['depth']:.0f} to "
        f"{last['depth']:.0f}: {'; '.join(told)}."
    )


def device_table(result: dict) -> nodes.table:
    """The measurements on one device."""
    made = result["provenance"]
    title = (
        f"{device_words([result['device']])}, PyTorch {made['versions']['torch']}, "
        f"{made['precision']}, {made['started'][:10]}; batches of "
        f"{result['batch_size']}, medians of {result['rounds']} rounds."
    )
    return table(title, HEADER, [device_row(row) for row in result["rows"]])


def device_row(row: dict) -> list[str]:
    """One depth."""
    return [
        str(row["depth"]),
        f"{row['loop_images_per_second']:,.0f}",
        f"{row['milliseconds_per_iteration']:,.0f}",
        per_cent(row["loop_over_step"]),
        per_cent(row["loop_over_gemm"]),
        f"{row['loop_over_usual']:.2f}",
        f"{row['probe_over_forward']:.2f}",
    ]

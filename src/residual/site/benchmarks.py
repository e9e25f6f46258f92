"""What was measured of the engine's speed: a table for each device in benchmarks/results/."""

import json

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from residual.paths import ROOT
from residual.site.provenance import device_words
from residual.site.tables import table

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


class BenchmarkTable(SphinxDirective):
    """One table a device; a sentence in place of what was not measured."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        results = [json.loads(path.read_text("utf-8")) for path in sorted(RESULTS.glob("*.json"))]
        shown: list[nodes.Node] = [device_table(result) for result in results]
        if not any(result["provenance"]["device_type"] == "cuda" for result in results):
            shown.append(nodes.paragraph("", NOT_MEASURED))
        return shown


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
        f"{row['loop_over_step']:.0%}",
        f"{row['loop_over_gemm']:.0%}",
        f"{row['loop_over_usual']:.2f}",
        f"{row['probe_over_forward']:.2f}",
    ]

"""Charts that a reader can question: each a page of its own, complete in one file, without network.

Point at a mark for its value and its run, choose networks in the legend, click for the record.
"""

from collections.abc import Callable
from pathlib import Path

import altair
import jinja2
import pandas as pd
import vl_convert

from companion import tables
from companion.style import HUES
from companion.words import NAMES
from residual import store
from residual.claims import SCALES
from residual.store import Record

ERRORS = {"test_error": "test error, %", "train_error": "training error, %"}
PAGE = Path(__file__).with_suffix(".html").read_text("utf-8")


def links() -> str:
    """Links to the explorers, as MyST text for a page in a folder."""
    told = (
        f'<a href="../explorers/{name}.html">{title}</a>' for name, (title, _) in CHARTS.items()
    )
    return "Explore: " + " · ".join(told)


def networks() -> list[Record]:
    """Every network of every scale, under its scale's own recipe."""
    return [r for scale in SCALES for r in store.every(scale) if not r.variant]


def shared(frame: pd.DataFrame, wide: int) -> altair.Chart:
    """A chart with what all have in common: a choice of scale, a legend that selects, links."""
    scales = [scale for scale in SCALES if scale in set(frame["scale"])]
    menu = altair.binding_select(options=scales, name="Scale: ")
    scale = altair.selection_point(fields=["scale"], bind=menu, value=scales[0])
    kind = altair.selection_point(fields=["kind"], bind="legend")
    frame = frame.assign(record="../records/" + frame["run"] + ".json")
    colours = altair.Scale(domain=list(NAMES), range=[HUES[name] for name in NAMES])
    return (
        altair.Chart(frame)
        .encode(
            color=altair.Color("kind:N", scale=colours, title="kind (click to choose)"),
            href="record:N",
            opacity=altair.condition(kind, altair.value(0.9), altair.value(0.08)),
        )
        .transform_filter(scale)
        .add_params(scale, kind)
        .properties(width=wide, height=380)
    )


def errors() -> altair.Chart:
    """Final test and training error of every training against depth."""
    frame = tables.finals(networks()).melt(
        ["kind", "depth", "network", "member", "scale", "run"], list(ERRORS), "which", "error"
    )
    frame["which"] = frame["which"].map(ERRORS)
    hint = ["network:N", "member:N", altair.Tooltip("error:Q", format=".2f"), "run:N"]
    marks = shared(frame.dropna(subset=["error"]), 330).mark_circle(size=90)
    return marks.encode(
        x=altair.X("depth:O"),
        y=altair.Y("error:Q", title="per cent"),
        column=altair.Column("which:N", title=None),
        tooltip=hint,
    )


def responses() -> altair.Chart:
    """Standard deviation of every 3×3 layer's response, in network order."""
    frame = tables.responses(networks(), "final")
    frame = frame[["kind", "depth", "network", "member", "scale", "run", "position", "std"]]
    depths = sorted(int(depth) for depth in frame["depth"].unique())
    menu = altair.binding_select(options=depths, name="Depth: ")
    chosen = altair.selection_point(fields=["depth"], bind=menu, value=depths[0])
    hint = ["network:N", "member:N", "position:Q", altair.Tooltip("std:Q", format=".3f"), "run:N"]
    lines = shared(frame, 720).mark_line(point=True, strokeWidth=1)
    return (
        lines.encode(
            x=altair.X("position:Q", title="layer"),
            y=altair.Y("std:Q", title="standard deviation after BN"),
            detail="run:N",
            tooltip=hint,
        )
        .transform_filter(chosen)
        .add_params(chosen)
    )


CHARTS: dict[str, tuple[str, Callable[[], altair.Chart]]] = {
    "errors": ("Final errors against depth", errors),
    "responses": ("Responses layer by layer", responses),
}


def write(folder: Path) -> None:
    """Write each explorer as one HTML file that holds its data and its scripts."""
    if not networks():
        return
    folder.mkdir(parents=True, exist_ok=True)
    altair.data_transformers.disable_max_rows()
    template = jinja2.Template(PAGE)
    template.globals["bundle"] = vl_convert.javascript_bundle()
    for name, (title, chart) in CHARTS.items():
        template.globals["title"] = title
        made = chart().to_html(template=template, embed_options={"actions": False})
        (folder / f"{name}.html").write_text(made, "utf-8")

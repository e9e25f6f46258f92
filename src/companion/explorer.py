"""Charts that a reader can question: each a page of its own, complete in one file, without network.

Point at a mark for its value and its run, choose networks by the menus, click for the record. The
data lie beside each as CSV.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import altair
import jinja2
import pandas as pd
import vl_convert

from companion import tables
from companion.display import as_csv
from companion.style import HUES
from companion.words import NAMES
from residual import store
from residual.claims import SCALES
from residual.store import Record

ERRORS = {"test_error": "test error", "train_error": "training error"}
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


def shared(frame: pd.DataFrame, *menus: altair.Parameter) -> altair.Chart:
    """A chart with what all have in common: choices of scale, kind and `menus`, and links."""
    kinds = {"options": [None, *NAMES], "labels": ["both", *NAMES.values()], "name": "kind "}
    kind = altair.selection_point(fields=["kind"], bind=altair.binding_radio(**kinds))
    chosen = [menu(frame, "scale", SCALES), *menus, kind]
    colours = altair.Scale(domain=list(NAMES), range=[HUES[name] for name in NAMES])
    legend = altair.Legend(title=None, orient="top")
    made = altair.Chart(frame.assign(record="../records/" + frame["run"] + ".json"))
    made = made.encode(color=altair.Color("kind:N", scale=colours, legend=legend), href="record:N")
    for one in chosen:
        made = made.transform_filter(one)
    return made.add_params(*chosen).properties(width="container", height=380)


def menu(frame: pd.DataFrame, column: str, values: Iterable) -> altair.Parameter:
    """A menu that shows the rows with one of the values of a column, at first the first."""
    there = [value for value in values if value in set(frame[column])]
    bind = altair.binding_select(options=there, name=f"{column} ")
    return altair.selection_point(fields=[column], bind=bind, value=there[0])


def errors() -> altair.Chart:
    """Final test and training error of every training against depth."""
    frame = tables.finals(networks()).melt(
        ["kind", "depth", "network", "member", "scale", "run"], list(ERRORS), "measured", "error"
    )
    frame["measured"] = frame["measured"].map(ERRORS)
    frame = frame.dropna(subset=["error"])
    hint = ["network:N", "member:N", altair.Tooltip("error:Q", format=".2f"), "run:N"]
    marks = shared(frame, menu(frame, "measured", ERRORS.values())).mark_circle(
        size=90, opacity=0.9
    )
    return marks.encode(
        x=altair.X("depth:O", axis=altair.Axis(labelAngle=0)),
        y=altair.Y("error:Q", title="error, per cent"),
        tooltip=hint,
    )


def responses() -> altair.Chart:
    """Standard deviation of every 3×3 layer's response, in network order."""
    frame = tables.responses(networks(), "final")
    frame = frame[["kind", "depth", "network", "member", "scale", "run", "position", "std"]]
    depths = sorted(int(depth) for depth in frame["depth"].unique())
    hint = ["network:N", "member:N", "position:Q", altair.Tooltip("std:Q", format=".3f"), "run:N"]
    lines = shared(frame, menu(frame, "depth", depths)).mark_line(point=True, strokeWidth=1)
    return lines.encode(
        x=altair.X("position:Q", title="layer"),
        y=altair.Y("std:Q", title="standard deviation after BN"),
        detail="run:N",
        tooltip=hint,
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
        template.globals |= {"title": title, "name": name}
        made = chart().properties(description=title)
        (folder / f"{name}.csv").write_text(as_csv(made.data.drop(columns="record")), "utf-8")
        page = made.to_html(template=template, embed_options={"actions": False})
        (folder / f"{name}.html").write_text(page, "utf-8")

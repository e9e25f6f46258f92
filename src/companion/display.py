"""Results in a notebook: figures with caption and alt text, sentences, tables, source code.

Every output has a text form that a test compares. What belongs to a figure (label, caption, alt
text, the names of the records behind it, its data as CSV) travels as metadata of the output, under
the key `companion`.
"""

import inspect
import io
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from numbers import Integral
from pathlib import Path

import matplotlib
import pandas as pd
from IPython.display import Markdown, display
from matplotlib.figure import Figure, FigureBase

from companion.words import HYPHEN, SPACE

DOTS_PER_INCH = 144


def figure(
    fig: Figure,
    label: str,
    caption: str,
    alt: str,
    data: pd.DataFrame | None = None,
    records: Sequence[str] = (),
    origin: str = "",
    chinese: str = "",
) -> None:
    """Display a figure with the words that belong to it.

    The caption states the finding and how to read the drawing, `chinese` says the same in Chinese;
    the alt text describes the visible shape. All are computed from what is shown. What else a
    reader may want to know stands folded below: `origin` (scale, data set, number of trainings),
    `data`, which the site offers as CSV, and `records`, the names of the records behind it.
    `label` starts with fig-. The site shows the SVG, one picture a panel of `style.panels`.
    """
    fig.draw_without_rendering()
    fig.set_layout_engine("none")  # the panels are laid out now, once for all forms
    pictures = {}
    silent = {"svg": ("Date", "Creator", "Format", "Type"), "png": ("Software",)}
    with matplotlib.rc_context({"svg.hashsalt": label}):  # the same file every time
        for form, names in silent.items():
            file, metadata = io.BytesIO(), dict.fromkeys(names)
            fig.savefig(file, format=form, dpi=DOTS_PER_INCH, metadata=metadata)
            pictures[form] = file.getvalue()
    about = {"label": label, "caption": caption, "chinese": chinese, "alt": alt, "origin": origin}
    about |= {"records": list(records), "panels": [box(part) for part in fig.subfigs or [fig]]}
    about["csv"] = None if data is None else as_csv(data)
    content = {
        "image/svg+xml": " ".join(pictures["svg"].decode().split()),  # one line, not thousands
        "image/png": b64encode(pictures["png"]).decode(),
        "text/plain": f"{label}: {caption}\n({alt})",
    }
    display(content, raw=True, metadata={"companion": about})


def as_csv(data: pd.DataFrame) -> str:
    """A frame as CSV, six digits, with the hyphens and spaces of a keyboard in its names."""
    told = data.to_csv(index=False, float_format="%.6g")
    return told.replace(HYPHEN, "-").replace(SPACE, " ")


def box(part: FigureBase) -> list[float]:
    """Where a panel lies in its figure's SVG: left, top, width, height in points."""
    points = 72 / part.figure.dpi
    left, top = part.bbox.x0, part.figure.bbox.height - part.bbox.y1
    return [round(points * side, 2) for side in (left, top, part.bbox.width, part.bbox.height)]


def panels(svg: str, about: dict) -> list[str]:
    """The panels of a stored figure as SVG files of their own."""
    return [
        re.sub(
            r'width="\S+" height="\S+" viewBox="[^"]+"',
            f'width="{width}pt" height="{height}pt" viewBox="{left} {top} {width} {height}"',
            svg,
            count=1,
        )
        for left, top, width, height in about["panels"]
    ]


def stored(notebook: Path, label: str) -> tuple[dict, dict]:
    """A figure as a notebook stores it: its pictures by MIME type, and its label, caption, alt
    text and the rest.

    KeyError where the notebook has no figure of that label.
    """
    for content, about in figures(notebook):
        if about["label"] == label:
            return content, about
    raise KeyError(f"{notebook.name} has no figure {label}")


def figures(notebook: Path) -> Iterator[tuple[dict, dict]]:
    """All figures that a notebook stores, each as `stored` gives it."""
    for cell in json.loads(notebook.read_bytes())["cells"]:
        for output in cell.get("outputs", ()):
            about = output.get("metadata", {}).get("companion", {})
            if "label" in about:
                yield {kind: "".join(told) for kind, told in output["data"].items()}, about


def say(*sentences: str) -> None:
    """Display sentences as one paragraph; empty ones are left out, and an empty paragraph too.

    What looks like a tag of HTML is shown as it is.
    """
    if text := " ".join(sentence for sentence in sentences if sentence):
        display(Markdown(re.sub(r"<(?=[A-Za-z/!])", r"\\<", text)))


def source(*functions: Callable) -> None:
    """Display the source code of functions or methods as the library runs it."""
    code = "\n\n".join(inspect.cleandoc("\n" + inspect.getsource(f)) for f in functions)
    display(Markdown(f"```python\n{code}\n```"))


def table(frame: pd.DataFrame, caption: str | None = None, digits: int = 2) -> None:
    """Display a table, its caption below; floats with so many decimals, columns named as given.

    In place of a table without rows stands a sentence that says so.
    """
    if frame.empty:
        say("Nothing to show: no record of this, or a single depth.")
        return
    rows = ([cell(value, digits) for value in row] for row in frame.itertuples(index=False))
    numeric = [pd.api.types.is_numeric_dtype(frame[c]) for c in frame.columns]
    shown = markdown(frame.columns, rows, numeric)
    display(Markdown(f"{shown}\n\n*{caption}*" if caption else shown))


def markdown(
    header: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[bool] = ()
) -> str:
    """A Markdown table; columns are aligned `right` where that is so, else left."""
    aligned = ["---:" if one else ":---" for one in right] or [":---"] * len(header)
    lines = [list(header), aligned, *rows]
    return "\n".join(
        "| " + " | ".join(str(part).replace("|", "\\|") for part in line) + " |" for line in lines
    )


def cell(value: object, digits: int = 2) -> str:
    """One value as text: a dash for what is missing, no decimals for whole numbers."""
    if pd.isna(value):
        return "–"
    if isinstance(value, float):
        return f"{value:,.{digits}f}".replace("-", "−")
    return f"{value:,}" if isinstance(value, Integral) else str(value)

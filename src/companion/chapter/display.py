"""Results in a notebook: pictures with caption and alt text, sentences, tables, source code.

Every output has a text form that a test compares. Figures are PNG, or SVG where RESIDUAL_FIGURES
says so (the site's builds do); label, caption, alt text and the names of the runs behind a figure
travel as metadata of the output, and so does the drawing for narrow screens.
"""

import inspect
import io
import os
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral

import matplotlib
import pandas as pd
from IPython.display import Markdown, display
from matplotlib.figure import Figure

from companion.figures import narrow

FORMATS = {"png": "image/png", "svg": "image/svg+xml"}


@dataclass(frozen=True)
class Picture:
    """A figure with the words that belong to it.

    The caption states the finding, the alt text describes the visible shape; both follow the
    results. `label` starts with fig-; `runs` names the records that the figure is drawn from, and
    `data` is what it shows, which the site offers as CSV.
    """

    figure: Figure
    label: str
    caption: str
    alt: str
    runs: tuple[str, ...] = ()
    data: pd.DataFrame | None = None


def show(picture: Picture | None) -> None:
    """Display a picture; None, for what this store cannot show, displays nothing."""
    if picture is None:
        return
    form = os.environ.get("RESIDUAL_FIGURES", "png")
    content = rendered(picture.figure, form)
    image = content.decode() if form == "svg" else b64encode(content).decode()
    about = {"label": picture.label, "caption": picture.caption, "alt": picture.alt}
    about["runs"] = list(picture.runs)
    if form == "svg":
        about["narrow"] = rendered(narrow(picture.figure), form).decode()
        if picture.data is not None:
            about["csv"] = picture.data.to_csv(index=False)
    text = f"{picture.label}: {picture.caption}\n({picture.alt})"
    display({FORMATS[form]: image, "text/plain": text}, raw=True, metadata={"residual": about})


def rendered(figure: Figure, form: str) -> bytes:
    """The figure as a file's bytes, the same each time."""
    file = io.BytesIO()
    stamp = {"Date": None} if form == "svg" else {"Software": None}
    with matplotlib.rc_context({"svg.hashsalt": "identity-by-default"}):
        figure.savefig(file, format=form, bbox_inches="tight", dpi=110, metadata=stamp)
    return file.getvalue()


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


def table(frame: pd.DataFrame, digits: int = 2) -> None:
    """Display a table; floats with so many decimals, columns named as given.

    In place of a table without rows stands a sentence that says so. Words on the scale of its
    records (`scale.scaled`) stand below it.
    """
    if frame.empty:
        say("The store has no record of this.")
        return
    numeric = [pd.api.types.is_numeric_dtype(frame[c]) for c in frame.columns]
    lines = ["| " + " | ".join(map(str, frame.columns)) + " |"]
    lines.append("|" + "|".join("---:" if right else ":---" for right in numeric) + "|")
    for row in frame.itertuples(index=False):
        lines.append("| " + " | ".join(cell(value, digits) for value in row) + " |")
    if words := frame.attrs.get("scale"):
        lines += ["", f"*{words[:1].upper()}{words[1:]}.*"]
    display(Markdown("\n".join(lines)))


def cell(value: object, digits: int) -> str:
    """One value as text: a dash for what is missing, no decimals for whole numbers."""
    if pd.isna(value):
        return "–"
    if isinstance(value, float):
        return f"{value:,.{digits}f}".replace("-", "−")
    return f"{value:,}" if isinstance(value, Integral) else str(value)

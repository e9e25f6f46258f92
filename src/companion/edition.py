"""The profiles that one book shows, and one notebook made of a chapter's executions at them.

Where the outputs of a code cell differ between executions, the cell keeps them all. Each output's
metadata then say which it belongs to, and the site shows one version at a time:

    {"residual": {"profiles": ["published"], …}}
"""

import json
import re

from nbformat import NotebookNode

from companion.chapter.settings import PUBLISHED, SMALLEST, settings
from residual import store
from residual.experiments import EXPERIMENTS

INJECTED = "injected-parameters"
"""The tag of the cell that papermill adds where parameters are not a notebook's own."""


def profiles(parameters: dict) -> list[str]:
    """The profiles to execute chapters at, the one that is shown first in front.

    With records of the smallest profile alone, that; else `published` and every smaller profile
    that has the networks of these parameters and the experiments, so that nothing is trained.
    """
    stored = store.profiles()
    if set(stored) <= {SMALLEST}:
        return [SMALLEST]
    given = {name: value for name, value in parameters.items() if name != "profile"}
    chosen = {name: settings(profile=name, **given) for name in stored[:-1]}
    return [PUBLISHED] + [
        name
        for name, smaller in chosen.items()
        if smaller.has_networks(name) and all(map(smaller.has_experiment, EXPERIMENTS))
    ]


def merged(executed: dict[str, NotebookNode]) -> NotebookNode:
    """The first notebook; where another one's outputs differ, with those of all, each marked."""
    first, *_ = executed.values()
    twins = zip(*map(code_cells, executed.values()), strict=True)
    for cells in twins:
        versions = distinct(dict(zip(executed, (cell.outputs for cell in cells))))
        if len(versions) > 1:
            cells[0].outputs = [o for names, outputs in versions for o in marked(outputs, names)]
    return first


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells that every execution of a chapter has."""
    cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    return [cell for cell in cells if INJECTED not in cell.metadata.get("tags", [])]


def distinct(outputs: dict[str, list]) -> list[tuple[list[str], list]]:
    """Outputs by profile as (profiles, outputs), profiles with the same outputs together."""
    found: dict[str, tuple[list[str], list]] = {}
    for name, shown in outputs.items():
        found.setdefault(content(shown), ([], shown))[0].append(name)
    return list(found.values())


def content(outputs: list) -> str:
    """What outputs show, without the number of their execution."""
    kept = [{k: v for k, v in output.items() if k != "execution_count"} for output in outputs]
    return json.dumps(kept, sort_keys=True)


def marked(outputs: list, names: list[str]) -> list:
    """Outputs that say which profiles they show; ids of those that come second end in a name."""
    for output in outputs:
        about = output.setdefault("metadata", {}).setdefault("residual", {})
        about["profiles"] = names
        if PUBLISHED not in names:
            about |= renamed(about, names[0])
            if "text/html" in output.get("data", {}):
                output.data["text/html"] = unique(output.data["text/html"], names[0])
    return outputs


def renamed(about: dict, name: str) -> dict:
    """The label of a figure's other version; `of` keeps that of the figure shown first."""
    label = about.get("label")
    return {"label": f"{label}-{name}", "of": label, "version": name} if label else {}


def unique(html: str, name: str) -> str:
    """HTML with another ending on each id."""
    return re.sub(r'(<[^<>]* id="[^"]+)"', rf'\1-{name}"', html)

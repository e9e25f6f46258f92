"""The box of every chapter that says how to run it again: the command, and buttons."""

import ast
import json
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.application import Sphinx

from companion.site.links import folded
from companion.site.pages import ONLY_ON_THE_SITE
from companion.site.words import words

GITHUB = re.compile(r"https://github\.com/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?")


def rerun_box(app: Sphinx, docname: str) -> list[nodes.Node]:
    """The folded box of one chapter."""
    config, notebook = Path(app.srcdir) / "_config.yml", Path(app.srcdir) / f"{docname}.ipynb"
    if config.is_file():
        app.env.note_dependency(str(config))
    command = nodes.literal_block("", papermill_line(docname, parameters(notebook)))
    command["language"] = "shell"
    buttons = {
        words("Download the notebook"): f"{'../' * docname.count('/')}_sources/{docname}.ipynb"
    }
    address = repository(config)
    if address:
        buttons |= targets(*address, f"{docname}.ipynb")
        told = words(
            "Colab has not the book's library: put the two lines below into a first cell, run it, "
            "and restart the session."
        )
    else:
        told = words(
            "Buttons for Colab and Binder appear once the repository has a public address."
        )
    content = [
        nodes.paragraph("", words("In a clone of the book, with the parameters of this edition:")),
        command,
        nodes.raw("", row_of(buttons), format="html"),
        nodes.paragraph("", told, classes=[ONLY_ON_THE_SITE]),
    ]
    if address:
        lines = "\n".join(first_cell(*address))
        content.append(
            nodes.literal_block("", lines, language="ipython", classes=[ONLY_ON_THE_SITE])
        )
    return folded(words("Re-run this chapter"), content, "rerun")


def parameters(notebook: Path) -> dict:
    """What a notebook was run with: its parameters, and those that papermill gave it instead."""
    found = {}
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        tags = cell["metadata"].get("tags", [])
        if "parameters" in tags or "injected-parameters" in tags:
            for line in ast.parse("".join(cell["source"])).body:
                found[line.targets[0].id] = ast.literal_eval(line.value)
    return found


def papermill_line(docname: str, values: Mapping) -> str:
    """The command that runs a chapter with these parameters."""
    told = yaml.safe_dump(dict(values), default_flow_style=True, sort_keys=False, width=1000)
    return f"papermill {docname}.ipynb out.ipynb \\\n  -y '{told.strip()}'"


def repository(config: Path) -> tuple[str, str, str] | None:
    """(owner, name, branch) of the GitHub repository named in _config.yml, if it names one."""
    if not config.is_file():
        return None
    told = yaml.safe_load(config.read_text("utf-8")).get("repository") or {}
    found = GITHUB.fullmatch(told.get("url") or "")
    return (found["owner"], found["name"], told.get("branch") or "main") if found else None


def targets(owner: str, name: str, branch: str, path: str) -> dict[str, str]:
    """The address of each service that opens a file of the repository, by the button's words."""
    binder = f"https://mybinder.org/v2/gh/{owner}/{name}/{branch}?urlpath=lab/tree/{path}"
    colab = f"https://colab.research.google.com/github/{owner}/{name}/blob/{branch}/{path}"
    return {words("Open in Colab"): colab, words("Open in Binder"): binder}


def first_cell(owner: str, name: str, branch: str) -> list[str]:
    """What makes the library and the stored runs available in Colab."""
    clone = f"!git clone --quiet --depth 1 --branch {branch} https://github.com/{owner}/{name}"
    return [clone, f"%pip install --quiet --editable ./{name}"]


def row_of(buttons: Mapping[str, str]) -> str:
    """The buttons as HTML; what is not a page of the web is downloaded."""
    links = [
        f'<a class="button" href="{escape(target)}"'
        f"{'' if '://' in target else ' download'}>{escape(label)}</a>"
        for label, target in buttons.items()
    ]
    return f'<p class="buttons {ONLY_ON_THE_SITE}">{" ".join(links)}</p>'

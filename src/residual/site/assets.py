"""What the site ships so that no page asks another host for anything, and what it leaves out."""

from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.fileutil import copy_asset

SCRIPT = "tex-svg.js"
"""MathJax with TeX input and SVG output: one file, which needs no fonts. Browsers that forbid a
page opened from disk to load fonts from another folder show its formulas as well."""


def mathjax_folder() -> Path:
    """Where the package sphinx-mathjax-offline keeps MathJax 3.

    Its name is no Python identifier, and its own extension would copy all 24 MB of it.
    """
    spec = find_spec("sphinx-mathjax-offline")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("sphinx-mathjax-offline is not installed: run `make setup`.")
    return Path(spec.origin).parent / "static" / "mathjax"


def use_local_mathjax(app: Sphinx, config: Config) -> None:
    """Point Sphinx at our copy, without the menu, whose entries would load further files."""
    config.mathjax_path = f"mathjax/{SCRIPT}"
    config.mathjax3_config = {"options": {"enableMenu": False}}


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    """Put MathJax below _static once the pages are there."""
    if error is None and app.builder.format == "html":
        target = Path(app.outdir) / "_static" / "mathjax"
        copy_asset(str(mathjax_folder() / SCRIPT), str(target))


def trim(app: Sphinx, error: Exception | None) -> None:
    """Leave out what no reader needs: source maps, and the theme's script of all icons.

    The icons in use are drawn by icons.css, so the script (1.5 MB) keeps its name and does nothing.
    """
    if error is not None or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for path in static.rglob("*.map"):
        path.unlink()
    script = static / "scripts" / "fontawesome.js"
    if script.is_file():
        script.write_text("/* The icons are in icons.css. */\n", "utf-8")

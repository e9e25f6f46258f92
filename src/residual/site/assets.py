"""What the site ships so that no page asks another host for anything."""

from importlib.util import find_spec
from pathlib import Path
from shutil import copytree, ignore_patterns

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.fileutil import copy_asset

SCRIPT, FONTS = "tex-chtml.js", "output/chtml/fonts/woff-v2"
"""The parts of MathJax that TeX input with CSS output needs, fonts included."""


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
    if error is not None or app.builder.format != "html":
        return
    source, target = mathjax_folder(), Path(app.outdir) / "_static" / "mathjax"
    copy_asset(str(source / SCRIPT), str(target))
    copytree(source / FONTS, target / FONTS, dirs_exist_ok=True, ignore=ignore_patterns("*.map"))

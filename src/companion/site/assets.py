"""What the site ships so that no page asks another host for anything, and what it leaves out."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.fileutil import copy_asset

SCRIPT = "tex-svg.js"
"""MathJax with TeX input and SVG output: one file, which needs no fonts. Browsers that forbid a
page opened from disk to load fonts from another folder show its formulas as well."""

UNUSED = (
    "**/*.map",
    "*webpack-macros.html",
    "locales",
    "scripts/fontawesome.js*",
    "vendor/fontawesome",
)
"""What goes from _static."""

ICON_FONT = re.compile(
    r"@font-face\{[^}]*vendor/fontawesome[^}]*\}"
    r'|(?<=\})(?:\.fa-[\w-]+:{1,2}before,?)+\{content:"[^"]*"\}'
)
"""The font of icons and the rule that gives each icon its glyph, in the theme's style sheet."""

MADE_OF_TEXT = re.compile(r"new Function\([^)]*`return \(\$\{(catalog\.plural_expr)\}\)`\s*\)")
"""How Sphinx's script makes a function of a text, which the policy of the pages forbids."""

PLURAL = re.compile(r'("plural_expr": )"([^"]*)"')
"""That text, in the words of a translated edition: which plural goes with the number n."""

MEASURING = re.compile(
    r'"complete"===document\.readyState\?(\w+)\(\):window\.addEventListener\("load",\1\)'
)
"""How the theme's script begins to measure all boxes of code at once: at load, at each change."""

IMPORT = '@import "../basic.css";'
"""How the theme's style sheet asks for Sphinx's own."""


def mathjax_folder() -> Path:
    """Where the package sphinx-mathjax-offline keeps MathJax 3.

    Its name is no Python identifier, and its own extension would copy all 24 MB of it.
    """
    spec = find_spec("sphinx-mathjax-offline")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("sphinx-mathjax-offline is not installed: run `make book`.")
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


def without_eval(app: Sphinx, error: Exception | None) -> None:
    """Let the words of a translated edition hold a function, where Sphinx makes one of a text."""
    words = Path(app.outdir) / "_static" / "translations.js"
    if error is None and app.builder.format == "html" and words.is_file():
        script = words.with_name("doctools.js")
        script.write_text(MADE_OF_TEXT.sub(r"\1", script.read_text("utf-8")), "utf-8")
        words.write_text(PLURAL.sub(r"\1(n) => (\2)", words.read_text("utf-8")), "utf-8")


def without_measuring(app: Sphinx, error: Exception | None) -> None:
    """Leave it to scroll.js to make what is too wide a stop for the keyboard.

    The theme's script reads the width of every box in one task, for which the browser lays out all
    that the page puts off; scroll.js is told the widths as the browser comes to know them.
    """
    script = Path(app.outdir) / "_static" / "scripts" / "pydata-sphinx-theme.js"
    if error is None and app.builder.format == "html" and script.is_file():
        script.write_text(MEASURING.sub("0", script.read_text("utf-8")), "utf-8")


def trim(app: Sphinx, error: Exception | None) -> None:
    """Leave out what no reader needs: source maps, and what the theme brings but no page uses.

    The icons in use are drawn by icons.css, so the theme's library of icons (1.5 MB of script, 1 MB
    of fonts) goes; so do the catalogues and templates that Sphinx alone reads, and its note on its
    configuration, which holds the digest of this folder's path.
    """
    if error is not None or app.builder.format != "html":
        return
    (Path(app.outdir) / ".buildinfo").unlink(missing_ok=True)
    static = Path(app.outdir) / "_static"
    for pattern in UNUSED:
        for path in static.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in static.glob("styles/*.css"):
        path.write_text(ICON_FONT.sub("", path.read_text("utf-8")), "utf-8")
    theme = static / "styles" / "theme.css"
    if theme.is_file():  # one request less in the chain that the first picture waits for
        basic = (static / "basic.css").read_text("utf-8").replace("url(", "url(../")
        theme.write_text(theme.read_text("utf-8").replace(IMPORT, basic), "utf-8")

"""Pictures that the build itself makes, beside those that the chapters hold."""

import os
import shutil
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from companion.site.drawings import lighter

KEPT = "jupyter_execute"
"""Where pictures wait until Sphinx copies those that a page shows: beside the built site."""

ENDING = "-narrow.svg"
"""How the name of a drawing for narrow screens ends; before it stands that of the usual one."""

NARROW = "screen and (max-width: 575px)"
"""What has drawings of its own; the style sheets draw the same line."""


def kept_image(
    env: BuildEnvironment, name: str, content: bytes, alt: str, narrow: str | None = None
) -> nodes.image:
    """A picture that the build makes, written beside the pages and shown on one."""
    target = Path(env.app.outdir).parent / KEPT / "figures" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    image = nodes.image(uri=relative(target, env.srcdir), alt=alt)
    keep_narrow(env, image, narrow)
    return image


def keep_narrow(env: BuildEnvironment, image: nodes.image, drawing: str | None) -> None:
    """Keep a picture's drawing for narrow screens, if it has one, beside it."""
    if drawing:
        usual = Path(env.srcdir, image["uri"].removeprefix("/"))
        narrowed(usual).write_text(lighter(drawing), "utf-8")


def narrowed(usual: Path) -> Path:
    """Where the drawing for narrow screens lies."""
    return usual.with_name(usual.stem + ENDING)


def narrow_forms(outdir: Path) -> dict[str, Path]:
    """The drawings for narrow screens that a build has kept, by the file names of the usual."""
    kept = (outdir.parent / KEPT).rglob(f"*{ENDING}")
    return {path.name.replace(ENDING, ".svg"): path for path in kept}


def finish_drawings(app: Sphinx, error: Exception | None) -> None:
    """Make the site's drawings light, and put those for narrow screens beside the usual ones."""
    if error is not None or app.builder.name != "html":
        return
    forms = narrow_forms(Path(app.outdir))
    for path in sorted((Path(app.outdir) / app.builder.imagedir).glob("*.svg")):
        path.write_text(lighter(path.read_text("utf-8")), "utf-8")
        if path.name in forms:
            shutil.copy(forms[path.name], narrowed(path))


def narrow_source(soup: BeautifulSoup, link: str) -> Tag:
    """What goes before a picture's usual form: its form for narrow screens."""
    attributes = {"media": NARROW, "type": "image/svg+xml", "srcset": link}
    return soup.new_tag("source", attrs=attributes)


def relative(path: Path, srcdir: str | Path) -> str:
    """A path as Sphinx wants it for an image: from the root of the sources, with a slash."""
    return "/" + Path(os.path.relpath(path.resolve(), Path(srcdir).resolve())).as_posix()

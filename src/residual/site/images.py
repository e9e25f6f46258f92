"""Pictures that the build itself makes, beside those that the chapters hold."""

import os
import shutil
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from residual.site.drawings import lighter

KEPT = "jupyter_execute"
"""Where pictures wait until Sphinx copies those that a page shows: beside the built site."""

ENDING = "-narrow.svg"
"""How the name of a drawing for narrow screens ends; before it stands that of the usual one."""


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


def copy_narrow(app: Sphinx, error: Exception | None) -> None:
    """Put the drawings for narrow screens beside those that Sphinx has copied."""
    if error is not None or app.builder.name != "html":
        return
    for path in (Path(app.outdir).parent / KEPT).rglob(f"*{ENDING}"):
        target = Path(app.outdir) / app.builder.imagedir / path.name
        if target.with_name(path.name.replace(ENDING, ".svg")).is_file():
            shutil.copy(path, target)


def relative(path: Path, srcdir: str | Path) -> str:
    """A path as Sphinx wants it for an image: from the root of the sources, with a slash."""
    return "/" + Path(os.path.relpath(path.resolve(), Path(srcdir).resolve())).as_posix()

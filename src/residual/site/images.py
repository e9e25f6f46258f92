"""Pictures that the build itself makes, beside those that the chapters hold."""

import os
from pathlib import Path

from docutils import nodes
from sphinx.environment import BuildEnvironment


def kept_image(env: BuildEnvironment, name: str, content: bytes, alt: str) -> nodes.image:
    """A picture that the build makes, written beside the pages and shown on one."""
    target = Path(env.app.outdir).parent / "jupyter_execute" / "figures" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return nodes.image(uri=relative(target, env.srcdir), alt=alt)


def relative(path: Path, srcdir: str | Path) -> str:
    """A path as Sphinx wants it for an image: from the root of the sources, with a slash."""
    return "/" + Path(os.path.relpath(path.resolve(), Path(srcdir).resolve())).as_posix()

"""Little Sphinx projects, built as a reader's machine would build the book."""

import os
import subprocess
import sys
from pathlib import Path

from bs4 import BeautifulSoup


def built(folder: Path, builder: str = "html") -> Path:
    """Build the project in a folder with an empty store, warnings as errors; the output folder."""
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", builder]
    command += ["-d", "out/trees", ".", f"out/{builder}"]
    environment = os.environ | {"RESIDUAL_EVIDENCE": str(folder / "no-runs")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "out" / builder


def soup(path: Path) -> BeautifulSoup:
    """A page as a tree."""
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")

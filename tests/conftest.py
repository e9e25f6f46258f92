"""What several test modules share: a browser, and the built site.

The site is built once from the committed records, unless _build/html is there and newer than all
that it is made from.
"""

import pytest
from browser import CHROMIUM, chromium, served
from filelock import FileLock

from companion import build
from residual.store import ROOT

HTML = ROOT / "_build" / "html"
SOURCES = (
    "index.md",
    "_config.yml",
    "_toc.yml",
    "book",
    "notebooks",
    "src",
    "runs",
    "benchmarks/results",
)


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, opened once."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on the path: install Debian's package chromium")
    with chromium() as opened:
        yield opened


def newest_source() -> float:
    """When one of the site's sources was changed last."""
    paths = [ROOT / name for name in SOURCES]
    files = [f for p in paths for f in ([p] if p.is_file() else p.rglob("*")) if f.is_file()]
    made = {".pyc", ".lock"}
    kept = [f for f in files if f.suffix not in made and ".egg-info" not in str(f)]
    return max(f.stat().st_mtime for f in kept)


@pytest.fixture(scope="session")
def site():
    """The folder of the built site."""
    index = HTML / "index.html"
    HTML.parent.mkdir(exist_ok=True)
    with FileLock(HTML.parent / "tests.lock"):  # of several workers, one builds it
        if not index.is_file() or index.stat().st_mtime < newest_source():
            build.build({})
    return HTML


@pytest.fixture(scope="session")
def address(site):
    """The site behind a local server."""
    with served(site) as url:
        yield url

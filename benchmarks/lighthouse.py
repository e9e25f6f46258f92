"""Lighthouse on the built site: four scores for each page, from 0 to 100, and what moves them.

    python -m benchmarks.lighthouse

Needs Chromium (on the path, or named by CHROME_PATH) and, the first time, a network: npm fetches
Lighthouse. Pages come from a server on this machine that compresses as public ones do. Of several
runs of a page, the median is given, as Lighthouse's own guide to variable results asks; its index
of the machine's speed stands beside, since slow moments cost a page its score.
"""

import gzip
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from companion.site.packages import client
from residual.store import ROOT

LIGHTHOUSE = "lighthouse@13.5.0"
PAGES = ("index.html", "notebooks/01_degradation.html")
PRESETS = {"mobile": (), "desktop": ("--preset=desktop",)}
COMPRESSED = {".html", ".js", ".css", ".svg", ".json"}
RUNS = 5
KEPT_SECONDS = 600
"""How long a browser may keep a file, as static hosts say by default."""


class Compressing(SimpleHTTPRequestHandler):
    """A file server that compresses text, keeps connections open and prints nothing."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.suffix not in COMPRESSED or not path.is_file():
            super().do_GET()
            return
        content = compressed(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", f"max-age={KEPT_SECONDS}")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@cache
def compressed(path: Path) -> bytes:
    """A file as it is sent: compressed once, so that the server takes no time from the browser."""
    return gzip.compress(path.read_bytes())


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server on the loopback interface; its address, with a slash at the end."""
    handler = partial(Compressing, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def report(url: str, preset: str) -> dict:
    """What Lighthouse says of a page, as it writes it."""
    chrome = os.environ.get("CHROME_PATH") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(*client(), "exec", "--yes", "--", LIGHTHOUSE, url, *PRESETS[preset]),
            "--quiet",
            "--chrome-flags=--headless --no-sandbox --disable-gpu",
            *("--output=json", "--output-path=report.json"),
        ]
        environment = os.environ | {"CHROME_PATH": str(chrome)}
        subprocess.run(command, cwd=folder, env=environment, check=True)
        return json.loads((Path(folder) / "report.json").read_text("utf-8"))


def median_report(url: str, preset: str) -> dict:
    """The report in the middle by performance, of an odd number of runs."""
    reports = [report(url, preset) for _ in range(RUNS)]
    return sorted(reports, key=lambda r: r["categories"]["performance"]["score"])[RUNS // 2]


def sentence(found: dict) -> str:
    """The scores of a report, its blocking time and how fast the machine was."""
    scores = (f"{c['title'].lower()} {c['score'] * 100:.0f}" for c in found["categories"].values())
    blocking = found["audits"]["total-blocking-time"]["numericValue"]
    speed = found["environment"]["benchmarkIndex"]
    return f"{', '.join(scores)}; blocking {blocking:.0f} ms; machine {speed:.0f}"


def main() -> None:
    """Print the scores of the landing page and of a chapter, as phone and as desktop."""
    with served(ROOT / "_build" / "html") as home:
        for page in PAGES:
            for preset in PRESETS:
                print(
                    f"{page}, {preset}: {sentence(median_report(home + page, preset))}", flush=True
                )


if __name__ == "__main__":
    main()

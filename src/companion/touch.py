"""The page that computes a trained network in the reader's browser: its parts and files.

A page opened from disk may not fetch files, so the runtime, the networks and the images travel as
scripts: each puts texts (gzip, then base64) under a name into `touchParts`. They lie below touch/
of the built site, with the networks as ONNX files for download.
"""

import base64
import gzip
import io
import json
from dataclasses import dataclass
from functools import cache, cached_property
from html import escape
from pathlib import Path
from string import Template

import numpy as np
import torch
from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from companion import tables
from companion.npm import RUNTIME
from companion.onnx_file import export
from companion.pages import note_inputs, record_link, table
from companion.words import SPACE, error_rate, network, points
from residual import store
from residual.batches import normalise
from residual.data import load
from residual.pretrained import mean_of
from residual.recipe import PROFILES, Recipe
from residual.store import ROOT, Record, digest

FOLDER = "touch"
OFFERED = (("residual", 56), ("residual", 20), ("plain", 20))
"""Kinds and depths that the reader can choose from; the first is shown first, and must be there."""

COUNT = 24  # test images on the page
SAMPLE = ROOT / "runs" / "samples" / "cifar10.npz"  # the first ones of CIFAR-10 and their labels
CLASSES = {
    "digits": tuple("0123456789"),
    "cifar10": (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
}
"""The classes of each data set, in the order of its labels."""

LOADER = "ort.wasm.min.js"
WASM = "ort-wasm-simd-threaded"
PART = Template(Path(__file__).with_suffix(".html").read_text("utf-8"))
"""The interactive part of the page, which is filled here and brought to life by its scripts."""


@dataclass(frozen=True)
class Sample:
    """The first test images of a data set.

    `images` (N, H, W, C) and `labels` (N,) in uint8, `mean` (H, W, C) in float32 on the scale
    0 … 1, as `Dataset.mean`, and the `names` of the classes.
    """

    images: np.ndarray
    labels: np.ndarray
    mean: np.ndarray
    names: tuple[str, ...]


def sample(dataset: str) -> Sample:
    """The sample of a data set; of CIFAR-10 the one that lies beside the records."""
    if dataset == "digits":
        part = load(dataset).test.head(COUNT)
        images, labels = part.images.numpy(), part.labels.numpy().astype(np.uint8)
    else:
        with np.load(SAMPLE) as kept:
            images, labels = kept["images"], kept["labels"]
    return Sample(images, labels, mean_of(dataset), CLASSES[dataset])


@dataclass(frozen=True)
class Shown:
    """One network on the page: its run, and its ONNX file."""

    run: Record
    onnx: bytes

    @property
    def name(self) -> str:
        return f"{self.run.kind}-{self.run.depth}"

    @cached_property
    def script(self) -> bytes:
        return script({self.name: self.onnx})

    def facts(self) -> dict:
        """What the page's script must know."""
        each = (self.run.depth - 2) // 6
        about = {"name": self.name, "label": network(self.run.kind, self.run.depth)}
        about |= {"blocks": 3 * each, "widening": [each + 1, 2 * each + 1]}
        return about | {"bytes": len(self.script)}

    def option(self) -> str:
        """The network as an entry of a list to choose from."""
        error = error_rate(self.run["metrics"]["test_error"])
        label = network(self.run.kind, self.run.depth)
        return f'<option value="{self.name}">{label} (test error {error})</option>'


@cache
def shown() -> tuple[tuple[Shown, ...], Sample | None]:
    """The networks of the largest scale of ours that has the first of them, and images for them."""
    for scale in reversed(PROFILES):
        found = [run for pair in OFFERED if (run := kept(scale, *pair))]
        first = found and (found[0].kind, found[0].depth) == OFFERED[0]
        if first:
            images = sample(found[0].recipe.dataset)
            return tuple(Shown(run, exported(run, images)) for run in found), images
    return (), None


def kept(scale: str, kind: str, depth: int) -> Record | None:
    """The run of seed 0 whose weights are there, unless it diverged."""
    run = store.find(Recipe.of(scale, kind, depth))
    ended = run and run.weights_file.is_file() and run["metrics"]["test_error"] is not None
    return run if ended else None


def exported(run: Record, images: Sample) -> bytes:
    """A run's network as an ONNX file that names the record and its weights."""
    about = {"record": run.name, "weights": run["weights"], "data": run["data"]["digest"]}
    return export(run.network(), len(images.mean), about)


def script(parts: dict[str, bytes]) -> bytes:
    """A script that hands over bytes by name; the same at every call."""
    texts = {name: base64.b64encode(gzip.compress(b, 9, mtime=0)) for name, b in parts.items()}
    lines = [f'touchParts["{name}"] = "{text.decode()}";\n' for name, text in texts.items()]
    return "".join(lines).encode()


@cache
def common() -> dict[str, bytes]:
    """The scripts that every network needs, by file name: the runtime and the images."""
    _, images = shown()
    files = (LOADER, f"{WASM}.wasm", f"{WASM}.mjs")
    loader, wasm, mjs = RUNTIME.members(*(f"dist/{name}" for name in files))
    x = normalise(torch.from_numpy(images.images), torch.from_numpy(images.mean))
    held = {"images": x.contiguous().numpy().astype("<f4").tobytes()}  # (N, C, H, W)
    runtime = script({"wasm": wasm, "mjs": mjs})
    return {LOADER: loader, "runtime.js": runtime, "images.js": script(held)}


def tiles(images: Sample) -> str:
    """A list of the images, each with its class and room for an answer, as HTML."""
    made = []
    for number, (pixels, label) in enumerate(zip(images.images, images.labels), 1):
        file, name = io.BytesIO(), escape(images.names[label])
        Image.fromarray(pixels.squeeze()).save(file, "PNG", optimize=True)
        data = base64.b64encode(file.getvalue()).decode()
        picture = f'<img src="data:image/png;base64,{data}" alt="Image {number}: {name}">'
        made.append(f'<li>{picture}<span>{name}</span><span class="answer"></span></li>')
    return "".join(made)


class TouchIdentity(SphinxDirective):
    """The interactive part of the page; a sentence where the store has no network to show."""

    def run(self) -> list[nodes.Node]:
        note_inputs(self.env)
        networks, images = shown()
        if images is None:
            return [nodes.paragraph("", "Not run: the store holds no trained network for it.")]
        self.env.app.add_css_file("touch.css")
        root = "../" * self.env.docname.count("/")
        count, height, width, channels = images.images.shape
        about = {
            "base": f"{root}{FOLDER}/",
            "loader": LOADER,
            "runtime": f"ONNX Runtime Web {RUNTIME.version}",
            "bytes": sum(map(len, common().values())),
            "networks": [one.facts() for one in networks],
            "shape": (count, channels, height, width),
            "labels": images.labels.tolist(),
            "names": images.names,
        }
        text = PART.substitute(
            about=json.dumps(about, sort_keys=True).replace("<", "\\u003c"),
            networks="".join(one.option() for one in networks),
            tiles=tiles(images),
            static=f"{root}_static",
        )
        return [nodes.raw("", text, format="html")]


def files_table() -> str:
    """The networks that the page runs, to download, as MyST text."""
    rows = [
        (
            network(one.run.kind, one.run.depth),
            f'<a href="../{FOLDER}/{one.name}.onnx">{one.name}.onnx</a>',
            f"{len(one.onnx) / 1e6:.1f}{SPACE}MB",
            error_rate(one.run["metrics"]["test_error"]),
            record_link(one.run.name),
            f"`{digest(one.onnx)[:12]}`",
        )
        for one in shown()[0]
    ]
    header = ("Network", "File", "Size", "Test error", "Trained in", "SHA-256")
    return table(header, rows) if rows else ""


def bars_and_errors() -> str:
    """Of each residual network on the page, whether the lowest bar is the block missed least."""
    runs = [one.run for one in shown()[0] if one.run.kind == "residual"]
    return " ".join(
        lowest(network(run.kind, run.depth), second_layers(run), rises(run))
        for run in runs
        if run["probes"] and "lesions" in run["probes"]
    )


def second_layers(run: Record) -> dict[int, float]:
    """The standard deviation of each block's F(x) after training, by the block's number."""
    layers = run["responses"]["final"]["layers"]
    names = [name.split(".") for name in layers["layer"]]
    return {int(n[0]): std for n, std in zip(names, layers["std"]) if n[1:] == ["2"]}


def rises(run: Record) -> dict[int, float]:
    """The points that the test error rises by when a block is deleted, by the block's number."""
    frame = tables.lesions([run])
    return dict(zip(frame["block"], frame["rise"]))


def lowest(name: str, std: dict[int, float], rise: dict[int, float]) -> str:
    """A sentence on the block that responds least and the one whose deletion costs least."""
    small, spare = min(std, key=std.get), min(rise, key=rise.get)
    told = f"In {name}, over the images of its record, block {small} has the lowest bar"
    if rise[small] <= rise[spare]:
        return f"{told}, and none is missed less ({points(rise[small])} of test error)."
    return (
        f"{told}, but it is not the one that is missed least: deleting it costs "
        f"{points(rise[small])} of test error, and deleting block {spare} {points(rise[spare])}."
    )


def write(app: Sphinx) -> None:
    """Put what the page loads below touch/ of the built site."""
    networks, images = shown()
    if images is None:
        return
    target = Path(app.outdir) / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for name, content in common().items():
        (target / name).write_bytes(content)
    for one in networks:
        (target / f"{one.name}.onnx").write_bytes(one.onnx)
        (target / f"{one.name}.js").write_bytes(one.script)

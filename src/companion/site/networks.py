"""The networks that the reader's browser computes, and all that it loads for that.

A page opened from disk may not fetch files, so the runtime, the networks and the images travel as
scripts: each puts texts (gzip, then base64) under a name into `touchParts`. They lie below touch/
of the built site, with the networks as ONNX files for download.
"""

import base64
import gzip
from dataclasses import dataclass
from functools import cache, cached_property

from companion.onnx_export import export
from companion.samples import Sample, find
from companion.site.packages import ONNX_RUNTIME, member
from residual import store
from residual.models import build
from residual.recipe import PROFILES, Recipe
from residual.store import Record

FOLDER = "touch"
"""Where everything lies in the built site."""

OFFERED = (("residual", 20), ("residual", 56), ("plain", 20))
"""Kinds and depths that the reader can choose from; the first is shown first, and must be there."""

LOADER = "ort.wasm.min.js"
WASM = "ort-wasm-simd-threaded"


@dataclass(frozen=True)
class Shown:
    """One network on the page: its run, its name there, and its ONNX file."""

    run: Record
    onnx: bytes

    @property
    def name(self) -> str:
        return f"{self.run.recipe.kind}-{self.run.recipe.depth}"

    @property
    def label(self) -> str:
        kind = {"plain": "plain-{}", "residual": "ResNet-{}"}[self.run.recipe.kind]
        return kind.format(self.run.recipe.depth)

    @property
    def error(self) -> float:
        """Error over the whole test set, in per cent."""
        return self.run["metrics"]["test_error"]

    def facts(self) -> dict:
        """What the page's script must know."""
        recipe = self.run.recipe
        each = (recipe.depth - 2) // 6
        about = {"name": self.name, "label": self.label, "error": f"{self.error:.1f}"}
        about |= {"blocks": 3 * each, "widening": [each + 1, 2 * each + 1]}
        return about | {"bytes": len(self.script)}

    @cached_property
    def script(self) -> bytes:
        return script({self.name: self.onnx})


@cache
def shown() -> tuple[tuple[Shown, ...], Sample | None]:
    """The networks of the largest profile that has the first of them, and images to show them."""
    for profile in reversed(PROFILES):
        found = [run for network in OFFERED if (run := kept(profile, *network))]
        first = found and (found[0].recipe.kind, found[0].recipe.depth) == OFFERED[0]
        if first and (images := find(found[0].recipe.dataset)):
            return tuple(Shown(run, exported(run, images)) for run in found), images
    return (), None


def kept(profile: str, kind: str, depth: int) -> Record | None:
    """The run of seed 0, if the store has it with its weights and it has not diverged."""
    run = store.find(Recipe.of(profile, kind, depth))
    whole = run and (run.folder / "weights.safetensors").is_file()
    return run if whole and run["metrics"]["test_error"] is not None else None


def exported(run: Record, images: Sample) -> bytes:
    """A run's network as an ONNX file that names the record and its weights."""
    recipe, (side, _, channels) = run.recipe, images.mean.shape
    model = build(recipe.kind, recipe.depth, channels=channels)
    model.load_state_dict(run.weights())
    about = {"record": run.name, "weights": run["weights"], "data": run["data"]["digest"]}
    return export(model.eval(), side, about)


@cache
def runtime() -> dict[str, bytes]:
    """The scripts that hold ONNX Runtime Web, by file name."""
    parts = {name: member(ONNX_RUNTIME, f"dist/{WASM}.{name}") for name in ("wasm", "mjs")}
    return {LOADER: member(ONNX_RUNTIME, f"dist/{LOADER}"), "runtime.js": script(parts)}


def script(parts: dict[str, bytes]) -> bytes:
    """A script that hands over bytes by name; the same at every call."""
    texts = {name: base64.b64encode(gzip.compress(b, 9, mtime=0)) for name, b in parts.items()}
    lines = [f'touchParts["{name}"] = "{text.decode()}";\n' for name, text in texts.items()]
    return "".join(lines).encode()


@cache
def common() -> dict[str, bytes]:
    """The scripts that every network needs, by file name: the runtime and the images."""
    _, images = shown()
    held = {"pixels": images.images.tobytes(), "mean": images.mean.astype("<f4").tobytes()}
    return runtime() | {"images.js": script(held)}


def files() -> dict[str, bytes]:
    """Everything below touch/ of the built site, by file name."""
    networks, images = shown()
    if images is None:
        return {}
    models = {f"{network.name}.onnx": network.onnx for network in networks}
    scripts = {f"{network.name}.js": network.script for network in networks}
    return common() | models | scripts


def forget() -> None:
    """Drop what an earlier build in this process has read from the store."""
    shown.cache_clear()
    common.cache_clear()

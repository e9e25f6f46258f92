"""Where and from what a record was made: versions, device, source, duration."""

import ast
import hashlib
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import torch

from residual.parameters import ParameterError, check_choice
from residual.paths import ROOT

DEVICES = ("auto", "cpu", "cuda", "mps")
TRAINS = ("recipe", "models", "itinerary", "data/sets", "trainer", "train")
"""The modules that decide what a training computes."""


def pick_device(name: str) -> torch.device:
    """The device of that name; `auto` takes CUDA, then MPS, then the CPU."""
    check_choice("device", name, DEVICES)
    present = {"cpu": True, "cuda": torch.cuda.is_available()}
    present["mps"] = torch.backends.mps.is_available()
    if name == "auto":
        name = next(d for d in ("cuda", "mps", "cpu") if present[d])
    if not present[name]:
        found = ", ".join(d for d in DEVICES if present.get(d))
        raise ParameterError("device", name, f"PyTorch finds only {found} here; auto takes the best")
    return torch.device(name)


def device_name(device: torch.device) -> str:
    """The model of the GPU or CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu" and Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        return f"{models[0] if models else platform.machine()}, {torch.get_num_threads()} threads"
    return f"{platform.processor() or platform.machine()} {device.type}"


def source_digest() -> str:
    """SHA-256 of the code that trains, without comments and docstrings."""
    sha = hashlib.sha256()
    for name in TRAINS:
        tree = ast.parse((Path(__file__).parent / f"{name}.py").read_text())
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                node.body = [n for n in body if not is_bare_string(n)] or [ast.Pass()]
        sha.update(ast.unparse(tree).encode())
    return sha.hexdigest()


def is_bare_string(node: ast.AST) -> bool:
    """Whether a statement is a docstring."""
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)


def source_commit() -> str | None:
    """The checkout's commit, or None outside a checkout."""
    command = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def provenance(device: torch.device, started: str, seconds: float, images: int) -> dict:
    """The part of a record that depends on the clock or the machine; `seconds` of training."""
    return {
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("torch", "torchvision", "numpy")},
        "device": device_name(device),
        "device_type": device.type,
        "threads": torch.get_num_threads(),
        "precision": "bfloat16 autocast" if device.type == "cuda" else "float32",
        "source_commit": source_commit(),
        "source_digest": source_digest(),
        "started": started,
        "seconds": round(seconds, 3),
        "images_per_second": round(images / seconds, 1) if seconds else None,
    }

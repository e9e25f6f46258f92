"""Where and from what a record was made: versions, device, source, duration."""

import ast
import hashlib
import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from math import ceil, inf
from pathlib import Path

import torch

from residual.errors import ParameterError, check_choice, check_integer
from residual.store import CHECKOUT

GROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
DEVICES = ("auto", "cpu", "cuda", "mps")
TRAINS = ("recipe", "models", "batches", "data", "train")
"""The modules that decide what a training computes."""


def devices_here() -> list[str]:
    """The kinds of device that PyTorch finds on this machine, the fastest first."""
    found = ["cuda"] if torch.cuda.is_available() else []
    found += ["mps"] if torch.backends.mps.is_available() else []
    return [*found, "cpu"]


def pick_device(name: str) -> torch.device:
    """The device of that name; `auto` takes CUDA, then MPS, then the CPU."""
    check_choice("device", name, DEVICES)
    here = devices_here()
    if name not in ("auto", *here):
        found = ", ".join(sorted(here))
        raise ParameterError(
            "device", name, f"PyTorch finds only {found} here; auto takes the best"
        )
    return torch.device(here[0] if name == "auto" else name)


def cpu_facts() -> dict[str, str]:
    """What Linux says of the first core, by name; empty elsewhere."""
    path = Path("/proc/cpuinfo")
    core = path.read_text("utf-8").split("\n\n")[0] if path.is_file() else ""
    pairs = (line.split(":", 1) for line in core.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def device_name(device: torch.device) -> str:
    """The model of the GPU or CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu" and (facts := cpu_facts()):
        model = facts.get("model name", platform.machine())
        return f"{model}, {torch.get_num_threads()} threads"
    return f"{platform.processor() or platform.machine()} {device.type}"


def usable_cores() -> int:
    """The cores that this process may use, by its affinity and by the quota of its container.

    Two hardware threads of one core count once, and a part of a core as one.
    """
    return ceil(min(affine_cores(), quota()))


def quota() -> float:
    """The CPUs whose time Linux control groups grant this process; infinite without a limit.

    In version 2 they are in cpu.max, in version 1 in cpu.cfs_quota_us; the least one counts, of
    the process's own group and of those around it.
    """
    found = [inf]
    for line in OWN_GROUPS.read_text("utf-8").splitlines() if OWN_GROUPS.is_file() else ():
        _, controllers, group = line.split(":", 2)
        top = GROUPS / controllers
        below = top / group.strip("/")
        for folder in (below, *(f for f in below.parents if f.is_relative_to(top))):
            with suppress(OSError, ValueError):
                if controllers:
                    allowed = [
                        (folder / f"cpu.cfs_{n}_us").read_text() for n in ("quota", "period")
                    ]
                else:
                    allowed = (folder / "cpu.max").read_text().split()
                found += [share for share in [int(allowed[0]) / int(allowed[1])] if share > 0]
    return min(found)


def affine_cores() -> int:
    """The cores that this process may be scheduled on."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    usable = os.sched_getaffinity(0)
    cpus = Path("/sys/devices/system/cpu")
    shared = [cpus / f"cpu{number}" / "topology" / "thread_siblings_list" for number in usable]
    if all(path.is_file() for path in shared):
        return len({path.read_text("utf-8") for path in shared})
    return len(usable)


@contextmanager
def computing_with(threads: int | None) -> Iterator[None]:
    """Compute with so many CPU threads (None: one a usable core), and go back afterwards.

    The last bits of a training depend on their number. ParameterError unless it is None or from 1
    to 1024.
    """
    if threads is not None:
        check_integer("threads", threads, 1, 1024)
    before = torch.get_num_threads()
    torch.set_num_threads(threads or usable_cores())
    try:
        yield
    finally:
        torch.set_num_threads(before)


def instruction_set() -> str:
    """What decides a CPU's kernels: its family, model and stepping, and PyTorch's choice."""
    facts = cpu_facts()
    named = [f"{key} {facts[key]}" for key in ("cpu family", "model", "stepping") if key in facts]
    return ", ".join([*named, torch.backends.cpu.get_cpu_capability()])


def computed_on(device: torch.device) -> dict:
    """What the last bits of a training depend on beside its recipe."""
    return {
        "device": device_name(device),
        "instruction_set": instruction_set(),
        "threads": torch.get_num_threads(),
        "torch": version("torch"),
        "source_digest": source_digest(),
    }


def source_digest() -> str:
    """SHA-256 of the code that trains, without comments and docstrings."""
    sha = hashlib.sha256()
    for name in TRAINS:
        tree = ast.parse((Path(__file__).parent / f"{name}.py").read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(getattr(node, "body", None), list):
                node.body = [part for part in node.body if not is_text(part)] or [ast.Pass()]
        sha.update(ast.unparse(tree).encode())
    return sha.hexdigest()


def is_text(node: ast.AST) -> bool:
    """Whether a statement is a docstring."""
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)


def source_commit() -> str | None:
    """The checkout's commit; None where there is no git, or no repository of its own."""
    repository = CHECKOUT / ".git"
    if not repository.exists():
        return None
    command = ["git", f"--git-dir={repository}", "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def provenance(device: torch.device) -> dict:
    """The part of a record that depends on the clock or the machine, when a computation starts.

    Its end adds `seconds`, and `resumed_from`: the earlier parts of a training that ran on another
    machine, number of threads or version of the code.
    """
    here = computed_on(device)
    return {
        "versions": {"python": platform.python_version(), "torch": here.pop("torch")}
        | {name: version(name) for name in ("torchvision", "numpy")},
        "device_type": device.type,
        "precision": "bfloat16 autocast" if device.type == "cuda" else "float32",
        "source_commit": source_commit(),
        "resumed_from": [],
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    } | here

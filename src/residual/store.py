"""The store of records: plain JSON files that carry the digest of their own content.

    runs/<scale>/<kind>-<depth>[-<variant>]-s<seed>/record.json   a training of ours
    runs/<scale>/experiments/<name>/record.json                   an experiment
    runs/public/<source>/<kind>-<depth>[-<label>]/record.json     a network that others published

What depends on the clock or the machine stands under `provenance`, so that all the rest compares
bit for bit; `digest` is the SHA-256 of all the other keys. The committed store is evidence and is
only read; what a reader trains lies in a store of their own.
"""

import errno
import hashlib
import json
import logging
import os
import socket
import stat
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path

from filelock import FileLock, Timeout, UnixFileLock
from safetensors.torch import load, save
from torch import Tensor

from residual.errors import ParameterError, RecordError, StoreError, home
from residual.models import Network
from residual.recipe import Recipe

CHECKOUT = Path(__file__).resolve().parents[2]


def checkout() -> Path:
    """The checkout that this library lies in; where it was installed without one, the checkout
    that the current folder is in, or else the current folder."""
    if (CHECKOUT / "pyproject.toml").is_file():
        return CHECKOUT
    here = Path(os.path.abspath(os.curdir))
    marked = (f for f in (here, *here.parents) if (f / "notebooks/01_degradation.ipynb").is_file())
    return next(marked, here)


ROOT = checkout()
log = logging.getLogger(__name__)

KEYS = {
    "recipe": "data curves metrics responses gradients probes replay weights",
    "experiment": "profile settings seeds measurements",
    "network": "source reported data metrics responses gradients probes",
}
"""The key that tells what a record is of, and what such a record holds beside `provenance`."""


def place(variable: str, usual: str) -> Path:
    """The folder that an environment variable names, or else `usual` in the checkout.

    `~` is the reader's home, and StoreError says where there is none.
    """
    given = os.environ.get(variable)
    return home(given) if given else ROOT / usual


def committed() -> Path:
    """The store that the book, its ledger and the tests read: RESIDUAL_EVIDENCE, or runs/.

    It need not be there; StoreError if it is and cannot be read.
    """
    return readable(place("RESIDUAL_EVIDENCE", "runs"))


def own() -> Path:
    """The store of what a reader trains: RESIDUAL_RUNS, or my-runs/ in the checkout."""
    return readable(place("RESIDUAL_RUNS", "my-runs"))


def readable(folder: Path) -> Path:
    """The same folder; StoreError if it is there and its content cannot be listed."""
    names(folder)
    return folder


def evidence(root: Path | None = None) -> Path:
    """The store that is judged or drawn, the committed one if None; StoreError if it is empty."""
    folder = root or committed()
    below = (f"{'*/' * depth}record.json" for depth in (2, 3))
    if not names(folder) or not any(next(folder.glob(pattern), None) for pattern in below):
        raise StoreError(
            f"{folder} holds no records, and without them there is nothing to show: work in a "
            "checkout of the book, or name its folder runs/ in RESIDUAL_EVIDENCE or with --runs."
        )
    return folder


@dataclass(frozen=True, eq=False)  # the same only as itself, so that it can be a key of a cache
class Record:
    """A training of ours, an experiment, or a network of others: where it lies, what it says.

    `content` is record.json as plain data, and `record["metrics"]` reads from it. A training has
    metrics (errors in per cent), curves by iteration, responses and gradients by layer, probes, and
    provenance. It must not be altered.
    """

    folder: Path
    content: dict

    def __getitem__(self, key: str):
        return self.content[key]

    @cached_property
    def name(self) -> str:
        """Its place in a store: quick/plain-20-s0, public/akamaster/residual-20."""
        if "recipe" in self.content:
            return f"{self.scale}/{self.recipe.name}"
        if "experiment" in self.content:
            return f"{self.scale}/experiments/{self['experiment']}"
        label = f"-{label}" if (label := self["network"].get("label")) else ""
        return f"public/{self.member}/{self.kind}-{self.depth}{label}"

    @property
    def scale(self) -> str:
        """One of quick, desk, paper, and public."""
        if "recipe" in self.content:
            return self["recipe"]["profile"]
        return self.content.get("profile", "public")

    @cached_property
    def recipe(self) -> Recipe:
        """How it was trained; KeyError for an experiment and for a network of others."""
        return Recipe(**self["recipe"])

    @property
    def kind(self) -> str:
        """Plain or residual."""
        return (self.content.get("recipe") or self["network"])["kind"]

    @property
    def depth(self) -> int:
        """How many layers the network has, 6n + 2."""
        return (self.content.get("recipe") or self["network"])["depth"]

    @cached_property
    def variant(self) -> str:
        """What differs from the scale's own recipe, or from what a network's source did else."""
        if "recipe" in self.content:
            return self.recipe.variant
        return self["network"].get("variant", "")

    @property
    def member(self) -> int | str:
        """The seed of a training of ours, the source of a network of others."""
        return self["recipe"]["seed"] if "recipe" in self.content else self["source"]["name"]

    @property
    def seeds(self) -> list[int]:
        """The seeds of an experiment."""
        return self["seeds"]

    @property
    def measurements(self) -> list[dict]:
        """What an experiment measured with each seed, in the order of `seeds`."""
        return self["measurements"]

    @property
    def weights_file(self) -> Path:
        """Where its weights lie, if they were kept: a committed record may have none."""
        return self.folder / "weights.safetensors"

    def network(self) -> Network:
        """The trained network, in eval mode; RecordError as for `weights`."""
        weights = self.weights()
        model = self.recipe.network(weights["conv.weight"].shape[1])
        model.load_state_dict(weights)
        return model.eval()

    def weights(self) -> dict[str, Tensor]:
        """The trained weights beside the record; RecordError if they are not there or damaged."""
        path = self.weights_file
        if not there(path):
            which = f"--kinds {self.kind} --depths {self.depth} --seeds {self.member}"
            raise RecordError(
                f"{path} was not kept. Train it again with `residual train --profile {self.scale} "
                f"{which} --runs {own()}` and the options that its name tells: networks are looked "
                "for there as well."
            )
        with reading(path):
            content = path.read_bytes()
        if digest(content) != self["weights"]:
            raise RecordError(f"{path} is damaged: it does not fit its record. Restore it.")
        return load(content)


def read(path: Path) -> Record:
    """One record, checked against its digest and its place; RecordError names file and fault.

    A file that was read before and has not changed since is not read again, so what a record holds
    must not be altered. StoreError if the file cannot be read at all.
    """
    with reading(path):
        about = path.stat()
    return read_once(path, about.st_mtime_ns, about.st_ctime_ns, about.st_size, about.st_ino)


@cache
def read_once(path: Path, *_state: int) -> Record:
    """What `read` gives of a file in a state: when it was changed, size and inode."""
    with reading(path):
        text = path.read_bytes()
    try:
        content = json.loads(text)
        record = Record(path.parent, content)
        kind = next((key for key in KEYS if key in content), "recipe")
        if missing := {kind, *KEYS[kind].split(), "provenance", "digest"} - content.keys():
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
        if digest(canonical(content)) != content["digest"]:
            raise ValueError("its content does not match its digest")
        place = tuple(record.name.split("/"))
        if path.absolute().parent.parts[-len(place) :] != place:
            raise ValueError(f"it holds {record.name}")
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise RecordError(
            f"The record {path} is damaged: {error}. Restore it, or delete its folder to make it "
            "again."
        ) from error
    return record


def write(content: dict, root: Path, weights: dict[str, Tensor] | None = None) -> Record:
    """Write weights, then the record that names their digest; both atomically.

    What is not finite, such as a statistic that overflowed, is null in the record.
    """
    content = json.loads(json.dumps(content), parse_constant=lambda _not_finite: None)
    kept = save(weights) if weights is not None else None
    if kept is not None:
        content["weights"] = digest(kept)
    return put(content | {"digest": digest(canonical(content))}, kept, root)


def put(content: dict, weights: bytes | None, root: Path) -> Record:
    """Write a complete record, and the file of its weights, to their place in a store."""
    record = Record(root / Record(root, content).name, content)
    if weights is not None:
        write_atomically(record.weights_file, weights)
    text = json.dumps(content, indent=1) + "\n"
    write_atomically(record.folder / "record.json", text.encode())
    return record


def find(recipe: Recipe, root: Path | None = None) -> Record | None:
    """The recipe's training if the store has it, else None; RecordError if it is damaged.

    ParameterError if the store has another recipe's under its name, which keeps six digits.
    """
    path = (root or committed()) / recipe.profile / recipe.name / "record.json"
    found = read(path) if there(path) else None
    if found and found.recipe != recipe:
        raise ParameterError("recipe", recipe.name, f"{path} holds another one of this name")
    return found


def experiment(name: str, scale: str, root: Path | None = None) -> Record | None:
    """An experiment's record if the store has it, else None; RecordError if it is damaged."""
    path = (root or committed()) / scale / "experiments" / name / "record.json"
    return read(path) if there(path) else None


def every(scale: str, root: Path | None = None) -> list[Record]:
    """All networks of a scale, in order of depth, kind, variant and seed (or source); RecordError
    if one is damaged."""
    folder = (root or committed()) / scale
    folders = [folder / name for name in names(folder)] if scale == "public" else [folder]
    paths = [inner / name / "record.json" for inner in folders for name in names(inner)]
    found = [read(path) for path in paths if there(path)]
    return sorted(found, key=lambda r: (r.depth, r.kind, r.variant, r.member, r.name))


def seeds_of(recipe: Recipe, root: Path | None = None) -> list[int]:
    """The seeds for which the store has this recipe's training."""
    head = recipe.name.removesuffix(str(recipe.seed))
    folder = (root or committed()) / recipe.profile
    found = [name for name in names(folder) if name.startswith(head)]
    ends = [n.removeprefix(head) for n in found if there(folder / n / "record.json")]
    return sorted(int(end) for end in ends if end.isdigit())


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def canonical(content: dict) -> bytes:
    """A record without its digest as JSON bytes that depend on its values alone."""
    kept = {key: value for key, value in content.items() if key != "digest"}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader never sees half of it; StoreError if that cannot be done."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise


def prepare(root: Path) -> None:
    """Make a store's folder and try to write there, before anything costly begins."""
    with writing(root):
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(suffix=".part", dir=root) as file:
            file.write(bytes(2**16))  # what a short record takes
            file.flush()


@contextmanager
def locked(folder: Path, name: str = "run.lock") -> Iterator[None]:
    """A folder for this process alone; the system frees it when the process ends.

    Where another process has it, a message says which, and since when; it is waited for.
    """
    lock = FileLock(folder / name)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of filelock: the file system has no locks of its own
            try:
                lock.acquire(timeout=0)
            except Timeout:
                log.warning("%s", waiting(folder / name))
                lock.acquire()
        if type(lock) is UnixFileLock:  # a lock that is a mere file says this by itself
            with suppress(OSError):
                Path(lock.lock_file).write_text(f"{os.getpid()}\n{socket.gethostname()}\n", "utf-8")
        for left in folder.glob("tmp*.part"):  # by a process that was killed
            left.unlink()
    try:
        yield
    finally:
        lock.release()


def waiting(lock: Path) -> str:
    """What a process waits for that finds this lock taken: by whom, since when, what to do."""
    holder, since = "another process", ""
    with suppress(OSError, ValueError):
        since = f" since {datetime.fromtimestamp(lock.stat().st_mtime):%Y-%m-%d %H:%M}"
        pid, host, *_ = lock.read_text("utf-8").split()
        holder = f"process {pid} on {host}"
    return (
        f"{lock.parent} is in use by {holder}{since}: waiting for it to end. If no such process "
        f"runs any more, delete {lock}."
    )


def names(folder: Path) -> list[str]:
    """The names in a folder, none where it is not there; StoreError if it cannot be listed."""
    with reading(folder):
        try:
            return sorted(os.listdir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return []


def there(path: Path) -> bool:
    """Whether this file is there; StoreError where that cannot be told, for want of rights."""
    with reading(path):
        try:
            return stat.S_ISREG(os.stat(path).st_mode)
        except (FileNotFoundError, NotADirectoryError, ValueError):  # no path has a null byte
            return False


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns an OSError into a StoreError that names the path and the system's reason."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{error.filename or path} cannot be read ({error.strerror or error}): mend that, or "
            "name another place."
        ) from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns an OSError into a StoreError that names the path and says what to do."""
    try:
        yield
    except OSError as error:
        advice = ADVICE.get(error.errno, "mend that")
        raise StoreError(
            f"{path} cannot be written ({error.strerror or error}): {advice} or name another "
            "store (--runs for a command, RESIDUAL_RUNS for a notebook), then do the same again; a "
            "training goes on from its last checkpoint."
        ) from error


ADVICE = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space in your quota",
    errno.EACCES: "mend the folder's rights",
    errno.ENOLCK: "its file system grants no locks: let its server grant them",
    errno.ENOTDIR: "move away the file that is in the folder's place",
    errno.EEXIST: "move away the file that is in the folder's place",
}
"""What helps where the system refuses to write, by its error."""

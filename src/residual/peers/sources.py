"""Who published trained networks, and how their files are read: `peers.toml`, checked."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from residual.errors import DataError, checked
from residual.models import KINDS, ZEROS

FACTS = Path(__file__).with_name("peers.toml")
SPLITS = ("all", "stratified-45000")
MEANS = ("pixels", "image")
SETS = ("first", "second")
SHORTCUTS = ("identity", "projection", "average-pooled")
NOT_ADMITTED = "not_admitted"
OF_A_NETWORK = ("recipe", "zeros", "shortcut", "bare", "variant")
"""Facts of a network that a source may state once, for all that say nothing else."""


class PeerError(DataError):
    """A source's facts or weights are missing or wrong; the message names the place."""


@dataclass(frozen=True)
class Peer:
    """One published network; `peers.toml` says what the fields mean.

    `label` tells several trainings of one kind and depth apart, `variant` says what differs from
    the source's other networks, and `test_error` is what the source reports, if it does.
    """

    source: str
    kind: str
    depth: int
    label: str
    file: str
    sha256: str
    recipe: str
    zeros: str
    shortcut: str = "identity"
    bare: bool = False
    variant: str = ""
    test_error: float | None = None

    @property
    def name(self) -> str:
        """public/source/kind-depth[-label], as in the store of records."""
        label = f"-{self.label}" if self.label else ""
        return f"public/{self.source}/{self.kind}-{self.depth}{label}"

    def facts(self) -> dict:
        """What a record says of its network."""
        names = ("kind", "depth", "label", "variant", "recipe", "shortcut", "zeros", "bare")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Source:
    """A repository and the conventions of its networks; `peers.toml` says what the fields mean."""

    name: str
    repository: str
    commit: str
    licence: str
    path: str
    code: str
    set: str
    mean: list | str
    split: str
    reported_in: str
    published_epoch: bool
    peers: tuple[Peer, ...]
    std: list = (1.0, 1.0, 1.0)
    tested_mean: list | str | None = None
    tested_std: list | None = None
    tested_in_batches: int = 0
    note: str = ""

    def facts(self) -> dict:
        """What a record says of its source."""
        names = ("name", "set", "repository", "commit", "licence", "path", "code", "split")
        return {name: getattr(self, name) for name in names}


def sources(path: Path = FACTS) -> tuple[Source, ...]:
    """All sources, in the order of the file.

    PeerError names a missing or unknown field, or one of the wrong type.
    """
    return tuple(source(name, facts) for name, facts in read(path).items() if name != NOT_ADMITTED)


def left_out(path: Path = FACTS) -> dict[str, str]:
    """Sources that were looked at and are not measured, each with the reason."""
    return read(path).get(NOT_ADMITTED, {})


def read(path: Path) -> dict[str, dict]:
    """The tables of the file; PeerError if it is no TOML."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise PeerError(f"{path.name} is no TOML: {error}") from error


def source(name: str, facts: dict) -> Source:
    """One source from its table in the file."""
    given = {key: value for key, value in facts.items() if key not in ("networks", *OF_A_NETWORK)}
    common = {key: value for key, value in facts.items() if key in OF_A_NETWORK}
    networks = facts.get("networks")
    if not isinstance(networks, dict) or not networks:
        raise PeerError(f"{FACTS.name}: {name} lacks networks.")
    peers = tuple(peer(name, network, common | table) for network, table in networks.items())
    made = checked(
        Source, f"{FACTS.name}: {name}", given | {"name": name, "peers": peers}, PeerError
    )
    check(name, "set", made.set, SETS)
    check(name, "split", made.split, SPLITS)
    for field in ("mean", "tested_mean"):
        if isinstance(getattr(made, field), str):
            check(name, field, getattr(made, field), ("three numbers", *MEANS))
    return made


def check(place: str, field: str, value: str, choices: tuple[str, ...]) -> None:
    """PeerError unless the value is one of the choices."""
    if value not in choices:
        raise PeerError(f"{FACTS.name}: {place}.{field} is one of {', '.join(choices)}.")


def peer(source: str, network: str, facts: dict) -> Peer:
    """One network from its table in the file; its name is kind-depth[-label]."""
    kind, depth, label = [*network.split("-", 2), "", ""][:3]
    place = f"{source}.networks.{network}"
    if kind not in KINDS or not depth.isdigit():
        raise PeerError(f"{FACTS.name}: {place} is not named kind-depth.")
    given = facts | {"source": source, "kind": kind, "depth": int(depth), "label": label}
    made = checked(Peer, f"{FACTS.name}: {place}", given, PeerError)
    check(place, "zeros", made.zeros, ZEROS)
    check(place, "shortcut", made.shortcut, SHORTCUTS)
    return made


def training_indices(source: Source, labels: np.ndarray) -> np.ndarray:
    """The images of the official training set (labels: (50000,)) that a source trained on."""
    if source.split == "all":
        return np.arange(len(labels))
    from sklearn.model_selection import train_test_split

    every = np.arange(len(labels))
    chosen, _ = train_test_split(every, test_size=0.1, random_state=2023, stratify=labels)
    return chosen

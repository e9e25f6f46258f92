"""Who published trained networks, and how their files are read: `peers.toml`, checked."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from residual.errors import DataError, checked
from residual.models import KINDS, ZEROS

FACTS = Path(__file__).with_name("peers.toml")
SPLITS = ("all", "stratified-45000")


class PeerError(DataError):
    """A source's facts or weights are missing or wrong; the message names the place."""


@dataclass(frozen=True)
class Peer:
    """One published network; `test_error` as its source reports it, in per cent."""

    source: str
    kind: str
    depth: int
    file: str
    test_error: float
    sha256: str

    @property
    def name(self) -> str:
        """public/source/kind-depth, as in the store of records."""
        return f"public/{self.source}/{self.kind}-{self.depth}"


@dataclass(frozen=True)
class Source:
    """A repository and the conventions of its networks; `peers.toml` says what the fields mean."""

    name: str
    repository: str
    commit: str
    licence: str
    path: str
    code: str
    zeros: str
    mean: list | str
    split: str
    recipe: str
    reported_in: str
    published_epoch: bool
    peers: tuple[Peer, ...]
    std: list = (1.0, 1.0, 1.0)

    def facts(self) -> dict:
        """What a record says of its source."""
        names = ("name", "repository", "commit", "licence", "path", "code", "recipe", "split")
        return {name: getattr(self, name) for name in names}


def sources(path: Path = FACTS) -> tuple[Source, ...]:
    """All sources, in the order of the file.

    PeerError names a missing or unknown field, or one of the wrong type.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise PeerError(f"{path.name} is no TOML: {error}") from error
    return tuple(source(name, facts) for name, facts in table.items())


def source(name: str, facts: dict) -> Source:
    """One source from its table in the file."""
    given = {key: value for key, value in facts.items() if key != "networks"}
    networks = facts.get("networks")
    if not isinstance(networks, dict) or not networks:
        raise PeerError(f"{FACTS.name}: {name} lacks networks.")
    peers = tuple(peer(name, network, table) for network, table in networks.items())
    made = checked(
        Source, f"{FACTS.name}: {name}", given | {"name": name, "peers": peers}, PeerError
    )
    for field, value, choices in (("zeros", made.zeros, ZEROS), ("split", made.split, SPLITS)):
        if value not in choices:
            raise PeerError(f"{FACTS.name}: {name}.{field} is one of {', '.join(choices)}.")
    if isinstance(made.mean, str) and made.mean != "pixels":
        raise PeerError(f"{FACTS.name}: {name}.mean is three numbers or pixels.")
    return made


def peer(source: str, network: str, facts: dict) -> Peer:
    """One network from its table in the file; its name is kind-depth."""
    kind, _, depth = network.partition("-")
    if kind not in KINDS or not depth.isdigit():
        raise PeerError(f"{FACTS.name}: {source}.networks.{network} is not named kind-depth.")
    given = facts | {"source": source, "kind": kind, "depth": int(depth)}
    return checked(Peer, f"{FACTS.name}: {source}.networks.{network}", given, PeerError)


def training_indices(source: Source, labels: np.ndarray) -> np.ndarray:
    """The images of the official training set (labels: (50000,)) that a source trained on."""
    if source.split == "all":
        return np.arange(len(labels))
    from sklearn.model_selection import train_test_split

    every = np.arange(len(labels))
    chosen, _ = train_test_split(every, test_size=0.1, random_state=2023, stratify=labels)
    return chosen

"""Published weights of other reproductions, measured in our networks.

Weights trained by others, measured by us: the paper's full length, and a check of our blocks and
our CIFAR-10 against test errors that we did not produce. Records lie under
runs/public/<source>/<kind>-<depth>/ and are never mixed with our own runs.
"""

from residual.peers.measurement import measure
from residual.peers.sources import SOURCES, Peer, Source
from residual.peers.weights import PeerError, network, opened, published, scaled

__all__ = [
    "SOURCES",
    "Peer",
    "PeerError",
    "Source",
    "measure",
    "network",
    "opened",
    "published",
    "scaled",
]

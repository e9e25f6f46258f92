"""Networks that others trained at the paper's full length and published, measured by us.

Weights trained by others, measured in our networks with our probes: the scale `public`. Records lie
under runs/public/<source>/<kind>-<depth>/ and are never mixed with our own runs. Their training
logs lie beside them as curve.csv.
"""

from residual.peers.curves import Curve, curves, reported
from residual.peers.loading import network, published, scaling
from residual.peers.measurement import measure
from residual.peers.sources import Peer, PeerError, Source, left_out, sources, training_indices

__all__ = ["Curve", "Peer", "PeerError", "Source", "curves", "measure", "network", "published"]
__all__ += ["left_out", "reported", "scaling", "sources", "training_indices"]

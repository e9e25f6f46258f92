"""What the notebooks import: parameters in, runs out, results as sentences and pictures."""

from residual.chapter.display import Picture, say, show, source, table
from residual.chapter.ledger import claim, verdict
from residual.chapter.settings import Settings, settings

__all__ = [
    "Picture",
    "Settings",
    "claim",
    "say",
    "settings",
    "show",
    "source",
    "table",
    "verdict",
]

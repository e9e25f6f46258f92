"""What the notebooks import: parameters in, runs out, results as sentences and pictures."""

from companion.chapter.display import Picture, say, show, source, table
from companion.chapter.ledger import claim, verdict
from companion.chapter.settings import Settings, settings

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

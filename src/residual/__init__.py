"""Why deep residual networks work: two reading notes and a paper, put to the test."""

from residual.pretrained import load

__version__ = "0.2.0"
__all__ = ["load"]

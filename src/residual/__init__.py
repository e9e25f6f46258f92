"""Why deep residual networks work: two reading notes and a paper, put to the test."""

from residual.pretrained import load

__all__ = ["load"]

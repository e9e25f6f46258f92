"""Why deep residual networks work: two reading notes and a paper, put to the test."""

__version__ = "0.1.0"

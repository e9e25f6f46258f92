"""Why deep residual networks work: two reading notes and a paper, put to the test."""

__all__ = ["load"]


def __getattr__(name: str) -> object:
    """`residual.load`, imported when it is first asked for: PyTorch takes seconds to import."""
    if name != "load":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from residual.pretrained import load

    return load

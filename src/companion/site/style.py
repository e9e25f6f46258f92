"""The style sheet of the editions: for small screens and for paper, light and dark."""

from pathlib import Path

from pygments.formatters import HtmlFormatter

CODE = {"light": "a11y-high-contrast-light", "dark": "a11y-high-contrast-dark"}


def style() -> str:
    """edition.css with the colours of code in both schemes."""
    own = Path(__file__).with_name("edition.css").read_text("utf-8")
    dark = f"@media (prefers-color-scheme: dark) {{\n{code('dark')}\n}}"
    return f"{own}\n{code('light')}\n{dark}\n"


def code(scheme: str) -> str:
    """The colours of code alone; its background is the style sheet's."""
    return HtmlFormatter(style=CODE[scheme], nobackground=True).get_style_defs(".highlight")

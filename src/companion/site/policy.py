"""The content security policy of every page: what its browser may load and run."""

from base64 import b64encode
from hashlib import sha256

from bs4 import BeautifulSoup

POLICY = {
    "default-src": ("'none'",),
    "script-src": ("'self'",),
    "style-src": ("'self'", "'unsafe-inline'"),
    "img-src": ("'self'", "data:"),
    "font-src": ("'self'", "data:"),
    "connect-src": ("'self'",),
    "base-uri": ("'none'",),
    "form-action": ("'self'",),
}
"""Styles may stand in the page, since MathJax and the figures write them; scripts may not.

Chromium takes 'self' on a page opened from disk for files on disk, so one policy serves both.
"""

EXTRA = {
    # onnxruntime-web compiles WebAssembly and starts from scripts that it holds in memory.
    "book/touch": {
        "script-src": ("'wasm-unsafe-eval'", "blob:"),
        "connect-src": ("blob:",),
        "worker-src": ("blob:",),
    },
}
"""What single pages need beyond the policy."""

DATA = ("application/json", "application/ld+json", "text/x-mathjax-config")
"""Types of script that browsers do not run."""


def add_policy(soup: BeautifulSoup, name: str) -> None:
    """Put the policy after the page's encoding, before all else; page `name` as Sphinx says it.

    Scripts in the page are allowed by their SHA-256: to be called when they no longer change.
    """
    policy = {directive: [*sources] for directive, sources in POLICY.items()}
    policy["script-src"] += digests(soup)
    for directive, sources in EXTRA.get(name, {}).items():
        policy.setdefault(directive, []).extend(sources)
    content = "; ".join(" ".join((directive, *sources)) for directive, sources in policy.items())
    attributes = {"http-equiv": "Content-Security-Policy", "content": content}
    meta = soup.new_tag("meta", attrs=attributes)
    soup.head.find("meta", charset=True).insert_after("\n", meta)


def digests(soup: BeautifulSoup) -> list[str]:
    """The sources that allow the scripts written in a page, each once, in order."""
    found = [tag.string for tag in soup("script") if not tag.get("src") and runs(tag)]
    sums = (b64encode(sha256((text or "").encode()).digest()).decode() for text in found)
    return list(dict.fromkeys(f"'sha256-{value}'" for value in sums))


def runs(script) -> bool:
    """Whether a browser runs a script of this type."""
    return script.get("type") not in DATA

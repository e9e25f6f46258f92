"""One style sheet a page, with the rules that the site uses.

Themes bring rules for whatever a site may hold. A rule goes if it asks for a class or an id that
stands on no page and in no script; what a selector says within parentheses is not looked at.
"""

import os
import posixpath
import re
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from itertools import groupby, pairwise
from pathlib import Path
from urllib.parse import unquote

import tinycss2
from bs4 import BeautifulSoup, Tag
from tinycss2.ast import HashToken, IdentToken, LiteralToken, Node

WORD = re.compile(r"[\w-]+")
LOCAL = re.compile(r"url\(\s*[\"']?(?!data:|#|/|\w+:)([^\"')]+)[\"']?\s*\)")
"""The address of another file in a style sheet; group 1 is seen from the sheet's folder."""

GROUPS = ("media", "supports", "layer", "container")
"""At-rules that hold rules."""

PUT_TOGETHER = ("bs-tooltip-", "bs-popover-")
"""How class names begin that a script makes of parts."""


class Sheets:
    """The style sheets of a built site."""

    def __init__(self, static: Path, pages: Iterable[BeautifulSoup]):
        """Of the pages whose files stand in the folder `static`, with the scripts there."""
        self.static = static
        self.words = words(pages) | script_words(static)
        self.used = cache(self._used)

    def join(self, soup: BeautifulSoup, page: Path) -> None:
        """Join neighbouring sheets of a page, at the path `page`, to one: a request for all.

        A sheet's name is its content's digest, so pages with the same sheets share it.
        """
        links = soup.select('link[rel~="stylesheet"]')
        for joinable, run in groupby(links, lambda link: self._joinable(file_of(link, page))):
            if not joinable:
                continue
            first, *others = run
            contents = [self.used(file_of(link, page)) for link in (first, *others)]
            content = "\n".join(contents).encode()
            joined = self.static / f"{sha256(content).hexdigest()[:12]}.css"
            joined.write_bytes(content)
            first["href"] = Path(os.path.relpath(joined, page.parent)).as_posix()
            for link in others:
                link.decompose()

    def _joinable(self, file: Path | None) -> bool:
        """Whether a sheet lies here and asks for no other one, which it must do at its head."""
        return file is not None and "@import" not in file.read_text("utf-8")

    def _used(self, file: Path) -> str:
        """The rules of a sheet that the site uses, their addresses seen from `static`."""
        folder = file.parent.relative_to(self.static).as_posix()
        rules = tinycss2.parse_stylesheet(
            file.read_text("utf-8"), skip_comments=True, skip_whitespace=True
        )
        return LOCAL.sub(
            lambda match: f'url("{posixpath.normpath(posixpath.join(folder, match[1]))}")',
            written((rule for rule in rules if not is_charset(rule)), self.words),
        )


def file_of(link: Tag, page: Path) -> Path | None:
    """The file of a style sheet for all media, if there is one."""
    file = (page.parent / unquote(link["href"].split("?")[0])).resolve()
    return file if file.is_file() and not link.get("media") else None


def words(pages: Iterable[BeautifulSoup]) -> set[str]:
    """Every class and every id on these pages."""
    tags = [tag for page in pages for tag in page(True)]
    classes = {name for tag in tags for name in tag.get_attribute_list("class") if name}
    return classes | {tag["id"] for tag in tags if tag.has_attr("id")}


def script_words(static: Path) -> set[str]:
    """Every word in the scripts of a folder, since a class may be any of them."""
    files = static.rglob("*.js")
    return {word for file in files for word in WORD.findall(file.read_text("utf-8"))}


def is_charset(rule: Node) -> bool:
    """Whether this says how a sheet is encoded, which may only stand at its head."""
    return rule.type == "at-rule" and rule.lower_at_keyword == "charset"


def written(rules: Iterable[Node], known: set[str]) -> str:
    """Rules as text, without those that no element on the site can match."""
    return "\n".join(filter(None, (rule_text(rule, known) for rule in rules)))


def rule_text(rule: Node, known: set[str]) -> str:
    """One rule as text; empty if none of its selectors can match."""
    if rule.type == "qualified-rule":
        kept = [part for part in selectors(rule.prelude) if asked(part) <= known]
        prelude = ",".join(tinycss2.serialize(part).strip() for part in kept)
        return f"{prelude}{{{tinycss2.serialize(rule.content).strip()}}}" if kept else ""
    if rule.type == "at-rule" and rule.lower_at_keyword in GROUPS and rule.content is not None:
        inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
        text = written(inner, known)
        head = f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}"
        return f"{head}{{{text}}}" if text else ""
    return rule.serialize()


def selectors(prelude: list[Node]) -> list[list[Node]]:
    """The parts of a list of selectors, between its commas."""
    parts: list[list[Node]] = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def asked(selector: list[Node]) -> set[str]:
    """The classes and ids that an element must have, or one above or before it."""
    ids = {token.value for token in selector if isinstance(token, HashToken)}
    pairs = pairwise(selector)
    names = {name.value for dot, name in pairs if is_dot(dot) and isinstance(name, IdentToken)}
    return {name for name in ids | names if not name.startswith(PUT_TOGETHER)}


def is_dot(token: Node) -> bool:
    """Whether this token begins a class."""
    return isinstance(token, LiteralToken) and token.value == "."
